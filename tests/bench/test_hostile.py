"""What the benchmark calls hostile is wrong, and not by chance only."""

import msgspec
import numpy as np
import pytest

from bench.hostile import osc_message, websocket_message
from realtime.control.osc import parse
from realtime.control.table import find
from realtime.control.values import check

MESSAGES = 20_000


def is_taken(name, value):
    """Whether a host takes it; none has an ensemble or a separator of these names."""
    try:
        control, _ = find(name)
        check(name, control, value)
    except (LookupError, ValueError):
        return False
    return control.choices is None


def test_no_hostile_osc_message_sets_a_control():
    random = np.random.default_rng(1)
    for _ in range(MESSAGES):
        try:
            messages = parse(osc_message(random))
        except ValueError:
            continue
        for message in messages:
            values = list(message.params)
            value = values if len(values) > 1 else (values or [None])[0]
            assert not values or not is_taken(message.address.removeprefix("/"), value), message.dgram


def test_no_hostile_websocket_message_sets_a_control():
    random = np.random.default_rng(1)
    for _ in range(MESSAGES):
        try:
            message = msgspec.json.decode(websocket_message(random))
        except (ValueError, RecursionError):
            continue
        if isinstance(message, dict) and message.get("type") in ("set", "call"):
            assert not is_taken(message["name"], message.get("value")), message


def test_a_lone_true_would_have_been_taken():
    """The check above sees what it is to see."""
    (message,) = parse(b"/parts/2/mute\0\0\0,T\0\0")
    assert is_taken("parts/2/mute", message.params[0])
    with pytest.raises(ValueError, match="not an OSC message"):
        parse(b"/parts/2/mute\0\0\0,T\0")
