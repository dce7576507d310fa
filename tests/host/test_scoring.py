"""Scores of a whole piece from separators of both kinds."""

import numpy as np
import pytest

from realtime.ensembles.library import find_ensemble
from realtime.host.engine import Engine
from realtime.host.piece import read_notes
from realtime.host.player import performance_events
from realtime.host.rendering import render
from realtime.host.scoring import find_adviser, score_notes
from realtime.host.whole_piece import BEAT, instrument
from realtime.music.smf import parse_performance, read_performance
from tests.contract.tiny import make_sequence, write_plugin
from tests.engine.playing import ensemble
from tests.live import ROOT
from tests.music.smf_bytes import at, meta, smf

RATE, PERIOD = 48000, 128
CHORALE = ROOT / "realtime" / "demo" / "chorale.mid"


@pytest.fixture
def whole(tmp_path, monkeypatch):
    """Return the name of a sequence separator that is installed: its favourite is the pitch modulo 4."""
    model, manifest = make_sequence()
    write_plugin(tmp_path / "models" / "whole", manifest, model.SerializeToString())
    monkeypatch.setenv("CONCERTINO_MODELS", str(tmp_path / "models"))
    return "whole"


def test_a_separator_of_single_notes_decides_offline_as_it_does_live():
    four, given = find_ensemble("bach-chorale"), read_performance(CHORALE)
    engine = Engine(RATE, None)
    engine.load(four)
    live = render(engine, four, given, None, period=PERIOD)
    engine.close()
    found = instrument(four, given, separator="bach-chorale", rate=RATE, period=PERIOD)
    assert found.adviser.plugin.manifest.kind == "separator"
    engine = Engine(RATE, None)
    engine.load(four, "channel")
    first = found.alternatives[0]
    done = render(engine, four, given, None, period=PERIOD, events=found.events(first, RATE))
    engine.close()
    told = found.told(first, done.notes)

    def table(notes):
        return sorted((n["seconds"], n["pitch"], n["part"], n["confidence"]) for n in notes)

    for one, other in zip(table(told), table(live.notes), strict=True):
        assert one[:3] == other[:3]
        assert one[3] == pytest.approx(other[3], abs=1e-5)


def test_a_separator_of_whole_pieces_scores_every_note_by_all(whole):
    track = b"".join(at(240, 0x90, 60 + i, 64) + at(240, 0x80, 60 + i, 0) for i in range(8))
    given = parse_performance(smf(track + meta(0x2F, b"")), "test")
    four = ensemble(4, separator="zone", offline=whole)
    adviser = find_adviser(four)
    notes = read_notes(given, adviser.plugin.manifest.resolution)
    scores = score_notes(adviser, four, given, notes, RATE, PERIOD, None, BEAT)
    assert scores.shape == (8, 4)
    assert scores.argmax(axis=1).tolist() == [i % 4 for i in range(8)]
    np.testing.assert_allclose(scores.min(axis=1), 0.11 + 63.5, atol=1e-4)
    assert instrument(four, given).alternatives[0].parts.tolist() == [i % 4 for i in range(8)]


def test_who_decides_is_the_option_then_the_ensembles_offline_then_its_separator(whole):
    assert find_adviser(ensemble(4, separator="zone", offline=whole)).name == whole
    assert find_adviser(ensemble(4, separator="zone", offline=whole), "closest").name == "closest"
    assert find_adviser(ensemble(4, separator="zone")).name == "zone"


def test_values_after_the_name_reach_the_graph(whole):
    given = parse_performance(smf(at(0, 0x90, 60, 64) + at(9, 0x80, 60, 0) + meta(0x2F, b"")), "test")
    four = ensemble(4, separator=f"{whole}:0,9,0,0")
    assert instrument(four, given).alternatives[0].parts.tolist() == [1]


@pytest.mark.parametrize(
    ("separator", "says"),
    [
        ("channel", "decides nothing by itself"),
        ("none-such", "not found"),
        ("whole:1,2,3,4,5", "1 to 4 values"),
    ],
)
def test_one_that_cant_decide_is_refused(whole, separator, says):
    given = read_performance(CHORALE)
    with pytest.raises(ValueError, match=says):
        instrument(ensemble(4, separator="zone"), given, separator=separator)


def test_the_engine_of_a_live_player_is_told_nothing_of_it(whole):
    """The files' own messages stay as they are: only those for the second engine carry parts."""
    given = read_performance(CHORALE)
    before = performance_events(given, RATE).copy()
    instrument(ensemble(4, separator=whole), given)
    assert np.array_equal(performance_events(given, RATE), before)
