"""The MIDI clock that the host sends, as another program on JACK hears it."""

import jack
import numpy as np
import pytest

from realtime.host.options import Options
from realtime.host.session import Session
from tests.live import SOUNDFONT, Listener, jack_server, needs_jackd, wait_until

pytestmark = [pytest.mark.jack, needs_jackd]
RATE = 48000


def test_clocks_have_no_jitter_and_the_transport_starts_and_stops_them(monkeypatch):
    options = Options(
        audio="jack", midi_in="virtual", midi_out="one", separator="zone", soundfont=SOUNDFONT, tempo="150"
    )
    with jack_server(monkeypatch):
        session = Session(options, [].append)
        session.start()
        listener = Listener("concertino:midi_out")

        def heard():
            return listener.heard["concertino:midi_out"]

        try:
            session.send_clock(True)
            wait_until(lambda: sum(data == b"\xf8" for _, data in heard()) > 60)
            session.send_transport("start")
            session.set_clock("jack")
            wait_until(lambda: session.clock() == "jack")
            client = jack.Client("transport", no_start_server=True)
            client.transport_frame = RATE * 2
            client.transport_start()
            wait_until(lambda: any(data[0] == 0xFB for _, data in heard()))
            count = len(heard())
            wait_until(lambda: len(heard()) > count + 30)
            client.transport_stop()
            wait_until(lambda: any(data == b"\xfc" for _, data in heard()))
            client.close()
        finally:
            session.close()
            listener.close()
    played = heard()
    messages = [data for _, data in played]
    start, position = messages.index(b"\xfa"), next(i for i, data in enumerate(messages) if data[0] == 0xF2)
    first = np.array([frame for frame, data in played[:start] if data == b"\xf8"])
    assert np.ptp(np.diff(first)) <= 1  # 800 frames each
    assert abs(np.diff(first).mean() - RATE * 60 / 150 / 24) < 0.1
    assert messages[position + 1 : position + 3] == [b"\xfb", b"\xf8"]
    sixteenths = messages[position][1] | messages[position][2] << 7
    assert 20 <= sixteenths <= 60  # 2 s at 150 BPM are 20 sixteenths
    rolling = np.array([frame for frame, data in played[position:] if data == b"\xf8"])
    assert np.abs(np.diff(rolling) - 800).max() <= 1  # the nearest frame
