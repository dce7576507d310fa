"""PortAudio on its JACK host API, and on an ALSA device that plays nothing: neither needs a sound card."""

import json
import os
import subprocess
import sys

import platformdirs
import pytest

from realtime.host.system import priority_finding
from tests.live import ROOT, Host, Keyboard, environment, jack_server, needs, needs_jackd, wait_until

pytestmark = [pytest.mark.jack, needs_jackd]

PLAY = """
import sys, time
from pathlib import Path
from realtime.drivers.portaudio import PortAudioDriver, rescan
from realtime.ensembles.library import find_ensemble
from realtime.host.engine import Engine

rescan()
engine = Engine(48000, Path(sys.argv[1]))
engine.load(find_ensemble("bach-chorale"), "zone")
driver = PortAudioDriver(engine.state, 256, "jack audio", compiled=sys.argv[2] == "compiled")
print(driver.device, driver.compiled, flush=True)
driver.start()
time.sleep(0.5)
print(driver.alive(), flush=True)
for pitch in (60, 64, 67, 72):
    engine.link.send(0, 0x90, pitch, 100)
sys.stdin.readline()
driver.close()
print(engine.counters()["periods"] > 50, engine.state["peak"].min() > 0.01, flush=True)
"""


@pytest.mark.parametrize("callback", ["compiled", "python"])
@needs("jack_rec")
def test_sound_comes_out_by_either_callback(monkeypatch, tmp_path, callback):
    import soundfile

    with jack_server(monkeypatch, period=256):
        player = subprocess.Popen(
            [sys.executable, "-c", PLAY, environment()["CONCERTINO_SOUNDFONT"], callback],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        said = [player.stdout.readline().strip(), player.stdout.readline().strip()]
        ports = wait_until(
            lambda: [
                line
                for line in subprocess.run(["jack_lsp"], capture_output=True, text=True).stdout.splitlines()
                if ":out_" in line
            ]
        )
        wav = tmp_path / "heard.wav"
        subprocess.run(
            ["jack_rec", "-f", str(wav), "-d", "1", "-b", "24", *ports[:2]], capture_output=True, timeout=30
        )
        rest, _ = player.communicate("\n", timeout=30)
    assert said == [f"system [JACK Audio Connection Kit] {callback == 'compiled'}", "True"]
    assert rest.split() == ["True", "True"]
    assert abs(soundfile.read(wav)[0]).max(axis=0).min() > 0.01


def test_a_device_that_is_not_there_is_said_in_a_sentence(monkeypatch):
    from realtime.drivers.base import DriverError
    from realtime.drivers.portaudio import find_device

    with pytest.raises(DriverError, match="no audio output is called 'nothing of this name'"):
        find_device("nothing of this name")


def test_when_the_jack_server_below_dies_the_host_waits_and_plays_on_by_jack(monkeypatch, tmp_path):
    options = ("--audio", "portaudio", "--midi-in", "virtual", "--midi-out", "each", "--separator", "zone")
    with jack_server(monkeypatch) as server, Host(tmp_path, *options) as host:
        host.wait_for("(virtual) is connected")
        keyboard = Keyboard("piano", _port(":in"))
        keyboard.play((0x90, 60, 80))
        assert _port(":concertino 1 Soprano")
        server.kill()
        host.wait_for("the audio server or device (portaudio) went away: waiting for it")
        host.wait_for("no JACK server")
        server.start()
        host.wait_for("jack is back")
        keyboard.close()
        keyboard = Keyboard("piano", "concertino:midi_in")
        keyboard.play((0x90, 62, 80))
        keyboard.play((0x80, 62, 0))
        keyboard.close()
        wait_until(lambda: _port("concertino:1 Soprano"))
        summary = host.stop()
    assert summary["driver"] == "jack"
    assert sum(summary["notes"].values()) == 2
    assert summary["sounding"] == 0


def _port(part: str) -> str:
    said = subprocess.run(["jack_lsp"], capture_output=True, text=True).stdout
    return next(line for line in said.splitlines() if part in line)


ON_ALSA = """
import json, os, sys, time
from realtime.drivers.portaudio import PortAudioDriver
from realtime.engine.codes import Counter
from realtime.host.engine import Engine

before = set(os.listdir("/proc/self/task"))
engine = Engine(48000, None)
driver = PortAudioDriver(engine.state, 256, "silent")
driver.start()
time.sleep(0.3)
threads = [int(task) for task in set(os.listdir("/proc/self/task")) - before]
policies = [os.sched_getscheduler(thread) for thread in threads]
periods = int(engine.state["counters"][Counter.PERIODS])
driver.close()
engine.close()
print(json.dumps({"policies": policies, "periods": periods, "compiled": driver.compiled}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ALSA is Linux's")
def test_on_alsa_the_callback_runs_in_real_time_where_that_is_allowed(tmp_path):
    (tmp_path / ".asoundrc").write_text("pcm.silent { type null }\n")  # takes all sound, and never waits
    said = subprocess.run(
        [sys.executable, "-c", ON_ALSA],
        cwd=ROOT,
        env=os.environ | {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(platformdirs.user_cache_path())},
        capture_output=True,
        text=True,
        timeout=120,
    )
    if "no audio output is called" in said.stderr:
        pytest.skip("this PortAudio has no ALSA")
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout)
    assert found["compiled"]
    assert found["periods"] > 0
    if priority_finding().level == "ok":
        assert os.SCHED_FIFO in found["policies"]
