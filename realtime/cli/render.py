"""``concertino render``: a MIDI file to audio."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from realtime.cli import compiling, complete
from realtime.cli.outputs import check_outputs, check_suffix, ensemble_file

if TYPE_CHECKING:
    from realtime.host.job import Job
    from realtime.host.rendering import Rendering


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
    mode: Annotated[
        Literal["online", "offline"] | None,
        typer.Option(
            help="`online`: note by note, as live; `offline`: the whole piece at once, which tells more. "
            "[default: online; offline with --joint or --alternatives]",
            show_default=False,
        ),
    ] = None,
    joint: Annotated[
        bool,
        typer.Option(
            "--joint",
            help="One note of a chord for each part, as far as there are parts; implies --mode offline.",
        ),
    ] = False,
    alternatives: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="N convincing instrumentations that differ, to OUT-1.wav, OUT-2.wav ...; "
            "implies --mode offline.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the alternatives: another one gives others.")] = 0,
    soundfont: Annotated[Path | None, typer.Option(help="SoundFont (.sf2, .sf3).")] = None,
    tempo: Annotated[str, typer.Option(help="`file`: the file's own beat; or BPM, as live.")] = "file",
    rate: Annotated[int, typer.Option(min=8000, max=96000, help="Frames a second.")] = 48000,
    period: Annotated[
        int, typer.Option(min=16, max=8192, help="Frames a period; its notes are decided together.")
    ] = 128,
    chord_window: Annotated[
        int, typer.Option(metavar="MS", min=0, max=100, help="Let a note wait for others of its chord.")
    ] = 0,
    bits: Annotated[str, typer.Option(help="`24` or `float`: the samples of the WAV file.")] = "24",
    as_json: Annotated[
        str | None,
        typer.Option(
            "--json", help="Write part and confidence of each note to this file (- is the terminal)."
        ),
    ] = None,
) -> int:
    """Render a MIDI file to audio, as `play` would play it, or with each note chosen in view of all others.

    The same engine without a device, faster than real time: the same input and options give the same bytes.

    Examples: `concertino render chorale.mid -o chorale.wav --midi parts.mid` ·
    `concertino render chorale.mid -o chorale.wav --mode offline` ·
    `concertino render chorale.mid -o chorale.wav --alternatives 3`
    """
    from realtime.ensembles.library import find_ensemble
    from realtime.host.alternatives import MOST
    from realtime.host.job import FROM_FILE, Job
    from realtime.host.piece import without_percussion
    from realtime.host.sound_file import SUBTYPES
    from realtime.host.soundfont import find_soundfont
    from realtime.music.smf import read_performance

    if output is None and midi_out is None and as_json is None:
        raise ValueError("nothing to write: give -o OUT.wav, --midi OUT.mid or --json FILE")
    if bits not in SUBTYPES:
        raise ValueError(f"--bits {bits!r}: choose {' or '.join(SUBTYPES)}")
    if tempo != FROM_FILE and not (tempo.replace(".", "", 1).isdigit() and 10 <= float(tempo) <= 480):
        raise ValueError(f"--tempo {tempo!r}: choose `file` or a number from 10 to 480 (BPM)")
    if mode == "online" and (joint or alternatives):
        raise ValueError("--joint and --alternatives take the whole piece: leave --mode online out")
    offline = mode == "offline" or joint or alternatives is not None
    if offline and chord_window:
        raise ValueError("--chord-window is for playing: with the whole piece in view nothing has to wait")
    performance, drums = without_percussion(read_performance(midi), str(midi))
    if drums:
        typer.echo(f"{midi}: {drums} notes on channel 10 (percussion) are left out", err=True)
    chosen = find_ensemble(ensemble)
    font = find_soundfont(soundfont) if output else None
    job = Job(chosen, performance, font, output, midi_out, tempo, rate, period, bits, chord_window)
    jobs = [job] if alternatives is None else [job.numbered(n) for n in range(1, min(alternatives, MOST) + 1)]
    sounds, parts = [("-o", each.sound) for each in jobs], [("--midi", each.midi) for each in jobs]
    check_outputs((midi, font, ensemble_file(ensemble)), (*sounds, *parts, ("--json", as_json)))
    check_suffix("-o", output, "WAV")
    check_suffix("--midi", midi_out, "MIDI")
    compiling.announce()
    report: dict[str, Any] = {"input": str(midi), "ensemble": chosen.name}
    if offline:
        report |= _offline(job, separator, joint, alternatives, seed)
    else:
        report |= _online(job, separator)
    _tell(report, job.files, as_json)
    return 0


def _online(job: "Job", separator: str | None) -> dict[str, Any]:
    done = job.run(separator, notice=_notice)
    return {"separator": done.separator or "rule", "mode": "online"} | _facts(done) | {"notes": done.notes}


def _offline(job: "Job", separator: str | None, joint: bool, count: int | None, seed: int) -> dict[str, Any]:
    from realtime.host.whole_piece import instrument

    found = instrument(
        job.ensemble,
        job.performance,
        separator=separator,
        joint=joint,
        count=1 if count is None else count,
        seed=seed,
        rate=job.rate,
        period=job.period,
        bpm=job.bpm,
    )
    results: list[dict[str, Any]] = []
    written: list[Path] = []
    try:
        for number, alternative in enumerate(found.alternatives, 1):
            each = job if count is None else job.numbered(number)
            written += each.files
            events = found.events(alternative, job.rate, job.bpm is None)
            done = each.run("channel", events, notice=_notice if number == 1 else lambda _: None)
            facts = {"mean_log_score": round(alternative.mean_log_score, 6)}
            if count is not None:
                facts |= {"files": [str(path) for path in each.files]}
                facts |= {"differs": [round(share, 6) for share in alternative.differs]}
            results.append(_facts(done) | facts | {"notes": found.told(alternative, done.notes)})
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    head = {"separator": found.adviser.name, "mode": "offline", "joint": joint}
    return head | (results[0] if count is None else {"seed": seed, "alternatives": results})


def _facts(done: "Rendering") -> dict[str, Any]:
    return {
        "seconds": round(done.seconds, 3),
        "times_real_time": round(done.seconds / max(done.took, 1e-9), 1),
        "counters": done.counters,
    }


def _tell(report: dict[str, Any], files: list[Path], as_json: str | None) -> None:
    """Write the report, and a line for each rendering where the terminal does not hold it."""
    if as_json == "-":
        print(json.dumps(report, indent=1))
        return
    if as_json:
        Path(as_json).write_text(json.dumps(report, indent=1) + "\n")
    whole = ", decided in view of the whole piece" if report["mode"] == "offline" else ""
    for number, each in enumerate(report.get("alternatives", [report]), 1):
        others = [share for other, share in enumerate(each.get("differs", ()), 1) if other != number]
        more = f", mean log score {each['mean_log_score']:.3f}" if "differs" in each else ""
        if others:
            least, most = f"{min(others):.0%}", f"{max(others):.0%}"
            more += (
                f", {least if least == most else f'{least} to {most}'} of the notes differ from the others"
            )
        written = ", ".join(map(str, each.get("files", files))) or as_json
        typer.echo(
            f"{written}: {len(each['notes'])} notes, {each['seconds']:.1f} s, "
            f"{each['times_real_time']} times faster than real time{whole}{more}"
        )


def _notice(text: str) -> None:
    typer.echo(text, err=True)
