"""OSC with a real client of python-osc."""

import socket
import time

import pytest
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.udp_client import SimpleUDPClient

from tests.live import wait_until


class Osc:
    """A client, and what it is told."""

    def __init__(self, served):
        self.port = served.port
        self.client = SimpleUDPClient("127.0.0.1", served.port)
        self.client._sock.settimeout(30)
        self.send = self.client.send_message

    def raw(self, data):
        self.client._sock.sendto(data, ("127.0.0.1", self.port))

    def told(self, address):
        while True:
            message = OscMessage(self.client._sock.recv(65536))
            if message.address == address:
                return list(message.params)


@pytest.fixture
def osc(served):
    osc = Osc(served)
    yield osc
    osc.client._sock.close()


def test_what_is_set_by_osc_is_read_by_osc_and_http(served, osc):
    osc.send("/tempo", 101)
    wait_until(lambda: served.get("tempo") == 101)
    osc.send("/tempo", [])
    assert osc.told("/tempo") == [101.0]
    osc.send("/parts/1/range", [40.0, 90.0])  # as a fader sends numbers
    wait_until(lambda: served.get("parts/1/range") == [40, 90])
    osc.send("/parts/1/range", [])
    assert osc.told("/parts/1/range") == [40, 90]
    osc.send("/parts/1/plays", 0)
    wait_until(lambda: served.get("parts/1/plays") is False)
    osc.send("/parts/1/plays", True)
    wait_until(lambda: served.get("parts/1/plays") is True)
    osc.send("/parts/1/range", [0, 127])
    osc.send("/panic", [])
    osc.send("/title", [])
    assert osc.told("/title") == [served.get("title")]


def test_a_bundle_sets_all_that_it_holds(served, osc):
    bundle = OscBundleBuilder(IMMEDIATELY)
    for address, value in (("/tempo", 111.0), ("/parts/2/plays", False)):
        message = OscMessageBuilder(address)
        message.add_arg(value)
        bundle.add_content(message.build())
    osc.client.send(bundle.build())
    wait_until(lambda: served.get("tempo") == 111 and served.get("parts/2/plays") is False)
    osc.send("/parts/2/plays", True)


def test_who_subscribes_is_told_of_changes_whoever_made_them(served, osc):
    osc.send("/subscribe", [])
    osc.send("/tempo", [])
    osc.told("/tempo")
    served.remote.set("tempo", 77)
    assert osc.told("/tempo") == [77.0]
    osc.send("/unsubscribe", [])


WRONG = {
    "no address": b"tempo\0\0\0,f\0\0\x42\xc8\0\0",
    "cut short": b"/tempo\0\0,f\0\0\x42",
    "an unknown type": b"/tempo\0\0,?\0\0",
    "no end": b"/" * 50,
    "a bundle of nothing": b"#bundle\0" + bytes(8) + b"\xff\xff\xff\xff",
    "bundles in bundles": b"".join(
        b"#bundle\0" + bytes(8) + (20 * n - 4 + 16).to_bytes(4, "big") for n in range(300, 0, -1)
    ),
    "too long": b"/tempo\0\0,s\0\0" + b"x" * 9000,
}


@pytest.mark.parametrize("what", WRONG)
def test_a_malformed_message_gets_an_error_and_changes_nothing(served, osc, what):
    before = served.remote.everything()
    osc.raw(WRONG[what])
    osc.send("/tempo", [])
    deadline = time.monotonic() + 30
    told = []
    while "/tempo" not in told and time.monotonic() < deadline:
        told.append(OscMessage(osc.client._sock.recv(65536)).address)
    assert told[-1] == "/tempo"
    assert set(told) <= {"/error", "/tempo"}
    assert served.remote.everything() == before


@pytest.mark.parametrize(
    ("address", "value", "says"),
    [
        ("/tempo", 1e9, "it must be a number from 10 to 480"),
        ("/tempo", "fast", "it must be a number"),
        ("/nothing", 1, "there is no such control"),
        ("/parts/9/plays", 1, "the ensemble has 4 parts"),
        ("/title", "x", "can be read only"),
        ("/ensemble", "absent", "there are"),
        ("/tempo", float("nan"), "it must be a number"),
    ],
)
def test_what_is_refused_is_told_in_a_sentence(served, osc, address, value, says):
    osc.send(address, value)
    assert says in osc.told("/error")[0]


def test_a_flood_is_bounded_and_others_are_served(served, osc):
    flood = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    flood.connect(("127.0.0.1", served.port))
    for _ in range(5000):
        flood.send(b"/nothing\0\0\0\0,i\0\0\0\0\0\1")
    flood.close()
    osc.client._sock.settimeout(0.2)

    def answered():
        osc.send("/tempo", [])  # again, where the system had no room for it
        try:
            return osc.told("/tempo")
        except TimeoutError:
            return False

    assert wait_until(answered)


def test_what_is_too_long_for_a_datagram_is_answered_with_where_it_is(served, osc):
    osc.send("/subscribe", [])
    osc.send("/tempo", [])
    osc.told("/tempo")
    row = {"name": "tempo", "device": "a keyboard of some name " * 4, "channel": 1}
    served.remote.set("mappings", [row | {"number": number % 128} for number in range(350)])
    assert "mappings has changed" in osc.told("/error")[0]
    osc.send("/mappings", [])
    assert "/api/mappings" in osc.told("/error")[0]
    osc.send("/unsubscribe", [])
    served.remote.set("mappings", [])
