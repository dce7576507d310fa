"""HTTP and WebSocket of a real host, asked by real clients."""

import contextlib
import http.client
import json
import select
import socket
import time

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.live import wait_until


def ask(served, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    data = body if isinstance(body, bytes | None) else json.dumps(body)
    if data is not None:
        headers.setdefault("Content-Type", "application/json")
    connection.request(method, path, data, headers)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, content, response.headers


def refused(served, *request, **headers):
    status, content, _ = ask(served, *request, **headers)
    assert "error" in json.loads(content)
    return status


class Socket:
    """A WebSocket client."""

    def __init__(self, served, **options):
        self._connection = connect(f"ws://127.0.0.1:{served.port}/ws", compression=None, **options)
        self.socket = self._connection.__enter__()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._connection.__exit__(*error)

    def send(self, **message):
        self.socket.send(json.dumps(message))

    def wait(self, kind, holds=lambda message: True, seconds=30):
        """Return the next message of a kind for which something holds; of kind bytes a block of sound."""
        deadline = time.monotonic() + seconds
        while True:
            message = self.socket.recv(timeout=max(deadline - time.monotonic(), 0.01))
            if isinstance(message, bytes):
                if kind is bytes and holds(message):
                    return message
                continue
            message = json.loads(message)
            if message["type"] == kind and holds(message):
                return message


def test_what_is_set_is_read_back_and_told_to_everyone(served):
    with Socket(served) as one, Socket(served) as other:
        one.wait("state")
        other.wait("state")
        one.send(type="set", name="tempo", value=97, id=1)
        assert one.wait("done")["value"] == 97
        assert other.wait("change", lambda m: m["name"] == "tempo")["value"] == 97
        assert served.get("tempo") == 97
        status, content, _ = ask(served, "PUT", "/api/parts/1/range", {"value": [50, 90]})
        assert (status, json.loads(content)["value"]) == (200, [50, 90])
        assert other.wait("change", lambda m: m["name"] == "parts/1/range")["value"] == [50, 90]
    with Socket(served) as later:
        values = later.wait("state")["values"]
    assert (values["tempo"], values["parts/1/range"]) == (97, [50, 90])
    ask(served, "PUT", "/api/parts/1/range", {"value": [0, 127]})


def test_an_ensemble_is_chosen_and_all_clients_are_told_the_whole_state(served):
    before = served.get("ensemble")
    with Socket(served) as client:
        client.wait("state")
        served.remote.set("ensemble", "choir")
        state = client.wait("state", lambda m: m["values"]["parts"][0] == "Soprano")  # once it is loaded
        assert state["values"]["ensemble"] == "choir"
        assert "orchestra" in state["choices"]["ensemble"]
        served.remote.set("ensemble", before)
        client.wait("state", lambda m: m["values"]["ensemble"] == before)


def test_notes_of_the_page_sound_on_a_part_and_are_shown_and_heard(served):
    with Socket(served) as client:
        client.wait("state")
        client.send(type="audio", format="float32")
        client.send(type="note_on", pitch=79, velocity=100)
        _, _, part, pitch, velocity, confidence, continued = client.wait("notes", lambda m: m["on"])["on"][0]
        assert (part, pitch, velocity) == (1, 79, 100)
        assert 0 <= confidence <= 1
        assert not continued
        block = client.wait(bytes, lambda block: any(block[8:]))
        assert (len(block) - 8) % 8 == 0
        first = int.from_bytes(block[:8], "little")
        after = client.wait(bytes)
        assert int.from_bytes(after[:8], "little") == first + (len(block) - 8) // 8
        assert max(client.wait("levels", lambda m: max(m["peak"]) > -60)["parts"]) > 0
        client.send(type="note_off", pitch=79)
        client.wait("notes", lambda m: m["off"])
        client.send(type="audio", format=None)


def test_a_client_that_vanishes_lets_go_of_its_keys_and_pedals(served):
    with Socket(served) as watcher:
        watcher.wait("state")
        player = Socket(served)
        player.wait("state")
        player.send(type="midi", data=[176, 64, 127])
        for pitch in (60, 64):
            player.send(type="note_on", pitch=pitch, velocity=80)
        player.send(type="note_off", pitch=64)
        on = []
        while len(on) < 2:
            on += watcher.wait("notes")["on"]
        player.socket.socket.close()  # without a word
        ended = set()
        while ended != {row[0] for row in on}:
            ended |= {row[0] for row in watcher.wait("notes", lambda m: m["off"])["off"]}
        with Socket(served) as later:
            assert later.wait("state")["sounding"] == []


def test_one_key_held_by_two_clients_ends_with_the_second(served):
    with Socket(served) as one, Socket(served) as other:
        other.wait("state")
        for client in (one, other):
            client.send(type="note_on", pitch=70, velocity=80)
            other.wait("notes", lambda m: any(row[3] == 70 for row in m["on"]))
        one.send(type="note_off", pitch=70)
        one.send(type="get", name="beat", id=1)
        one.wait("done")
        with Socket(served) as later:
            assert [row[3] for row in later.wait("state")["sounding"]] == [70]
        other.send(type="note_off", pitch=70)
        other.wait("notes", lambda m: m["off"])


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "/api/tempo", {"value": 1e9}, 422),
        ("PUT", "/api/tempo", {"value": "x"}, 422),
        ("PUT", "/api/tempo", {"values": 90}, 422),
        ("PUT", "/api/tempo", b"{", 422),
        ("PUT", "/api/tempo", b"", 415),
        ("PUT", "/api/tempo", b"[" * 60000, 422),
        ("PUT", "/api/tempo", b"x" * 70000, 413),
        ("PUT", "/api/title", {"value": "x"}, 405),
        ("POST", "/api/tempo", {"value": 90}, 405),
        ("GET", "/api/panic", None, 405),
        ("PUT", "/api/parts/5/volume", {"value": 1}, 404),
        ("PUT", "/api/nothing", {"value": 1}, 404),
        ("PUT", "/api/ensemble", {"value": "absent"}, 409),
        ("POST", "/api/continuation/trigger", None, 409),
        ("GET", "/takes/take-20250101-000000/sound.wav", None, 404),
        ("GET", "/takes/..%2f..%2fetc/passwd", None, 404),
        ("GET", "/%2e%2e/%2e%2e/pyproject.toml", None, 404),
        ("DELETE", "/api/tempo", None, 405),
    ],
)
def test_what_is_wrong_is_refused_in_a_sentence_and_changes_nothing(served, method, path, body, status):
    before = served.remote.everything()
    headers = {"Content-Type": "text/plain"} if status == 415 else {}
    if body == b"":
        body, headers = b"{}", {"Content-Type": "text/plain"}
    found, content, _ = ask(served, method, path, body, **headers)
    assert found == status, content
    assert "error" in json.loads(content)
    assert served.remote.everything() == before


