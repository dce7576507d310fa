"""A MIDI file, played to the same continuation without a device: what the live host would go on with.

The file is a keyboard's performance: pedals and pauses in it begin and end the model's turns as they do live.
Where the file ends, the model's turn begins, if it is not on already, on the file's own beat.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from realtime.continuation.cast import cast_of
from realtime.continuation.draft import Planned
from realtime.continuation.messages import Failed, Model, Notes, ToHost
from realtime.continuation.settings import BEAT, Settings
from realtime.continuation.worker import Worker, open_reader
from realtime.drivers.offline import OfflineDriver
from realtime.engine.codes import CONTROL_PORT, DATA1, ENTRIES, EVENTS, FRAME, PORT, STATUS, TICK, Command
from realtime.ensembles.schema import Ensemble
from realtime.host.engine import Engine
from realtime.host.file_beat import FileBeat
from realtime.host.player import ended, performance_events
from realtime.host.rendering import LONGEST_TAIL_SECONDS, QUIET, RESOLUTION
from realtime.host.sound_file import SoundFile
from realtime.host.tracks import part_tracks
from realtime.host.turns import Turns
from realtime.music.mmt.instruments import NAMES
from realtime.music.smf import NOTE_ON, Performance
from realtime.music.smf_write import write_parts

AHEAD = 4 * BEAT
"""Ticks by which the plan is drawn ahead."""
MARGIN_PERIODS = 2
"""Before the end of the file, at which the model's turn begins."""
LONGEST_REST = 64.0
"""Beats after the end of the file at which the model begins at the latest."""
BATCH = 256
"""Periods of sound that are written at a time."""


@dataclass(frozen=True)
class Going:
    """What goes on, from what, and on what.

    ``instruments`` are the codes of those that the model may play; empty: all of the ensemble.
    """

    ensemble: Ensemble
    performance: Performance
    model: Model
    settings: Settings
    beats: float
    separator: str | None = None
    start: float | None = None
    """Beat of the file from which the model goes on; None: its end."""
    instruments: Sequence[int] = ()
    rate: int = 48000
    period: int = 128


@dataclass
class Gone:
    """What came of it."""

    notes: list[Planned] = field(default_factory=list)
    """The model's, in the order in which they were planned; ticks from the beginning of the file."""
    log: list[np.ndarray] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def keep(self, log: np.ndarray) -> np.ndarray:
        """Take log entries, and return them; in most periods there are none."""
        if len(log):
            self.log.append(log)
        return log


def go_on(
    going: Going,
    soundfont: Path | None,
    sound: Path | None,
    midi: Path | None,
    notice: Callable[[str], None],
    subtype: str = "24",
) -> Gone:
    """Play the file, go on from it, and write what sounds.

    Args:
        going: what is to go on.
        soundfont: for the sound.
        sound: WAV file to write, or None.
        midi: MIDI file of the parts to write, or None.
        notice: told what a player should know.
        subtype: ``24`` or ``float``, for the WAV file.

    Raises:
        ValueError: the model or the separator is broken or missing, or knows none of the instruments.
        OSError: a file can't be written.
    """
    cast_of(going.ensemble)
    engine = Engine(going.rate, soundfont if sound else None)
    try:
        engine.load(going.ensemble, going.separator)
        for sentence in engine.notices:
            notice(sentence)
        gone = Gone()
        writer = SoundFile(sound, engine.rate, subtype) if sound else None
        try:
            batch: list[np.ndarray] = []
            for block in _blocks(engine, going, gone, notice):
                if writer:
                    batch.append(block.copy())
                if writer and len(batch) == BATCH:
                    writer.write(np.concatenate(batch, axis=1).T)
                    batch.clear()
            if writer and batch:
                writer.write(np.concatenate(batch, axis=1).T)
            if writer:
                writer.close()
        except BaseException:
            if writer:
                writer.discard()
            raise
        if midi:
            tracks = part_tracks(
                np.concatenate([np.zeros((0, ENTRIES), np.int64), *gone.log]), engine.slots, engine.rate
            )
            write_parts(midi, tracks, going.performance.tempo)
        gone.counters, gone.seconds = engine.counters(), float(engine.state["frame"]) / engine.rate
        return gone
    finally:
        engine.close()


