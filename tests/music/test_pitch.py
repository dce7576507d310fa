import pytest

from realtime.music.pitch import parse_pitch


@pytest.mark.parametrize(
    ("name", "pitch"),
    [("C4", 60), ("c-1", 0), ("G9", 127), ("F#3", 54), ("Bb3", 58), ("b♭3", 58), ("Cb4", 59), ("E♯4", 65)],
)
def test_a_note_name_is_a_key_with_c4_at_60(name, pitch):
    assert parse_pitch(name) == pitch


@pytest.mark.parametrize("name", ["", "H4", "C", "4", "C##4", "C10", "Cb-1", "G#9", "C4 5"])
def test_what_is_no_key_is_refused(name):
    with pytest.raises(ValueError, match=r"note name|outside"):
        parse_pitch(name)
