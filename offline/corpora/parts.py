"""Who plays what: from the tracks of a file to the parts of a corpus.

Each rule takes the tracks of a file and what else is known of it, and returns the label of each track, None
for a track that is left out; or it returns None if the file is no piece of the corpus.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import NamedTuple

from offline.corpora.midi import Track

Labels = list[int | None]


class Facts(NamedTuple):
    """What a source tells of one file besides its notes."""

    work: str = ""
    """The work that it belongs to, such as the symphony of a movement; empty where unknown."""
    instrument: str = ""
    """For what it is written, in the words of the source."""
    licence: str = ""
    tracks: tuple[tuple[str, int, bool], ...] = ()
    """Name, program, and whether it is drums, of each track; empty where unknown."""


Rule = Callable[[Sequence[Track], Facts], Labels | None]

STRINGS = (  # in this order: the name of a cello or a bass can begin with that of a violin
    ("cello", r"cell[oi]|violonc|\bclo\b|\bvcl?\b"),
    ("bass", r"contra ?bass|double ?bass|kontrabass|violone"),
    ("viola", r"viola|\bviole\b|bratsche|\bvl?a\b|^alto$"),
    ("violin", r"viol[io]n|geige|\bvl?n?\b"),
)
"""String instruments by the name of a track, in several languages."""
STRING_PROGRAMS = {40: "violin", 41: "viola", 42: "cello", 43: "bass"}
SECOND = r"\b(ii|2|2nd|2d|two|second\w*|zweite\w*|deuxi\w*)\b"
FIRST = r"\b(i|1|1st|1er|one|first|prim\w*|erste\w*|premi\w*)\b"
SINGERS = r"^(s|a|t|b|sop|soprano|alto|contralto|tenor|tenore|baritone|bass|basso|voice|chant|cantus)$"
VOICE_PROGRAMS = (52, 53, 54)

QUARTET = {"violin": None, "viola": 2, "cello": 3}
"""Part of each string instrument; which violin is told by number, else by order."""
SECTION = {"violin": 2, "viola": 2, "cello": 3, "bass": 3}
WOODWINDS, BRASS, LOWER_STRINGS = 0, 1, 3
ORCHESTRA_TRACKS = 6
"""With fewer tracks it is chamber music, unless its source calls it orchestral."""
ENGLISH_HORN = 69
"""Program that Mutopia's typesetters also wrote for French horns and trumpets."""

FAMILIES = (range(0, 8), range(24, 32), range(32, 40), (*range(40, 46), *range(48, 52)), range(56, 64))
"""General MIDI programs of piano, guitar, bass, strings and brass (Dong et al., ISMIR 2021, section 4.1)."""
WRITTEN_FOR = {0: r"piano|clavier|clavichord|cembalo|harpsichord|organ|continuo", 32: r"bass"}
"""Programs that stand for no choice in some files, and what a piece is written for where they are meant."""
SONG_TRACKS = {"melody": 0, "bridge": 1, "piano": 2}
ACCOMPANISTS = r"piano|klavier|guitar|harp|cembalo|orgue|organ"
ANOTHER_VERSE = r"\b(verse|strophe|v) [2-9]|cutaway|ossia"
CONSOLE = {"p1": 0, "p2": 1, "tr": 2}


def plain(name: str) -> str:
    """Return a track's name in small letters, without accents, its words and numbers apart."""
    text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    text = re.sub(r"(?<=[a-z])(?=[A-Z0-9])", " ", text).lower()
    text = re.sub(r"^(v|violin)(i{1,2})\b", r"\1 \2", text)  # "vii" of a quartet is not a seven
    return " ".join(re.split(r"[^a-z0-9]+", text)).strip()


def string_instrument(track: Track) -> str | None:
    """Return violin, viola, cello or bass by the track's name, else by its program; None for others."""
    name = plain(track.name)
    by_name = next((kind for kind, pattern in STRINGS if re.search(pattern, name)), None)
    return by_name or STRING_PROGRAMS.get(track.program)