def test_other_sites_and_other_names_are_refused(served):
    here = f"127.0.0.1:{served.port}"
    assert ask(served, "GET", "/api")[0] == 200
    assert ask(served, "GET", "/api", Origin=f"http://{here}")[0] == 200
    assert refused(served, "GET", "/api", Host="evil.example") == 403
    assert refused(served, "GET", "/api", Host="localhost.evil.example") == 403
    for origin in ("http://evil.example", "null", f"http://localhost:{served.port}", "http://127.0.0.1:1"):
        assert refused(served, "POST", "/api/panic", Origin=origin) == 403
        with pytest.raises(InvalidStatus) as refusal:
            Socket(served, origin=origin)
        assert refusal.value.response.status_code == 403
    with Socket(served, origin=f"http://{here}") as client:
        client.wait("state")


def test_no_other_page_can_hold_this_one_in_a_frame_or_run_scripts_in_it(served):
    headers = ask(served, "GET", "/docs")[2]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        '"state"',
        '{"type": "x"}',
        '{"type": "note_on", "pitch": 128}',
        '{"type": "midi", "data": [240, 1]}',
        '{"type": "set", "name": "tempo", "value": NaN}',
        '{"type": "set", "name": "tempo", "value": null}',
        '{"type": "call", "name": "nothing"}',
        '{"type": "audio", "format": "mp3"}',
        '{"type": "set", "name": "tempo", "value": ' + "[" * 5000 + "]" * 5000 + "}",
        b"\x00",
    ],
)
def test_a_malformed_message_gets_one_error_and_the_client_plays_on(served, text):
    before = served.remote.everything()
    with Socket(served) as client:
        client.wait("state")
        client.socket.send(text)
        assert client.wait("error")["error"]
        client.send(type="get", name="tempo", id="x")
        assert client.wait("done")["value"] == before["values"]["tempo"]
    assert served.remote.everything() == before


