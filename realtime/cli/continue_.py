"""``concertino continue``: what the model makes of a MIDI file's end."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from realtime.cli import compiling, complete, turns
from realtime.cli.outputs import check_outputs, check_suffix, ensemble_file


def continue_(
    midi: Annotated[Path, typer.Argument(metavar="IN.mid", help="MIDI file to go on from.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="MIDI file to write: the piece and how it goes on.")
    ] = None,
    beats: Annotated[float, typer.Option(min=0.25, max=100_000, help="Quarter notes to go on for.")] = 32.0,
    start: Annotated[
        float | None,
        typer.Option("--from", min=0.25, metavar="BEAT", help="Go on from this beat, not the end."),
    ] = None,
    model: Annotated[
        str,
        typer.Option(help="Model, or MODEL:VARIANT.", autocompletion=complete.model_names),
    ] = "mmt",
    ensemble: Annotated[
        str | None,
        typer.Option(
            help="Ensemble that plays the file as one keyboard; unset: the file's own instruments.",
            autocompletion=complete.ensemble_names,
        ),
    ] = None,
    separator: Annotated[
        str | None,
        typer.Option(
            help="Who chooses each note's part, with --ensemble.", autocompletion=complete.separator_names
        ),
    ] = None,
    instruments: Annotated[
        str | None, typer.Option(help="What the model may play, such as flute,cello; unset: all parts.")
    ] = None,
    wav: Annotated[Path | None, typer.Option(help="WAV file to write.")] = None,
    soundfont: Annotated[Path | None, typer.Option(help="SoundFont (.sf2, .sf3).")] = None,
    rate: Annotated[int, typer.Option(min=8000, max=96000, help="Frames a second.")] = 48000,
    period: Annotated[int, typer.Option(min=16, max=8192, help="Frames a period.")] = 128,
    bits: Annotated[str, typer.Option(help="`24` or `float`: the samples of the WAV file.")] = "24",
    mode: turns.Mode = None,
    temperature: turns.Temperature = None,
    threshold: turns.Threshold = None,
    bars: turns.Bars = None,
    silence: turns.Silence = None,
    trigger: turns.Trigger = None,
    seed: turns.Seed = None,
    as_json: Annotated[
        str | None,
        typer.Option("--json", help="Write each note of the model as JSON to this file (- is the terminal)."),
    ] = None,
) -> int:
    """Go on from a MIDI file, as the ensemble does live; the same input, options and seed: the same music.

    Pedals and pauses in the file begin and end the model's turns as they do for `concertino play --continue`;
    where the file ends, the model goes on on the file's own beat. The beats of --from and of the JSON
    count from 0 at the beginning of the file.

    Examples: `concertino continue song.mid --beats 64 -o longer.mid` ·
    `concertino continue song.mid --from 16 -o other.mid --wav other.wav --seed 3`
    """
    from realtime.ensembles.library import find_ensemble
    from realtime.host.file_ensemble import file_ensemble
    from realtime.host.piece import without_percussion
    from realtime.host.sound_file import SUBTYPES
    from realtime.host.soundfont import VARIABLE, find_soundfont
    from realtime.music.smf import read_performance

    if output is None and wav is None and as_json is None:
        raise ValueError("nothing to write: give -o OUT.mid, --wav OUT.wav or --json FILE")
    if bits not in SUBTYPES:
        raise ValueError(f"--bits {bits!r}: choose {' or '.join(SUBTYPES)}")
    if separator and not ensemble:
        raise ValueError("--separator chooses parts of an ensemble: give one with --ensemble")
    reads = (midi, ensemble_file(ensemble), soundfont or os.environ.get(VARIABLE))
    check_outputs(reads, (("-o", output), ("--wav", wav), ("--json", as_json)))
    check_suffix("-o", output, "MIDI")
    check_suffix("--wav", wav, "WAV")
    performance, drums = without_percussion(read_performance(midi), str(midi))
    if drums:
        typer.echo(f"{midi}: {drums} notes on channel 10 (percussion) are left out", err=True)
    codes = _codes(instruments)
    if ensemble:
        chosen = find_ensemble(ensemble)
    else:
        chosen, performance = file_ensemble(performance, str(midi), codes)
    told = turns.given(
        mode=mode,
        temperature=temperature,
        threshold=threshold,
        bars=bars,
        silence_beats=silence,
        controller=trigger,
        seed=seed,
    )
    compiling.announce()
    from realtime.host.continuation import find_model, settings_of
    from realtime.host.going_on import Going, go_on

    going = Going(
        chosen,
        performance,
        find_model(model, threads=1),
        settings_of(chosen, told),
        beats,
        separator,
        start,
        codes,
        rate,
        period,
    )
    font = find_soundfont(soundfont) if wav else None
    gone = go_on(going, font, wav, output, lambda text: typer.echo(text, err=True), bits)
    if not gone.notes:
        typer.echo(f"the model played nothing: {_why_not(going.settings.mode)}", err=True)
    report: dict[str, Any] = {
        "input": str(midi),
        "model": model,
        "seconds": round(gone.seconds, 3),
        "counters": gone.counters,
        "notes": [
            {
                "beat": round(note.tick / 12, 6),
                "beats": round(note.length / 12, 6),
                "part": chosen.parts[note.part].name,
                "pitch": note.key + chosen.parts[note.part].transpose,
                "velocity": note.velocity,
            }
            for note in gone.notes
        ],
    }
    if as_json == "-":
        print(json.dumps(report, indent=1))
        return 0
    if as_json:
        Path(as_json).write_text(json.dumps(report, indent=1) + "\n")
    written = ", ".join(str(path) for path in (output, wav, as_json) if path)
    typer.echo(f"{written}: {len(gone.notes)} notes by {model}, {gone.seconds:.1f} s in all")
    return 0


def _why_not(mode: str) -> str:
    if mode == "accompany":
        return "the file plays all parts; give --ensemble, so that one of them plays it, or other --turns"
    return "give more --beats, or another --seed"


def _codes(names: str | None) -> tuple[int, ...]:
    """Return the codes of instruments that are named, with commas between.

    Raises:
        ValueError: one is not known.
    """
    from difflib import get_close_matches

    from realtime.music.mmt.instruments import NAMES

    codes = []
    for name in (part.strip() for part in (names or "").split(",") if part.strip()):
        if name not in NAMES:
            near = get_close_matches(name, NAMES[1:], 1)
            advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(NAMES[1:])}"
            raise ValueError(f"--instruments: no instrument is called {name!r}; {advice}")
        codes.append(NAMES.index(name))
    return tuple(codes)
