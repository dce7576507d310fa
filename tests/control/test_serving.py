"""The server's process: ports, tokens, and what happens when it or the host is killed."""

import http.client
import json
import os
import signal
import socket
import stat
import threading

import psutil
import pytest
from msgspec import structs
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from realtime.cli.main import run
from realtime.control.answers import Answers
from realtime.control.client import Remote
from realtime.control.runfile import (
    Running,
    all_running,
    make_token,
    read_token,
    running_here,
    tell_running,
    token_path,
)
from realtime.control.start import Control
from realtime.host.options import Options, control_address
from realtime.host.session import Session
from tests.control.conftest import QUIET, Served, port_of
from tests.control.test_web import Socket
from tests.live import SOUNDFONT, Host, wait_until


def server_of(served):
    children = psutil.Process(served.host.process.pid).children()
    return next(child for child in children if "realtime.control.server" in child.cmdline())


def test_a_server_that_is_killed_lets_go_of_its_keys_and_comes_back_with_the_state(served):
    served.remote.set("tempo", 123)
    with Socket(served) as client:
        client.wait("state")
        client.send(type="note_on", pitch=65, velocity=80)
        client.wait("notes", lambda m: m["on"])
        server = server_of(served)
        server.kill()
        server.wait(10)

    def back():
        try:
            return served.get("tempo") == 123
        except OSError:
            return False

    wait_until(back)
    with Socket(served) as client:
        assert client.wait("state")["sounding"] == []
        client.send(type="note_on", pitch=65, velocity=80)
        client.wait("notes", lambda m: m["on"])


def test_when_the_host_is_killed_its_server_ends(tmp_path):
    with Host(tmp_path, *QUIET, "--control", "0", HOME=str(tmp_path)) as host:
        served = Served(host, port_of(host))
        server = server_of(served)
        host.process.kill()
        host.process.wait()
        assert wait_until(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE)


@pytest.fixture
def homes(tmp_path, monkeypatch):
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("CONCERTINO_SOUNDFONT", str(SOUNDFONT))
    return tmp_path


@pytest.fixture
def playing(homes):
    """A session in this process: quicker to start than a host."""
    session = Session(Options(audio="null", midi_in="virtual", separator="zone"), [].append)
    session.start()
    yield session
    session.close()


def test_a_busy_port_is_said_and_the_next_one_taken(playing):
    said = []
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        control = Control(playing, str(port), said.append)
        try:
            found = control.serving.wait()
            assert port < found < port + 20
            assert (
                said[0]
                == f"port {port} is taken; the page: http://localhost:{found}/ (open it to play and hear)"
            )
            assert Remote().get("tempo") == 80  # found by what the host left word of
        finally:
            control.close()
    with pytest.raises(OSError, match="no concertino play"):
        Remote()


def test_a_server_that_hangs_is_replaced_and_the_host_plays_on(playing, monkeypatch):
    monkeypatch.setattr("realtime.control.serving.HUNG_SECONDS", 3.0)
    said = []
    control = Control(playing, "0", said.append)
    try:
        port = control.serving.wait()
        hung = control.serving._process
        wait_until(lambda: control.serving._heard_at)
        hung.send_signal(signal.SIGSTOP)
        assert wait_until(lambda: control.serving.restarts)
        assert wait_until(lambda: control.serving._process is not hung and control.serving._heard_at)
        assert Remote(str(port)).get("tempo") == 80
    finally:
        control.close()
    assert len(said) == 1


def test_a_defect_in_what_is_told_is_said_once_and_all_else_goes_on(playing):
    said = []
    control = Control(playing, "0", said.append)
    try:
        remote = Remote(str(control.serving.wait()))
        end = control.serving.controller.subscribe(lambda values: 1 / 0)
        for bpm in (91, 92, 93):
            playing.set_tempo(bpm)  # found by the next look, not set by the controller
            wait_until(lambda bpm=bpm: remote.get("tempo") == bpm)
        end()
        playing.set_tempo(94)
        wait_until(lambda: remote.get("tempo") == 94)
    finally:
        control.close()
    assert len([text for text in said if "ZeroDivisionError" in text]) == 1


def test_slow_questions_that_wait_do_not_keep_the_end_waiting():
    answers = Answers(None, [].append, [].append)
    while answers.do(lambda: None):
        pass
    closing = threading.Thread(target=answers.close, daemon=True)
    closing.start()
    wait_until(lambda: not closing.is_alive())
    answers.work()  # it ends by itself


