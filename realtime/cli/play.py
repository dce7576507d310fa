"""``concertino play``: a session on a terminal."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from realtime.cli import compiling, complete, turns
from realtime.cli.endings import Endings
from realtime.cli.outputs import check_place, check_suffix, ensemble_file, refuse_same
from realtime.cli.summary import publish

if TYPE_CHECKING:
    from realtime.cli.view import View
    from realtime.host.options import Options
    from realtime.host.session import Session

TICK_SECONDS = 0.05


def play(
    ensemble: Annotated[
        str,
        typer.Option(
            help="Ensemble to play, or the path of a .toml file.", autocompletion=complete.ensemble_names
        ),
    ] = "bach-chorale",
    midi_in: Annotated[
        str | None,
        typer.Option(
            help="MIDI input: a port's name or part of it, `virtual` for a port that others connect to, or "
            "file:PATH to play a MIDI file through the live path. Default: every keyboard; none: a demo.",
            autocompletion=complete.midi_port_names,
        ),
    ] = None,
    midi_out: Annotated[
        str | None,
        typer.Option(help="MIDI of the parts: `one` port with a channel each part, or a port `each` part."),
    ] = None,
    audio: Annotated[
        str | None,
        typer.Option(
            help="jack, portaudio, portaudio:DEVICE, file:PATH (a WAV file, in real time) or null. "
            "Default: JACK if a server runs, else PortAudio, else a file.",
            autocompletion=complete.audio_names,
        ),
    ] = None,
    period: Annotated[
        int,
        typer.Option(
            min=16, max=8192, help="Frames a period: JACK's own on JACK, at least 256 without a device."
        ),
    ] = 128,
    rate: Annotated[
        int, typer.Option(min=8000, max=96000, help="Frames a second (JACK's own on JACK).")
    ] = 48000,
    soundfont: Annotated[
        Path | None, typer.Option(help="SoundFont (.sf2, .sf3) instead of the installed one.")
    ] = None,
    tempo: Annotated[
        str | None,
        typer.Option(
            help="BPM, or where the beat comes from: clock (MIDI clock), jack (transport), tap (key t)."
        ),
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Folder for takes: input.mid, parts.mid, sound.wav, events.jsonl.")
    ] = None,
    chord_window: Annotated[
        int,
        typer.Option(
            metavar="MS",
            min=0,
            max=100,
            help="Let a note wait so long for others of its chord: a spread chord goes to the right parts.",
        ),
    ] = 0,
    bits: Annotated[str, typer.Option(help="`24` or `float`: the samples of WAV files.")] = "24",
    separator: Annotated[
        str | None,
        typer.Option(
            help="Who chooses each note's part: a model's name, zone, closest, closest-mono, split:60 or "
            "channel (each MIDI channel plays the part of its number).",
            autocompletion=complete.separator_names,
        ),
    ] = None,
    control: Annotated[
        str,
        typer.Option(
            help="Port of the page, HTTP and OSC; ADDRESS:PORT to be reached from elsewhere; or `off`."
        ),
    ] = "7780",
    continuation: Annotated[
        str | None,
        typer.Option(
            "--continue",
            help="Model that goes on from what you play: at the left pedal, the key c, or --silence.",
            autocompletion=complete.model_names,
        ),
    ] = None,
    mode: turns.Mode = None,
    temperature: turns.Temperature = None,
    threshold: turns.Threshold = None,
    bars: turns.Bars = None,
    silence: turns.Silence = None,
    trigger: turns.Trigger = None,
    seed: turns.Seed = None,
    restore: Annotated[
        bool,
        typer.Option("--restore", help="Begin with everything as the last session was, even after a crash."),
    ] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Print lines instead of the live view.")] = False,
    as_json: Annotated[
        str | None, typer.Option("--json", help="Write the summary as JSON to this file (- is the terminal).")
    ] = None,
) -> int:
    """Play an ensemble from one keyboard, live.

    Each key goes, as it is pressed, to one instrument of the ensemble. Stop with Ctrl-C or q; a summary of
    notes, latency, xruns and files follows.

    Examples: `concertino play`, `concertino play --ensemble choir --record takes`,
    `concertino play --midi-in virtual --midi-out each` (from and to a DAW).
    """
    from realtime.host.options import Options, control_address

    if midi_out not in (None, "one", "each"):
        raise ValueError(f"--midi-out {midi_out!r}: choose one or each")
    if bits not in ("24", "float"):
        raise ValueError(f"--bits {bits!r}: choose 24 or float")
    control_address(control)
    told = turns.given(
        mode=mode,
        temperature=temperature,
        threshold=threshold,
        bars=bars,
        silence_beats=silence,
        controller=trigger,
        seed=seed,
    )
    turns.check(continuation, told)
    options = Options(
        ensemble, audio, midi_in, midi_out, period, rate, soundfont, tempo, record, separator, bits, control
    )
    options = replace(options, continuation=continuation, turns=told, chord_window=chord_window)
    _check_files(options, as_json)
    with Endings() as endings:
        summary = perform(options, plain or not sys.stdout.isatty(), as_json == "-", endings, restore)
        publish(summary, as_json)
    return 0


def _check_files(options: "Options", as_json: str | None) -> None:
    """Check, before anything is compiled, the MIDI file that is to be played, and the files to be written.

    Raises:
        ValueError: a file that is read would be written, or one twice, or one is to be no WAV file; or the
            MIDI file can't be read.
        OSError: the summary can't be written, or the MIDI file can't be opened.
    """
    from realtime.host.soundfont import VARIABLE
    from realtime.music.smf import read_performance

    midi, sound = (_path_of(text) for text in (options.midi_in, options.audio))
    font = options.soundfont or os.environ.get(VARIABLE)
    refuse_same((midi, font, ensemble_file(options.ensemble)), (("--audio", sound), ("--json", as_json)))
    check_place(as_json)
    check_suffix("--audio", sound, "WAV")
    if midi:
        read_performance(midi)


def _path_of(text: str | None) -> Path | None:
    """Return PATH of ``file:PATH``; None for what is no file."""
    from realtime.host.options import FILE_INPUT

    path = text.removeprefix(FILE_INPUT) if text and text.startswith(FILE_INPUT) else ""
    return Path(path).expanduser() if path else None


def perform(
    options: "Options", plain: bool, quiet: bool, endings: Endings, restore: bool = False
) -> dict[str, Any]:
    """Play until Ctrl-C, q, SIGTERM or the end of a file; return the summary.

    ``restore`` begins with everything as the last session was.
    """
    compiling.announce()
    from realtime.control.start import Control, check_address
    from realtime.host.session import Session
    from realtime.presets.desk import attach

    check_address(options.control)
    said: list[str] = []

    def print_line(text: str) -> None:
        with suppress(OSError):  # whoever read this may be gone; the music goes on
            print(text, file=sys.stderr if quiet else sys.stdout, flush=True)

    tell = [print_line]
    control: Control | None = None

    def notice(text: str) -> None:
        said.append(text)
        tell[0](text)
        if control:
            control.say(text)

    session = Session(options, notice)
    try:
        session.start()
        if options.tempo == "jack" and session.driver.name != "jack":
            name = session.driver.name
            notice(f"--tempo jack: with {name} there is no transport to follow; the beat goes on by itself")
        attach(session, notice, restore)
        control = Control(session, options.control, notice)
        if plain:
            lines(session, notice)
        else:
            show(session, said, tell)
    except KeyboardInterrupt:
        pass
    finally:
        endings.begin()
        if control:
            control.close()
        summary = session.close()
    return summary


def lines(session: "Session", notice: Callable[[str], None]) -> None:
    """Play with log lines only."""
    driver = session.driver
    kind = "compiled" if driver.compiled else "Python (the compiled one can't be used here)"
    notice(
        f"playing {session.options.ensemble} on {driver.name}, {session.engine.rate:.0f} Hz, "
        f"period {driver.period}, {kind} callback; Ctrl-C ends"
    )
    while session.watch():
        time.sleep(TICK_SECONDS)


def show(session: "Session", said: list[str], tell: list[Callable[[str], None]]) -> None:
    """Play with the live view and its keys."""
    from realtime.cli.view import View

    view = View(session)
    view.notices.extend(said)
    session.listeners.append(view)
    told, print_line = len(said), tell[0]
    tell[0] = view.notices.append
    try:
        turn(session, view)
    finally:
        tell[0] = print_line
        for text in said[told:]:  # the view leaves nothing behind
            print_line(text)


def turn(session: "Session", view: "View") -> None:
    """Show the view and obey its keys until the session is over."""
    from rich.live import Live

    from realtime.cli.keys import terminal_keys
    from realtime.cli.view import PART_KEYS

    with terminal_keys() as pressed, Live(view, refresh_per_second=20, screen=False, transient=True):
        while session.watch():
            key = pressed()
            if key in ("q", "\x03"):
                return
            if key == "p":
                session.panic()
            elif key == "t":
                session.taps.tap()
            elif key == "c" and session.continuation:
                session.continuation.toggle()
            elif key == "m" and session.continuation:
                session.continuation.next_mode()
            elif key and key in PART_KEYS[: session.parts()]:
                session.switch(PART_KEYS.index(key))
            elif key.isdigit() and 0 < int(key) <= len(session.engine.slots):
                session.select(int(key) - 1)
            time.sleep(TICK_SECONDS)
