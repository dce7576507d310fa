import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from bench.child import Child, ChildError

ECHO = """
import time
from bench.child import die_with_parent, say, serve
die_with_parent()
def fail(kind): raise {"value": ValueError, "os": OSError}[kind]("what is wrong\\nand what to do")
def count(to):
    for i in range(to): say(progress={"i": i})
    return {"to": to}
def sleep(): time.sleep(60)
say(done={"hello": True})
serve({"count": count, "fail": fail, "sleep": sleep})
"""


@pytest.fixture
def script(tmp_path, monkeypatch):
    path = tmp_path / "echo_child.py"
    path.write_text(ECHO)
    monkeypatch.setenv("PYTHONPATH", os.getcwd())
    return str(path)


def test_a_child_answers_after_its_progress(script):
    seen = []
    with Child(script) as child:
        assert child.hello == {"hello": True}
        assert child.ask("count", seen.append, to=3) == {"to": 3}
    assert seen == [{"i": 0}, {"i": 1}, {"i": 2}]
    assert child.process.returncode == 0


@pytest.mark.parametrize(("kind", "error"), [("value", ValueError), ("os", ChildError)])
def test_a_childs_error_is_raised_here_in_one_line(script, kind, error):
    with Child(script) as child, pytest.raises(error, match=r"^what is wrong and what to do$"):
        child.ask("fail", None, kind=kind)


def test_a_child_that_dies_is_an_error_and_not_a_wait(script):
    with Child(script) as child:
        child.process.kill()
        with pytest.raises(ChildError, match="ended unexpectedly"):
            child.ask("count", None, to=1)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the end of stdin must do")
def test_a_child_does_not_outlive_a_killed_parent(script):
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"from bench.child import Child; c = Child({script!r}); print(c.process.pid, flush=True); "
            "c.ask('sleep')  # busy: it does not see that its stdin ends",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    deadline = time.monotonic() + 5
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.02)
