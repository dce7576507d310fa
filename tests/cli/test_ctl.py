"""``concertino ctl`` where it is used wrongly: told at once, without a host, and with the name in it."""

import pytest

from realtime.cli.main import run

NOWHERE = "127.0.0.1:1"
NO_HOST = "concertino: no host answers at 127.0.0.1:1"
WRONG = {
    "set keyboards x": (2, "concertino: keyboards can't be set, only read: concertino ctl get keyboards"),
    "set tap 1": (2, "concertino: tap has no value: concertino ctl call tap"),
    "set nope 1": (2, "concertino: nope: there is no such control"),
    "get nope": (2, "concertino: nope: there is no such control"),
    "call nope": (2, "concertino: nope: there is no such control"),
    "call tempo": (2, "concertino: tempo can't be called, it has a value: concertino ctl set tempo"),
    "watch nothing/*": (2, "concertino: no control's name fits 'nothing/*'"),
    "watch tempo nope": (2, "concertino: no control's name fits 'nope'"),
    "watch latency": (2, "concertino: latency can't be watched, it changes all the time: concertino ctl get"),
    "watch tap": (2, "concertino: tap can't be watched, it has no value: concertino ctl call tap"),
    "watch parts/9/volume *": (1, "concertino: 127.0.0.1:1 has ended or refuses"),
    "set tempo 90": (1, NO_HOST),
    "list": (1, NO_HOST),
    "panic": (1, NO_HOST),
}


@pytest.mark.parametrize("arguments", WRONG)
@pytest.mark.parametrize("first", [True, False], ids=["address first", "address last"])
def test_what_is_wrong_is_one_sentence_wherever_the_address_stands(arguments, first, capsys):
    code, says = WRONG[arguments]
    words, address = arguments.split(), ["--address", NOWHERE]
    assert run(["ctl", *address, *words] if first else ["ctl", *words, *address]) == code
    said = capsys.readouterr()
    assert said.err.startswith(says)
    assert said.err.count("\n") == 1
    assert said.out == ""