def test_beyond_loopback_a_token_is_asked_for_and_shown_once(playing):
    said = []
    control = Control(playing, "0.0.0.0:0", said.append)
    try:
        port = control.serving.wait()
        token = read_token()
        assert f":{port}/?token={token}" in said[0]
        assert "0.0.0.0" not in said[0]
        assert stat.S_IMODE(os.stat(token_path()).st_mode) == 0o600

        def status(path="/api", **headers):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            content = response.read()
            connection.close()
            return response.status, content, response.headers

        assert status()[0] == 401
        assert "token" in json.loads(status()[1])["error"]
        assert status(Authorization="Bearer wrong")[0] == 401
        assert status(Authorization=f"Bearer {token}")[0] == 200
        assert status(Authorization=f"Bearer {token}", Host="evil.example")[0] == 403
        code, _, headers = status(f"/docs?token={token}")
        cookie = headers["Set-Cookie"].partition(";")[0]
        assert (code, headers["Location"]) == (303, "/docs")
        assert "HttpOnly" in headers["Set-Cookie"]
        assert status(Cookie=cookie)[0] == 200
        assert Remote(str(port)).get("tempo") == 80  # this user's own programs know it
        assert status(Cookie="concertino=wrong")[0] == 401
        with pytest.raises(InvalidStatus), connect(f"ws://127.0.0.1:{port}/ws"):
            pass
        with connect(f"ws://127.0.0.1:{port}/ws?token={token}") as client:
            assert json.loads(client.recv(timeout=30))["type"] == "state"
        assert Remote(f"0.0.0.0:{port}").get("tempo") == 80
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as osc:
            osc.settimeout(30)
            osc.connect(("127.0.0.1", port))
            osc.send(b"/tempo\0\0,\0\0\0")
            assert osc.recv(8192).startswith(b"/error\0")
            osc.send(b"/token\0\0,s\0\0" + token.encode() + bytes(4 - len(token) % 4))
            osc.send(b"/tempo\0\0,\0\0\0")
            assert osc.recv(8192).startswith(b"/tempo\0")
            for _ in range(20):
                osc.send(b"/token\0\0,s\0\0bad\0")
                last = osc.recv(8192)
            assert b"too many wrong tokens" in last
        assert status(Authorization="Bearer guess")[0] == 429  # one limit for all ways
    finally:
        control.close()
    again = Control(playing, "0.0.0.0:0", said.append)
    try:
        again.serving.wait()
        assert token not in said[1]
        assert str(token_path()) in said[1]
    finally:
        again.close()


def test_what_a_killed_host_left_is_removed_also_where_its_process_id_is_used_again(homes):
    here = running_here("127.0.0.1", 7001)
    kept = tell_running(here)
    left = [
        tell_running(structs.replace(here, port=7002, began=here.began - 3600)),
        tell_running(Running(2**22 + 1, "127.0.0.1", 7003, here.began)),  # above Linux's highest
    ]
    assert list(all_running()) == [here]
    assert kept.exists()
    assert not any(path.exists() for path in left)


def test_a_token_is_made_once_and_only_for_its_owner(homes):
    token, made = make_token()
    assert made
    assert make_token() == (token, False)
    assert len(token) >= 32
    assert stat.S_IMODE(os.stat(token_path()).st_mode) == 0o600
    assert os.listdir(token_path().parent) == ["token"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("7780", ("127.0.0.1", 7780)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("[::]:80", ("::", 80)),
        ("localhost:1", ("localhost", 1)),
        ("off", None),
    ],
)
def test_where_to_serve_is_a_port_an_address_and_a_port_or_off(text, where):
    assert control_address(text) == where


@pytest.mark.parametrize("text", ["", "on", "65536", "-1", "1.5", "localhost:", "٣", "1e3"])
def test_where_to_serve_is_refused_in_a_sentence(text):
    with pytest.raises(ValueError, match="give a port"):
        control_address(text)


def test_ctl_reads_sets_calls_and_lists(served, capsys):
    address = ("--address", str(served.port))

    def ctl(*arguments):
        code = run(["ctl", *arguments, *address])
        said = capsys.readouterr()
        return code, said.out.strip(), said.err.strip()

    assert ctl("set", "tempo", "88") == (0, "88.0", "")
    assert ctl("get", "tempo") == (0, "88.0", "")
    assert ctl("set", "parts/1/plays", "off") == (0, "false", "")
    assert ctl("set", "parts/1/plays", "on") == (0, "true", "")
    assert ctl("set", "parts/1/range", "30", "100") == (0, "[30, 100]", "")
    ctl("set", "parts/1/range", "0", "127")
    assert ctl("set", "parts/1/transpose", "-12") == (0, "-12", "")
    assert ctl("set", "parts/1/transpose", "0") == (0, "0", "")
    assert ctl("panic") == (0, "", "")
    assert ctl("call", "tap") == (0, "", "")
    code, said, _ = ctl("list")
    assert code == 0
    assert "parts/4/volume" in said
    assert "choir" in said
    assert json.loads(ctl("list", "--json")[1])["values"]["tempo"] == 88
    code, _, error = ctl("set", "tempo", "fast")
    assert code == 2
    assert error == "concertino: tempo is 'fast'; it must be a number from 10 to 480 (beats per minute)"
    assert ctl("get", "nothing")[0] == 2
    assert run(["ctl", "get", "tempo", "--address", "1"]) == 1
    assert "no host answers at 127.0.0.1:1" in capsys.readouterr().err
