import numpy as np
import pytest

from offline.corpora.midi import Track
from offline.corpora.parts import Facts, band, console, orchestra, pop, quartet, song

NOTES = np.zeros((0, 3), np.int64)


def tracks(*described: tuple[str, int] | tuple[str, int, bool]) -> list[Track]:
    return [Track(name, program, bool(drums), NOTES) for name, program, *drums in described]


@pytest.mark.parametrize(
    "names",
    [
        ["Violin 1", "Violin 2", "Viola", "Violoncello"],
        ["Violino I", "Violino II", "Viola", "Violoncello"],  # the paper's code takes both for the first
        ["violinI", "violinII", "viola", "cello"],
        ["1st Violin", "2nd Violin", "Viola", "Cello"],
        ["violonI", "violonII", "alto", "cello"],
        ["vi mh", "vii mh", "vla mh", "clo mh"],
        ["Violine 1", "Violine 2", "Bratsche", "Violoncell"],
    ],
)
def test_a_quartet_is_told_by_names_in_any_language_and_order(names):
    programs = [0, 0, 0, 0]
    assert quartet(tracks(*zip(names, programs, strict=True)), Facts()) == [0, 1, 2, 3]
    backwards = list(zip(names, programs, strict=True))[::-1]
    assert quartet(tracks(*backwards), Facts()) == [3, 2, 1, 0]


def test_a_quartet_without_names_is_told_by_programs_and_order():
    assert quartet(tracks(("Part", 40), ("Part", 40), ("Part", 41), ("Part", 42)), Facts()) == [0, 1, 2, 3]
    assert quartet(tracks(("one", 40), ("two", 40), ("three", 41), ("four", 42)), Facts()) == [0, 1, 2, 3]


def test_a_name_stands_against_a_wrong_program():
    assert quartet(tracks(("violinI", 40), ("violinII", 40), ("viola", 42), ("cello", 42)), Facts())


@pytest.mark.parametrize(
    "described",
    [
        [("Violin", 40), ("Violin", 40), ("Violin", 40), ("Cello", 42)],
        [("Violin 1", 40), ("Violin 2", 40), ("Viola", 41), ("Cello", 42), ("Clarinet", 71)],
        [("Violin 1", 40), ("Violin 2", 40), ("Viola", 41), ("Cello 1", 42), ("Cello 2", 42)],
        [("oboe", 68), ("english horn", 69), ("viola", 41), ("cello", 42)],
        [("Piano", 0)],
    ],
)
def test_another_set_of_instruments_is_no_quartet(described):
    assert quartet(tracks(*described), Facts()) is None


def test_an_orchestra_is_told_by_section_without_singers_drums_and_keyboards():
    described = {
        "Flute 1": (73, 0),
        "Bb Clarinet": (71, 0),
        "English Horn": (69, 0),
        "Bass Clarinet": (71, 0),
        "corni": (69, 1),
        "Alto Trombone": (57, 1),
        "Timpani": (47, None),
        "Harp": (46, None),
        "Alto": (52, None),
        "Tenor": (71, None),
        "Piano": (0, None),
        "Principal Violin": (40, 2),
        "alto": (41, 2),
        "violincello": (40, 3),
        "basso": (42, 3),
        "Violone": (43, 3),
        "Continuo": (6, 3),
    }
    given = tracks(*((name, program) for name, (program, _) in described.items()), ("Snare", 0, True))
    assert orchestra(given, Facts()) == [*(label for _, label in described.values()), None]


def test_chamber_music_is_no_orchestra_unless_its_source_says_so():
    given = tracks(("Clarinet", 71), ("Violin", 40), ("Violin", 40), ("Viola", 41), ("Cello", 42))
    assert orchestra(given, Facts()) is None
    assert orchestra(given, Facts(instrument="Orchestra: Clarinet, Strings")) == [0, 2, 2, 2, 3]


def test_families_are_those_of_the_paper():
    edges = {0: 0, 7: 0, 8: None, 24: 1, 31: 1, 32: 2, 39: 2, 40: 3, 45: 3, 46: None, 47: None}
    edges |= {48: 3, 51: 3, 52: None, 56: 4, 63: 4, 64: None, 127: None}
    given = tracks(*(("", program) for program in edges), ("", 33, True))
    assert pop(given, Facts()) == [*edges.values(), None]


def test_a_band_has_no_singers_and_no_programs_that_mean_nothing():
    given = tracks(("I", 0), ("Basso", 43))
    assert band(given, Facts()) == [0, 3]
    assert band(given, Facts(instrument="2 Mandolins and Bass")) == [None, 3]
    assert band(given, Facts(instrument="Violin and Piano")) == [0, 3]
    assert band(given, Facts(instrument="Voice (SATB), Piano")) is None


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["MELODY", "BRIDGE", "PIANO"], [0, 1, 2]),
        (["Singstimme\nVoice", "Pianoforte"], [0, 2]),
        (["Flute", "Voice", "Piano"], [1, 0, 2]),
        (["Voice", "Voice\n(Verse 2 cutaway)", "Pianoforte"], [0, None, 2]),
        (["Strophe 1\nVoice - verse 1", "Strophe 2\nVoice - verse 2", "Piano"], [0, None, 2]),
        (["Chant", "Guitarre"], [0, 2]),
        (["Soprano", "Alto", "Tenor", "Bass", "Piano\nfor practice only"], None),
        (["Soprano", "Alto"], None),
    ],
)
def test_a_song_has_a_melody_perhaps_another_and_an_accompaniment(names, labels):
    programs = {"Flute": 73, "Piano": 0, "PIANO": 0, "Pianoforte": 0, "Guitarre": 24}
    given = tracks(*((name, programs.get(name, 52)) for name in names))
    assert song(given, Facts()) == labels


def test_the_voices_of_the_console_are_told_by_their_names():
    assert console(tracks(("p1", 80), ("p2", 81), ("tr", 38), ("no", 121)), Facts()) == [0, 1, 2, None]