def quartet(tracks: Sequence[Track], facts: Facts) -> Labels | None:
    """Label two violins, viola and cello; any other set of instruments is no quartet.

    A number in the name says which violin it is; "Violino II" is the second, though it contains "Violino I".
    """
    kinds = [string_instrument(track) for track in tracks]
    if any(t.drums for t in tracks) or sorted(map(str, kinds)) != ["cello", "viola", "violin", "violin"]:
        return None
    labels: Labels = [QUARTET[kind] for kind in kinds if kind]
    violins = [place for place, label in enumerate(labels) if label is None]
    numbers = [_number(tracks[place].name) for place in violins]
    first, second = violins[::-1] if numbers in ([1, 0], [1, None], [None, 0]) else violins
    labels[first], labels[second] = 0, 1
    return labels


def _number(name: str) -> int | None:
    """Return 0 or 1 for a first or second violin, None where the name does not say."""
    text = plain(name)
    return 1 if re.search(SECOND, text) else 0 if re.search(FIRST, text) else None


def orchestra(tracks: Sequence[Track], facts: Facts) -> Labels | None:
    """Label the sections; singers, percussion, keyboards and harp are left out."""
    labels = [_section(track) for track in tracks]
    playing = sum(label is not None for label in labels)
    if playing < ORCHESTRA_TRACKS and "orchestra" not in facts.instrument.lower():
        return None
    return labels if LOWER_STRINGS in labels else None


def _section(track: Track) -> int | None:
    name, program = plain(track.name), track.program
    sings = program in VOICE_PROGRAMS or (re.search(SINGERS, name) and program not in STRING_PROGRAMS)
    if track.drums or sings:
        return None
    if "continuo" in name:  # its line is that of cello and bass, whatever plays the chords
        return LOWER_STRINGS
    if kind := string_instrument(track):
        return SECTION[kind]
    if program == ENGLISH_HORN and not re.search(r"english|anglais|inglese", name):
        return BRASS
    return BRASS if program in range(56, 64) else WOODWINDS if program in range(64, 80) else None


def band(tracks: Sequence[Track], facts: Facts) -> Labels | None:
    """Label by General MIDI family; pieces for voices, which have none, are left out.

    So are tracks with a program that the piece is not written for, such as mandolins as pianos.
    """
    written = facts.instrument.lower()
    if re.search(r"voice|choir|choeur|s\.?a\.?t\.?b", written):
        return None
    return [
        label if not written or re.search(WRITTEN_FOR.get(track.program, ""), written) else None
        for track, label in zip(tracks, pop(tracks, facts), strict=True)
    ]


def pop(tracks: Sequence[Track], facts: Facts) -> Labels:
    """Label by General MIDI family; drums and other programs are left out."""
    return [
        None
        if track.drums
        else next((label for label, family in enumerate(FAMILIES) if track.program in family), None)
        for track in tracks
    ]


def song(tracks: Sequence[Track], facts: Facts) -> Labels | None:
    """Label melody, counter-melody and accompaniment.

    Of a song with piano, the singer has the melody, and a second singer or instrument the counter-melody;
    other verses of the same notes are left out. Songs for more voices than two are no songs here.
    """
    names = [plain(track.name) for track in tracks]
    if set(names) <= set(SONG_TRACKS):
        return [SONG_TRACKS[name] for name in names]
    lines = [place for place, name in enumerate(names) if not re.search(ACCOMPANISTS, name)]
    chords = [place for place, name in enumerate(names) if place not in lines]
    lines = [place for place in lines if not re.search(ANOTHER_VERSE, names[place])]
    lines.sort(key=lambda place: tracks[place].program not in VOICE_PROGRAMS)
    if not chords or not 1 <= len(lines) <= 2:
        return None
    labels: Labels = [None] * len(tracks)
    for place in chords:
        labels[place] = 2
    for label, place in enumerate(lines):
        labels[place] = label
    return labels


def console(tracks: Sequence[Track], facts: Facts) -> Labels | None:
    """Label the voices of the console by the names of their tracks; its noise is left out."""
    return [CONSOLE.get(plain(track.name).replace(" ", "")) for track in tracks]
