import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from realtime.cli.commands import COMMANDS as OURS
from realtime.cli.commands import load_command
from realtime.cli.errors import EXIT_CODES
from realtime.cli.main import run

ROOT = Path(__file__).parents[2]

PROBE = """
import typer

def nothing(): return None
def seven(): return 7
def leave(): raise typer.Exit(3)
def refuse(): raise ValueError("parts[1].volume is 200;\\n it must be smaller")
def absent(): open("/absent/file")
def silent(): raise OSError("no JACK server runs")
def interrupt(): raise KeyboardInterrupt
def defect(): raise RuntimeError("oops")
def lack(): import torch_of_a_kind
def option(period: int = 128): print(period * 2)

group = typer.Typer(help="A group.")
group.command("inner")(seven)
group.command("outer")(nothing)
"""
COMMANDS = [
    "nothing",
    "seven",
    "leave",
    "refuse",
    "absent",
    "silent",
    "interrupt",
    "defect",
    "lack",
    "option",
]


@pytest.fixture
def extension(tmp_path, monkeypatch):
    """Another package that adds commands through entry points."""
    (tmp_path / "probe_commands.py").write_text(PROBE)
    info = tmp_path / "probe_commands-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: probe-commands\nVersion: 1.0\n")
    entries = [f"{name} = probe_commands:{name}" for name in [*COMMANDS, "group"]]
    entries += ["broken = probe_absent:app", "heavy = torch_of_a_kind.cli:app"]
    (info / "entry_points.txt").write_text("[concertino.commands]\n" + "\n".join(entries) + "\n")
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("nothing", 0, ""),
        ("seven", 7, ""),
        ("leave", 3, ""),
        ("group inner", 7, ""),
        ("refuse", 2, "concertino: parts[1].volume is 200; it must be smaller\n"),
        ("absent", 1, "concertino: /absent/file: No such file or directory\n"),
        ("silent", 1, "concertino: no JACK server runs\n"),
        ("interrupt", 130, None),
        ("lack", 1, "concertino: this needs the package torch_of_a_kind, which is not installed"),
        ("heavy", 1, "concertino: this needs the package torch_of_a_kind, which is not installed"),
        ("option --period x", 2, "concertino option: Invalid value for '--period'"),
        ("option --perod 3", 2, "concertino option: No such option: --perod"),
        ("nothin", 2, "concertino: no command is called 'nothin'; did you mean nothing?"),
    ],
)
def test_an_error_is_one_sentence_and_a_code(extension, capsys, command, code, says):
    assert run(command.split()) == code
    said = capsys.readouterr().err
    assert said.count("\n") <= 1
    assert says is None or said.startswith(says)


def test_a_defect_is_told_apart_and_shows_its_traceback_when_asked(extension, capsys, monkeypatch):
    assert run(["defect"]) == 70
    said = capsys.readouterr().err
    assert said.startswith("concertino: a defect (RuntimeError: oops); please report it")
    assert "Traceback" not in said
    monkeypatch.setenv("CONCERTINO_DEBUG", "1")
    run(["defect"])
    assert "Traceback" in capsys.readouterr().err


def test_commands_of_other_packages_are_listed_and_run(extension, capsys):
    assert run(["--help"]) == 0
    assert "From probe_commands" in capsys.readouterr().out
    assert run(["option", "--period", "21"]) == 0
    assert capsys.readouterr().out == "42\n"


def test_a_package_of_ours_that_is_left_out_is_said_to_be(extension, capsys, monkeypatch):
    monkeypatch.setattr("realtime.cli.errors.OURS", ("probe_absent",))
    assert run(["broken"]) == 1
    assert (
        "this command is not part of this installation (probe_absent is missing)" in capsys.readouterr().err
    )


def test_completing_a_command_that_can_not_be_loaded_says_nothing(extension, capsys, monkeypatch):
    monkeypatch.setenv("_CONCERTINO_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "concertino broken --")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert run([]) == 2
    assert capsys.readouterr() == ("", "")


def test_help_tells_the_exit_codes(capsys):
    run([])
    said = " ".join(re.findall(r"\S+", capsys.readouterr().out))
    for code, meaning in EXIT_CODES.items():
        assert f"{code} {meaning}"[:40] in said


def concertino(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "realtime.cli.main", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_help_is_quick_and_loads_nothing_heavy():
    concertino("--help")
    began = time.monotonic()
    assert concertino("--help").returncode == 0
    assert time.monotonic() - began < 1.0  # 0.2 s alone; the machine may be busy
    script = "import sys; from realtime.cli.main import run; run(['--help']); run(['--version'])\n"
    script += "print({'numpy', 'numba', 'onnxruntime', 'mido', 'torch'} & set(sys.modules), file=sys.stderr)"
    loaded = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert loaded.stderr == "set()\n"


@pytest.mark.parametrize(
    ("shell", "typed"),
    [
        ("bash", {"COMP_WORDS": "concertino dev", "COMP_CWORD": "1"}),
        ("zsh", {"_TYPER_COMPLETE_ARGS": "concertino dev"}),
        ("fish", {"_TYPER_COMPLETE_ARGS": "concertino dev", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}),
    ],
)
def test_the_shell_completes_a_command(shell, typed):
    assert "devices" in concertino(_CONCERTINO_COMPLETE=f"complete_{shell}", **typed).stdout


@pytest.mark.parametrize("module", ["typer", "realtime.cli.play", "numpy", "numba", "realtime.host.session"])
def test_ctrl_c_is_a_sentence_and_a_code_whatever_is_being_loaded(module):
    script = f"""
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "{module}":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
from realtime.cli.main import main
main()
"""
    arguments = ("play", "--plain", "--audio", "null", "--control", "off")
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 130
    assert done.stderr.endswith("concertino: interrupted\n")
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_defect():
    pipe = f"{sys.executable} -m realtime.cli.main --help | true"
    said = subprocess.run(pipe, shell=True, cwd=ROOT, capture_output=True, text=True).stderr
    assert "defect" not in said
    assert "Traceback" not in said


def commands_of(command, *path):
    """Yield each command within one, with the words that call it."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands_of(inner, *path, name)


@pytest.mark.parametrize("name", OURS)
def test_what_stands_in_brackets_in_a_help_text_is_shown(monkeypatch, capsys, name):
    monkeypatch.setattr("typer.rich_utils.MAX_WIDTH", 400)
    for path, command in commands_of(load_command(name), name):
        run([*path, "--help"])
        said = " ".join(capsys.readouterr().out.split())
        for text in (command.help, *(getattr(each, "help", None) for each in command.params)):
            for told in re.findall(r"\[[^\]]*\]", text or ""):
                assert " ".join(told.replace("`", "").split()) in said, path
