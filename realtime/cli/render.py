"""``concertino render``: a MIDI file to audio."""

import json
from pathlib import Path
from typing import Annotated

import typer

from realtime.cli import complete


def render(
    midi: Annotated[Path, typer.Argument(metavar="IN.mid", help="MIDI file: what a keyboard would play.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="WAV file to write.")] = None,
    midi_out: Annotated[
        Path | None, typer.Option("--midi", help="MIDI file to write, one track for each part.")
    ] = None,
    ensemble: Annotated[
        str,
        typer.Option(help="Ensemble, or the path of a .toml file.", autocompletion=complete.ensemble_names),
    ] = "bach-chorale",
    separator: Annotated[
        str | None,
        typer.Option(help="Who chooses each note's part instead.", autocompletion=complete.separator_names),
    ] = None,
    soundfont: Annotated[Path | None, typer.Option(help="SoundFont (.sf2, .sf3).")] = None,
    tempo: Annotated[str, typer.Option(help="`file`: the file's own beat; or BPM, as live.")] = "file",
    rate: Annotated[int, typer.Option(min=8000, max=96000, help="Frames a second.")] = 48000,
    period: Annotated[
        int, typer.Option(min=16, max=8192, help="Frames a period; its notes are decided together.")
    ] = 128,
    bits: Annotated[str, typer.Option(help="`24` or `float`: the samples of the WAV file.")] = "24",
    as_json: Annotated[
        str | None,
        typer.Option(
            "--json", help="Write part and confidence of each note to this file (- is the terminal)."
        ),
    ] = None,
) -> int:
    """Render a MIDI file to audio, as `play` would play it.

    The same engine without a device, faster than real time: the same input and options give the same bytes.

    Example: `concertino render chorale.mid -o chorale.wav --midi parts.mid`
    """
    from realtime.ensembles.library import find_ensemble
    from realtime.host.engine import Engine
    from realtime.host.rendering import FROM_FILE
    from realtime.host.rendering import render as render_performance
    from realtime.host.sound_file import SUBTYPES
    from realtime.host.soundfont import find_soundfont
    from realtime.music.smf import read_performance

    if output is None and midi_out is None and as_json is None:
        raise ValueError("nothing to write: give -o OUT.wav, --midi OUT.mid or --json FILE")
    if bits not in SUBTYPES:
        raise ValueError(f"--bits {bits!r}: choose {' or '.join(SUBTYPES)}")
    if tempo != FROM_FILE and not (tempo.replace(".", "", 1).isdigit() and 10 <= float(tempo) <= 480):
        raise ValueError(f"--tempo {tempo!r}: choose `file` or a number from 10 to 480 (BPM)")
    performance = read_performance(midi)
    chosen = find_ensemble(ensemble)
    engine = Engine(rate, find_soundfont(soundfont) if output else None)
    try:
        engine.load(chosen, separator)
        for notice in engine.notices:
            typer.echo(notice, err=True)
        done = render_performance(engine, chosen, performance, output, midi_out, tempo, period, bits)
    finally:
        engine.close()
    report = {
        "input": str(midi),
        "ensemble": chosen.name,
        "separator": engine.slots[0].separator or "rule",
        "seconds": round(done.seconds, 3),
        "times_real_time": round(done.seconds / max(done.took, 1e-9), 1),
        "counters": done.counters,
        "notes": done.notes,
    }
    if as_json == "-":
        print(json.dumps(report, indent=1))
    elif as_json:
        Path(as_json).write_text(json.dumps(report, indent=1) + "\n")
    if as_json != "-":
        written = ", ".join(str(p) for p in (output, midi_out) if p)
        typer.echo(
            f"{written or as_json}: {len(done.notes)} notes, {done.seconds:.1f} s, "
            f"{report['times_real_time']} times faster than real time"
        )
    return 0
