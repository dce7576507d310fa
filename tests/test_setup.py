"""The installer, on a machine that is made up: its apt, ldconfig and sudo are small scripts."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARIES = ["libfluidsynth.so.3", "libjack.so.0", "libasound.so.2", "libportaudio.so.2"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the made-up machine is a Debian")


class Machine:
    """A Debian machine with these libraries, these installable packages and this user."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.tools = folder, folder / "tools"
        self.tools.mkdir()
        for path in (".ci", "realtime"):
            (folder / path).mkdir()
        shutil.copy(ROOT / ".ci/setup.sh", folder / ".ci")
        (folder / "pyproject.toml").touch()
        (folder / "realtime/__init__.py").touch()
        self.log = folder / "log"
        self.log.touch()
        self.tool("apt-get", f'echo "apt-get $*" >>{self.log}')
        self.tool("find", "echo /usr/share/sounds/sf3/FluidR3Mono_GM.sf3")
        self.tool("uname", "echo Linux")
        self.tool("python3", f'exec {sys.executable} "$@"')
        self.loads(LIBRARIES)
        self.offers(["libjack-jackd2-0", "libasound2t64", "libportaudio2", "libfluidsynth3"])
        self.user(0)

    def tool(self, name: str, script: str) -> None:
        path = self.tools / name
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def loads(self, libraries: list[str]) -> None:
        self.tool("ldconfig", "echo '" + "\n".join(libraries) + "'")

    def offers(self, packages: list[str]) -> None:
        known = "|".join(packages)
        self.tool(
            "apt-cache", f"case $2 in {known}) echo 'Candidate: 1.0';; *) echo 'Candidate: (none)';; esac"
        )

    def user(self, number: int) -> None:
        self.tool("id", f"echo {number}")

    def install(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the installer; Python's part of it counts as done."""
        python = self.folder / ".venv/bin/python"
        python.parent.mkdir(parents=True, exist_ok=True)
        if not python.exists():
            python.symlink_to(sys.executable)
        files = [self.folder / "pyproject.toml", self.folder / ".ci/setup.sh"]
        content = b"".join(file.read_bytes() for file in files)
        sum_of_files = subprocess.run(
            ["cksum"], input=content, capture_output=True, check=True
        ).stdout.decode()
        (self.folder / ".venv/.setup-play").write_text(f"cpu {sum_of_files}")
        command = ["bash", str(self.folder / ".ci/setup.sh"), "play"]
        path = f"{self.tools}:/usr/bin:/bin"
        return subprocess.run(
            command, env={"PATH": path, "GPU": "0", **environment}, capture_output=True, text=True, timeout=30
        )

    @property
    def installed(self) -> list[str]:
        """The packages of the last ``apt-get install``."""
        lines = [line for line in self.log.read_text().splitlines() if " install " in line]
        return lines[-1].split("--no-install-recommends ")[1].split() if lines else []


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_a_machine_that_has_everything_is_left_alone(machine):
    answer = machine.install()
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    assert machine.log.read_text() == ""


def test_only_what_is_missing_is_installed_under_the_name_it_has_here(machine):
    machine.loads(["libjack.so.0"])
    assert machine.install().returncode == 0
    assert machine.installed == ["libfluidsynth3", "libasound2t64", "libportaudio2"]


def test_a_libjack_of_pipewire_is_kept(machine):
    machine.loads(["libjack.so.0 (libc6,x86-64) => /usr/lib/pipewire-0.3/jack/libjack.so.0"])
    machine.install()
    assert "libjack-jackd2-0" not in machine.installed


def test_a_user_without_root_and_sudo_is_told_what_is_missing(machine):
    machine.user(1000)
    machine.loads(LIBRARIES[1:])
    machine.tool("sudo", "exit 1")
    if not shutil.which("sudo", path="/usr/bin:/bin"):
        (machine.tools / "sudo").unlink()
        answer = machine.install()
        assert "neither root nor sudo is at hand: libfluidsynth3" in answer.stderr
    else:
        answer = machine.install()
        assert "install by hand: libfluidsynth3" in answer.stderr
    assert answer.returncode == 0
    assert machine.log.read_text() == ""


def test_a_failing_apt_is_told_and_what_is_there_is_used(machine):
    machine.loads(LIBRARIES[1:])
    machine.tool("apt-get", "exit 100")
    answer = machine.install()
    assert answer.returncode == 0
    assert "install by hand: libfluidsynth3" in answer.stderr


def test_a_python_that_is_too_old_is_refused(machine):
    machine.tool("oldpython", "exit 1")
    (machine.folder / ".venv/bin").mkdir(parents=True)
    machine.tool("cksum", "cat >/dev/null; echo another")  # who does not read has cat fail
    answer = machine.install(PYTHON="oldpython")
    assert answer.returncode == 1
    assert "Python 3.11 or newer is needed" in answer.stderr
    assert os.path.lexists(machine.folder / ".venv/bin/python")