def _blocks(engine: Engine, going: Going, gone: Gone, notice: Callable[[str], None]) -> Iterator[np.ndarray]:
    """Yield the sound of each period; what happens in them is kept in ``gone``."""
    events, over = _events(going, engine.rate)
    beat = FileBeat(engine.state, going.performance.tempo, over / engine.rate)
    turns = Turns(engine, going.settings, lambda message: worker.hear(message), beat)
    turns.rest(tuple(_resting(going)))

    def receive(message: ToHost) -> None:
        if isinstance(message, Failed):
            raise ValueError(message.reason)
        turns.receive(message)
        if isinstance(message, Notes) and message.generation == turns.generation:
            gone.notes.extend(message.notes)

    reader = open_reader(going.model)
    if reader.warning:
        notice(reader.warning)
    worker = Worker(reader, turns.setup(going.model), receive)
    worker.planner.alignment.known = True
    last = over + _frames(going.performance, over / engine.rate, going.beats, engine.rate)
    driver = OfflineDriver(engine, going.period)
    engine.set_tempo(float(going.performance.tempo.bpm[0]))
    taken, begun = 0, False
    while (frame := int(engine.state["frame"])) < last:
        until = min(int(np.searchsorted(events[:, FRAME], frame + going.period)), taken + EVENTS)
        block = events[taken:until].copy()
        block[:, FRAME] = np.maximum(block[:, FRAME] - frame, 0)
        taken = until
        yield driver.step(block)
        turns.listen(gone.keep(engine.link.read_log()))
        now = int(engine.state["frame"])
        if now >= over - MARGIN_PERIODS * going.period and taken == len(events) and not begun:
            begun = True
            if not turns.conductor.playing:
                tick = turns.beat.tick_at(over)
                bound, length = float(np.ceil(tick - 1e-3)), round(going.beats * BEAT)
                turns.act(turns.conductor.begin(tick, bound, length), None)
        turns.advance(now)
        tick = turns.beat.tick_at(now)
        while turns.conductor.playing and worker.planner.horizon < tick + AHEAD and worker.work():
            pass
        turns.delivery.give()
    turns.act(turns.conductor.end(turns.beat.tick_at(last)), None)
    nothing, quiet = np.zeros((0, ENTRIES), np.int64), 0.0
    for _ in range(int(LONGEST_TAIL_SECONDS * engine.rate / going.period)):
        block = driver.step(nothing)
        gone.keep(engine.link.read_log())
        quiet = quiet + going.period / engine.rate if np.abs(block).max() < QUIET else 0.0
        yield block
        if quiet > 0.2:
            return


def _resting(going: Going) -> Iterator[int]:
    """Yield the parts that the model may not play."""
    if going.instruments:
        cast = cast_of(going.ensemble)
        found = [part for part, player in enumerate(cast) if player.instrument in going.instruments]
        if not found:
            wanted = ", ".join(NAMES[code] for code in going.instruments)
            raise ValueError(f"ensemble {going.ensemble.name} has no part for {wanted}")
        yield from (part for part in range(len(cast)) if part not in found)


def _events(going: Going, rate: float) -> tuple[np.ndarray, int]:
    """Return the file as engine events, with its changes of tempo, and the frame at which it is over."""
    performance = going.performance
    events = performance_events(performance, rate, RESOLUTION)
    tempo = performance.tempo
    if going.start is None:
        over = int(events[-1, FRAME])
    else:
        end = float(tempo.quarters_at(performance.seconds))
        if going.start > end + LONGEST_REST:
            most = end + LONGEST_REST
            raise ValueError(f"the file ends at beat {end:.6g}: give at most {most:.6g} with --from")
        over = round(float(tempo.seconds_at(going.start)) * rate)
        events = events[events[:, FRAME] < over]
        if not (events[:, STATUS] & 0xF0 == NOTE_ON).any():
            raise ValueError("no note begins before the beat to go on from: give a later one with --from")
        events = ended(events, over)
    changes = np.zeros((len(tempo.bpm), ENTRIES), np.int64)
    changes[:, FRAME] = np.rint(tempo.seconds * rate)
    changes[:, PORT], changes[:, STATUS], changes[:, TICK] = CONTROL_PORT, Command.TEMPO, -1
    changes[:, DATA1] = np.rint(tempo.bpm * 1000)
    changes = changes[(changes[:, FRAME] > 0) & (changes[:, FRAME] <= over)]
    # What ends with the file ends a moment before, so that the first notes of what follows are there in time.
    events[:, FRAME] = np.minimum(events[:, FRAME], max(over - MARGIN_PERIODS * going.period, 0))
    events = np.concatenate([changes, events])
    return events[np.argsort(events[:, FRAME], kind="stable")], over


def _frames(performance: Performance, seconds: float, beats: float, rate: float) -> int:
    """Return how long ``beats`` last from a time on, at the tempo there."""
    tempo = performance.tempo
    stretch = max(int(np.searchsorted(tempo.seconds, seconds, "right")) - 1, 0)
    return round(beats * 60 / float(tempo.bpm[stretch]) * rate)
