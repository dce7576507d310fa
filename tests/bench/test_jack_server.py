import os
import shutil
import subprocess
import sys
import threading

import pytest

from bench import jack_server
from bench.jack_server import JackServer, JackServerError, abandoned_servers

pytestmark = pytest.mark.skipif(shutil.which("jackd") is None, reason="jackd is not installed")

# Started for itself, says so, and ends with its standard input.
OTHER = "from bench.jack_server import JackServer\nwith JackServer(1024): print('up', flush=True), input()"


@pytest.fixture
def other():
    with subprocess.Popen(
        [sys.executable, "-c", OTHER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def test_a_server_waits_until_that_of_another_process_has_ended(other):
    assert other.stdout.readline() == "up\n"
    server, up = JackServer(1024), threading.Event()
    done = threading.Event()

    def run():
        with server:
            up.set()
            done.wait()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert not up.wait(1.0)
        other.stdin.write("\n")
        other.stdin.flush()
        assert up.wait(30.0)
    finally:
        done.set()
        thread.join()


def test_that_another_server_keeps_running_is_said(other, monkeypatch, capsys):
    monkeypatch.setattr(jack_server, "TURN_SECONDS", 1.0)
    assert other.stdout.readline() == "up\n"
    with pytest.raises(
        JackServerError, match=rf"\(process {other.pid}\) has had a JACK server running for 1 s"
    ):
        JackServer(1024).start()
    assert (
        f"waiting for the JACK server of another benchmark (process {other.pid})" in capsys.readouterr().err
    )


def test_a_killed_server_comes_back_while_it_has_the_turn():
    with JackServer(1024) as server:
        name = server.name
        server.kill()
        server.start()
        assert server.name == name


def test_only_a_name_whose_maker_has_ended_is_taken(monkeypatch, tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    registry = tmp_path / "registry"
    names = f"concertino-{ended.pid}-2", f"concertino-{os.getpid()}-1"
    registry.write_bytes(b"\0".join(f"jack-{os.getuid()}:{name}:".encode() for name in names))
    monkeypatch.setattr(jack_server, "REGISTRY", registry)
    assert abandoned_servers() == [names[0]]


def test_a_process_has_one_server_at_a_time():
    with JackServer(1024), pytest.raises(JackServerError, match="this process has a JACK server running"):
        JackServer(1024).start()


def test_nothing_is_left_of_a_server_whose_start_is_interrupted(monkeypatch):
    server, run = JackServer(1024), subprocess.run

    def interrupted(command, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        server.start()
    monkeypatch.setattr(subprocess, "run", run)
    assert server.process is None
    with JackServer(1024) as following:
        assert following.process
        assert following.process.poll() is None
    server.stop()