def raw_socket(served, **options):
    """Return a WebSocket that is read and written by hand."""
    raw = socket.socket()
    raw.settimeout(60)
    for option, value in options.items():
        raw.setsockopt(socket.SOL_SOCKET, getattr(socket, option), value)
    raw.connect(("127.0.0.1", served.port))
    asks = ("Host: localhost", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    raw.sendall("\r\n".join(("GET /ws HTTP/1.1", *asks, key, "", "")).encode())
    assert raw.recv(12) == b"HTTP/1.1 101"
    return raw


def frame(text):
    assert len(text) < 126
    return bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text


TOO_MUCH = frame(b'{"type": "note_off", "pitch": 1}') * 10_000
TOO_LONG = bytes([0x81, 0xFF]) + (1 << 20).to_bytes(8, "big") + bytes(4) + b"x" * 1000


@pytest.mark.parametrize("sends", [TOO_MUCH, TOO_LONG], ids=["too much", "too long"])
def test_a_client_that_sends_too_much_or_too_long_is_dropped_and_others_play_on(served, sends):
    with raw_socket(served) as bad:
        with contextlib.suppress(ConnectionError):
            bad.sendall(sends)
            while bad.recv(1 << 16):
                pass
        assert served.get("tempo")


def test_a_client_that_does_not_read_is_dropped_and_nobody_waits(served):
    """It asks for sound, and takes none of it."""
    with raw_socket(served, SO_RCVBUF=4096) as dead, Socket(served) as good:
        good.wait("state")
        dead.sendall(frame(b'{"type": "audio", "format": "float32"}'))
        gone = select.poll()
        gone.register(dead, 0)  # errors only
        wait_until(lambda: gone.poll(0))
        good.send(type="get", name="tempo", id=1)
        assert good.wait("done")


def test_a_take_is_recorded_listed_and_downloaded(served):
    served.remote.set("record", True)
    with Socket(served) as client:
        client.wait("state")
        client.send(type="note_on", pitch=72, velocity=100)
        client.wait("notes", lambda m: m["on"])
        client.send(type="note_off", pitch=72)
        client.wait("notes", lambda m: m["off"])
    assert served.remote.set("record", False) is False
    take = wait_until(lambda: served.get("takes"))[0]
    assert set(take["files"]) == {"input.mid", "parts.mid", "sound.wav", "events.jsonl"}
    status, content, headers = ask(served, "GET", f"/takes/{take['name']}/sound.wav")
    assert (status, content[:4], len(content)) == (200, b"RIFF", take["files"]["sound.wav"])
    assert ask(served, "GET", f"/takes/{take['name']}/sound.wav", Range="bytes=0-3")[1] == b"RIFF"
    assert headers["Content-Type"].startswith("audio/")


def test_a_number_that_no_message_can_hold_is_refused(served):
    assert refused(served, "PUT", "/api/mappings", {"value": [{"number": 10**30}]}) == 422
