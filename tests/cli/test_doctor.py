import json
import os
import signal
import subprocess

from realtime.cli.main import run
from realtime.host import checkup
from realtime.host.system import Finding
from tests.live import COMMAND, ROOT


def test_findings_are_lines_with_what_to_do(capsys, monkeypatch):
    monkeypatch.setattr(
        "realtime.host.checkup.check_all", lambda: [Finding("memory", "note", "1 MiB", "Ask for more.")]
    )
    assert run(["doctor"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("note     memory              1 MiB\n" + " " * 29 + "Ask for more.\n")
    assert "Concertino can play here; 1 note above." in said


def test_a_problem_is_exit_code_1(capsys, monkeypatch):
    monkeypatch.setattr(
        "realtime.host.checkup.check_all", lambda: [Finding("memory", "problem", "none", "Buy some.")]
    )
    assert run(["doctor"]) == 1
    assert "Concertino can't play here." in capsys.readouterr().out


def test_the_whole_check_as_json(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("CONCERTINO_SOUNDFONT", str(tmp_path / "absent.sf2"))
    assert run(["doctor", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    topics = {finding["topic"] for finding in report["findings"]}
    assert report["can_play"] is False
    assert topics >= {
        "FluidSynth",
        "JACK server",
        "audio output",
        "MIDI input",
        "SoundFont",
        "models",
        "ensembles",
    }
    assert checkup.can_play([]) is True


def test_a_first_start_says_that_it_compiles(tmp_path):
    with subprocess.Popen(
        [*COMMAND, "doctor"],
        cwd=ROOT,
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stderr
            assert process.stderr.readline().startswith("compiling the audio core for this machine")
        finally:
            os.killpg(process.pid, signal.SIGKILL)
