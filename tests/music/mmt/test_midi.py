"""MIDI files and tables of notes: what is written is read back, and drums and odd files do no harm."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.music.mmt.instruments import INSTRUMENT_OF
from realtime.music.mmt.midi import read_notes, write_notes
from realtime.music.mmt.representation import decode, encode
from realtime.music.smf_write import MESSAGE, PartTrack, write_parts

CHORALE = Path(__file__).parents[3] / "realtime" / "demo" / "chorale.mid"
NOTES = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 127), st.integers(1, 60), st.integers(0, 127)),
    min_size=1,
    max_size=60,
)


def reference(notes):
    """What a file can hold: of notes that begin together on a key the longest, cut by the next."""
    longest = {}
    for on, key, long, program in notes:
        longest[program, key, on] = max(long, longest.get((program, key, on), 0))
    places = sorted(longest)
    found = []
    for (program, key, on), after in zip(places, [*places[1:], (-1, -1, -1)], strict=True):
        long = longest[program, key, on]
        found.append([on, key, min(long, after[2] - on) if after[:2] == (program, key) else long, program])
    return sorted(found)


@settings(max_examples=40)
@given(notes=NOTES, bpm=st.sampled_from([100.0, 63.7]))
def test_what_is_written_is_read_back(tmp_path_factory, notes, bpm):
    path = tmp_path_factory.mktemp("mmt") / "piece.mid"
    write_notes(path, notes, bpm)
    assert read_notes(path).tolist() == reference(notes)


def test_a_real_piece_survives_rows_and_file(tmp_path):
    notes = read_notes(CHORALE)
    assert len(notes) > 150
    assert set(INSTRUMENT_OF[notes[:, 3]]) == {45, 47, 48, 50}
    written = tmp_path / "again.mid"
    write_notes(written, decode(encode(notes)))
    again = decode(encode(read_notes(written)))
    assert again.tolist() == decode(encode(notes)).tolist()
    assert (again[:, 1] == notes[:, 1]).all()


def test_drums_are_left_out_and_programs_hold_from_their_change_on(tmp_path):
    played = [(0.0, 0x90, 60, 64), (0.5, 0x80, 60, 64), (0.6, 0xC0, 73, 0), (1.0, 0x90, 62, 64)]
    drums = [(0.0, 0x99, 36, 64), (0.5, 0x89, 36, 64), (0.5, 0xC9, 40, 0)]
    tracks = [
        PartTrack("solo", 0, 40, np.array(played, MESSAGE)),
        PartTrack("drums", 9, None, np.array(drums, MESSAGE)),
        PartTrack("end", 1, None, np.array([(2.0, 0xB1, 7, 9)], MESSAGE)),
    ]
    write_parts(tmp_path / "song.mid", tracks, 60.0)
    # The last note is never let go: it lasts to the end of the file.
    assert read_notes(tmp_path / "song.mid").tolist() == [[0, 60, 6, 40], [12, 62, 12, 73]]


def test_drums_alone_give_no_notes(tmp_path):
    drums = np.array([(0.0, 0x99, 36, 64), (0.5, 0x89, 36, 64)], MESSAGE)
    write_parts(tmp_path / "drums.mid", [PartTrack("drums", 9, None, drums)])
    assert read_notes(tmp_path / "drums.mid").shape == (0, 4)
    assert encode(read_notes(tmp_path / "drums.mid"))[:, 0].tolist() == [0, 2, 4]


def test_a_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "no.mid").write_bytes(b"not music")
    with pytest.raises(ValueError, match="not a Standard MIDI File"):
        read_notes(tmp_path / "no.mid")
