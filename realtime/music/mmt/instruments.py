"""The 64 instruments of the Multitrack Music Transformer, and which General MIDI programs they stand for.

Dong et al., ICASSP 2023; the table is that of the authors' code. Programs are counted from 0.
"""

import numpy as np

DROPPED = 0
"""Code of the programs that no instrument stands for (effects, percussion and some ethnic ones)."""
PROGRAMS = 128

TABLE: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("piano", (0, 1, 2, 3)),
    ("electric-piano", (4, 5)),
    ("harpsichord", (6,)),
    ("clavinet", (7,)),
    ("celesta", (8,)),
    ("glockenspiel", (9,)),
    ("music-box", (10,)),
    ("vibraphone", (11,)),
    ("marimba", (12,)),
    ("xylophone", (13,)),
    ("tubular-bells", (14,)),
    ("dulcimer", (15,)),
    ("organ", (16, 17, 18, 20)),
    ("church-organ", (19,)),
    ("accordion", (21,)),
    ("harmonica", (22,)),
    ("bandoneon", (23,)),
    ("nylon-string-guitar", (24,)),
    ("steel-string-guitar", (25,)),
    ("electric-guitar", (26, 27, 28, 29, 30, 31)),
    ("bass", (32,)),
    ("electric-bass", (33, 34, 35)),
    ("slap-bass", (36, 37)),
    ("synth-bass", (38, 39)),
    ("violin", (40, 110)),
    ("viola", (41,)),
    ("cello", (42,)),
    ("contrabass", (43,)),
    ("harp", (46,)),
    ("timpani", (47,)),
    ("strings", (49, 44, 45, 48)),
    ("synth-strings", (50, 51)),
    ("voices", (52, 53, 54)),
    ("orchestra-hit", (55,)),
    ("trumpet", (56, 59)),
    ("trombone", (57,)),
    ("tuba", (58,)),
    ("horn", (60,)),
    ("brasses", (61,)),
    ("synth-brasses", (62, 63)),
    ("soprano-sax", (64,)),
    ("alto-sax", (65,)),
    ("tenor-sax", (66,)),
    ("baritone-sax", (67,)),
    ("oboe", (68,)),
    ("english-horn", (69,)),
    ("bassoon", (70,)),
    ("clarinet", (71,)),
    ("piccolo", (72,)),
    ("flute", (73,)),
    ("recorder", (74,)),
    ("pan-flute", (75,)),
    ("ocarina", (79,)),
    ("lead", (80, 81, 82, 83, 84, 85, 86, 87)),
    ("pad", (88, 89, 90, 91, 92, 93, 94, 95)),
    ("sitar", (104,)),
    ("banjo", (105,)),
    ("shamisen", (106,)),
    ("koto", (107,)),
    ("kalimba", (108,)),
    ("bag-pipe", (109,)),
    ("shehnai", (111,)),
    ("melodic-tom", (117,)),
    ("synth-drums", (118, 119)),
)
"""Name and programs of each instrument, from code 1 on; the first program is the one that plays it."""

INSTRUMENTS = len(TABLE)
NAMES = ("", *(name for name, _ in TABLE))
"""Name by code; code 0 has none."""
INSTRUMENT_OF = np.zeros(PROGRAMS, np.int64)
"""Code by program, ``DROPPED`` where there is none. Shape (128,), int64."""
PROGRAM_OF = np.full(INSTRUMENTS + 1, -1)
"""Program that plays each code, -1 for code 0. Shape (65,), int64."""

for _code, (_, _programs) in enumerate(TABLE, 1):
    INSTRUMENT_OF[list(_programs)] = _code
    PROGRAM_OF[_code] = _programs[0]
INSTRUMENT_OF.flags.writeable = PROGRAM_OF.flags.writeable = False
