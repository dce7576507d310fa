"""The compass in which each instrument usually plays: what an ensemble doesn't say of its parts.

A model that goes on for minutes drifts: without these, a bassoon ends up above the flutes. Sounding pitches,
as orchestration manuals give them (such as Adler, *The Study of Orchestration*), rarely used ends left out.
"""

from realtime.music.mmt.instruments import NAMES

ANY = (21, 108)
"""Of instruments that have no compass of their own: that of a piano."""
USUAL: dict[str, tuple[int, int]] = {
    "piano": (28, 100),
    "harpsichord": (29, 89),
    "celesta": (60, 108),
    "glockenspiel": (79, 108),
    "vibraphone": (53, 89),
    "marimba": (45, 96),
    "xylophone": (65, 108),
    "tubular-bells": (60, 77),
    "organ": (36, 96),
    "church-organ": (36, 96),
    "accordion": (41, 89),
    "harmonica": (60, 96),
    "nylon-string-guitar": (40, 83),
    "steel-string-guitar": (40, 83),
    "electric-guitar": (40, 88),
    "bass": (28, 60),
    "electric-bass": (28, 60),
    "slap-bass": (28, 60),
    "synth-bass": (28, 60),
    "violin": (55, 93),
    "viola": (48, 84),
    "cello": (36, 76),
    "contrabass": (28, 60),
    "harp": (31, 98),
    "timpani": (38, 57),
    "strings": (36, 93),
    "synth-strings": (36, 93),
    "voices": (43, 79),
    "trumpet": (55, 82),
    "trombone": (40, 70),
    "tuba": (29, 57),
    "horn": (41, 74),
    "brasses": (40, 82),
    "synth-brasses": (40, 82),
    "soprano-sax": (56, 86),
    "alto-sax": (49, 80),
    "tenor-sax": (44, 75),
    "baritone-sax": (36, 68),
    "oboe": (58, 86),
    "english-horn": (52, 79),
    "bassoon": (34, 70),
    "clarinet": (50, 86),
    "piccolo": (74, 103),
    "flute": (60, 91),
    "recorder": (65, 91),
    "pan-flute": (60, 91),
    "ocarina": (69, 89),
    "banjo": (48, 84),
}
"""Lowest and highest pitch by name."""
assert USUAL.keys() <= set(NAMES)


def usual_range(instrument: int) -> tuple[int, int]:
    """Return the lowest and the highest pitch that an instrument, by its code, usually sounds."""
    return USUAL.get(NAMES[instrument], ANY)
