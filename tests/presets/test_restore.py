"""A host that is killed outright comes back as it was."""

import signal

from realtime.presets.files import read_preset
from tests.control.conftest import Served, port_of
from tests.live import Host, wait_until

QUIET = ("--audio", "null", "--midi-in", "virtual", "--separator", "zone", "--control", "0")


def homes_in(folder):
    return {"HOME": str(folder), "XDG_STATE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config")}


def test_what_was_set_just_before_the_end_is_restored(tmp_path):
    homes = homes_in(tmp_path)
    with Host(tmp_path, *QUIET, **homes) as host:
        remote = Served(host, port_of(host)).remote
        remote.set("tempo", 77)
        state = tmp_path / "concertino" / "session.toml"
        wait_until(lambda: state.exists() and read_preset(state).controls.get("tempo") == 77)
        remote.set("parts/1/volume", 42)  # the state was kept a moment ago
        remote.set("parts/2/program", 56)
        host.stop()
    controls = read_preset(state).controls
    assert (controls["parts/1/volume"], controls["parts/2/program"]) == (42, 56)


def test_after_kill_9_the_session_is_restored(tmp_path):
    homes = homes_in(tmp_path)
    with Host(tmp_path, *QUIET, **homes) as host:
        remote = Served(host, port_of(host)).remote
        remote.set("ensemble", "string-quartet")
        wait_until(lambda: remote.everything()["values"]["ensemble"] == "string-quartet")
        for name, value in (
            ("parts/1/program", 56),
            ("parts/2/volume", 31),
            ("parts/3/solo", True),
            ("tempo", 61),
        ):
            remote.set(name, value)
        state = tmp_path / "concertino" / "session.toml"

        def kept():
            return state.exists() and read_preset(state).controls.get("parts/1/program") == 56

        wait_until(kept)
        host.process.send_signal(signal.SIGKILL)
        host.process.wait()
    with Host(tmp_path, *QUIET, "--restore", **homes) as host:
        remote = Served(host, port_of(host)).remote
        wait_until(lambda: remote.everything()["values"]["ensemble"] == "string-quartet")
        wait_until(lambda: remote.get("tempo") == 61)
        found = [remote.get(name) for name in ("parts/1/program", "parts/2/volume", "parts/3/solo")]
        host.stop()
    assert found == [56, 31, True]
