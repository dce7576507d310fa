"""The host's end of the rings: send events to the audio thread, read what happened."""

import threading
from collections.abc import Iterable

import numpy as np

from realtime.engine.codes import CONTROL_PORT, PLANNED_FOR, PORT, Command, Sync
from realtime.engine.rings import listen, pop, push
from realtime.host.semaphore import Semaphore, make_semaphore

BATCH = 4096


class Link:
    """Talks to a running engine. Senders may be any threads; each kind of reader must be one."""

    def __init__(self, state: np.void) -> None:
        self.state = state
        self._sync = int(self.state["sync"].ctypes.data)  # once: NumPy takes microseconds to tell
        self._sending = threading.Lock()  # the rings have one writer each: the host's threads take turns
        self._entries = np.zeros((BATCH, 8), np.int64)
        self._frames = np.zeros((BATCH, 2), np.float32)
        self._listener: Semaphore | None = None
        self._heard = 0
        self._uncaptured = 0
        """Frames so far that were not handed over as sound."""

    def _word(self, which: Sync) -> int:
        return self._sync + 64 * which

    def send(self, port: int, status: int, data1: int = 0, data2: int = 0, stamp: int = 0) -> bool:
        """Send one event to be played at once; return whether there was room.

        Args:
            port: input port, or ``CONTROL_PORT`` for a command.
            status: status byte of a MIDI message, or the command.
            data1: first data byte, or the command's value.
            data2: second data byte.
            stamp: time of arrival in ns of the engine's clock; 0: now.
        """
        entry = np.array([[0, port, status, data1, data2, -1, stamp, 0]], np.int64)
        with self._sending:
            done = push(
                self._word(Sync.CONTROL_HEAD), self._word(Sync.CONTROL_TAIL), self.state["control"], entry
            )
        return done == 1

    def command(self, what: Command, value: int = 0, more: int = 0) -> bool:
        """Tell the engine to do something; ``value`` and ``more`` are the command's data1 and data2."""
        return self.send(CONTROL_PORT, int(what), value, more)

    def forget_played(self) -> None:
        """Drop the events that wait to be played, and keep the commands; no audio thread runs meanwhile."""
        sync, ring = self.state["sync"], self.state["control"]
        with self._sending:
            head, tail = int(sync[8 * Sync.CONTROL_HEAD]), int(sync[8 * Sync.CONTROL_TAIL])
            waiting = ring[np.arange(tail, head) % len(ring)]
            kept = waiting[waiting[:, PORT] == CONTROL_PORT]
            ring[np.arange(tail, tail + len(kept)) % len(ring)] = kept
            sync[8 * Sync.CONTROL_HEAD] = tail + len(kept)

    def waiting(self) -> int:
        """Return how many events and commands the audio thread has not taken yet."""
        sync = self.state["sync"]
        return int(sync[8 * Sync.CONTROL_HEAD] - sync[8 * Sync.CONTROL_TAIL])

    def schedule(self, entries: np.ndarray) -> int:
        """Append events with absolute frames, in time order; return how many there was room for.

        Args:
            entries: int64, shape (n, ENTRIES), columns as in ``engine.codes``.
        """
        with self._sending:
            return push(
                self._word(Sync.SCHEDULE_HEAD),
                self._word(Sync.SCHEDULE_TAIL),
                self.state["schedule"],
                entries,
            )

    def scheduled(self) -> int:
        """Return how many scheduled events are still to come."""
        sync = self.state["sync"]
        return int(sync[8 * Sync.SCHEDULE_HEAD] - sync[8 * Sync.SCHEDULE_TAIL])

    def plan(self, entries: np.ndarray) -> int:
        """Append notes to be sounded later by parts of the ensemble; return how many there was room for.

        What there was no room for is to be given again. Rows are in time order, also against those given
        before; a key of a part is one note at a time, so its end comes before its next beginning. A note that
        is late is left out, and a generation that was taken back as well; see ``engine.plan``.

        Args:
            entries: int64, shape (n, ENTRIES): FRAME absolute or ``AT_ONCE``, PORT ``PLAN_PORT``, STATUS 0x90
                or 0x80 with the part, DATA1 the pitch, DATA2 the velocity, GENERATION, and in PLANNED_FOR the
                slot of the ensemble plus 1; 0 there is taken as the ensemble that plays now.
        """
        stamped = entries.copy()
        unsaid = stamped[:, PLANNED_FOR] == 0
        stamped[unsaid, PLANNED_FOR] = int(self.state["slot"]) + 1
        with self._sending:
            return push(self._word(Sync.PLAN_HEAD), self._word(Sync.PLAN_TAIL), self.state["plan"], stamped)

    def planned(self) -> int:
        """Return how many planned events are still to come."""
        sync = self.state["sync"]
        return int(sync[8 * Sync.PLAN_HEAD] - sync[8 * Sync.PLAN_TAIL])

    def take_back(self, generation: int, frame: int = 0) -> bool:
        """Drop what was planned in generations before this one; return whether there was room to ask.

        Give it before the first event of the new generation.

        Args:
            generation: the oldest that still counts.
            frame: 0: from now on, and planned notes that sound end now. Else an absolute frame: what is due
                from there on is dropped, and what sounds goes on; its ends are to be planned anew.
        """
        return self.command(Command.TAKE_BACK, generation, frame)

    def keep_to(self, parts: Iterable[int]) -> bool:
        """Have what is played go to these parts alone (none: to all); return whether there was room to ask.

        It holds until another ensemble plays. What is planned may go to any part.
        """
        return self.command(Command.KEEP_TO, sum(1 << part for part in parts) or -1)

    def wait_for_input(self, timeout: float) -> bool:
        """Wait for something to be played; return whether something was since the last call.

        That is any event but the planned ones and MIDI clock, a panic or a switch of ensembles. It returns
        at the end of the event's period, when the log has it. One thread may wait.

        Args:
            timeout: s.

        Raises:
            OSError: the system has no semaphores.
        """
        if self._listener is None:
            self._listener = make_semaphore(self.state, "listener")
        if listen(self._word(Sync.LISTENING), self._word(Sync.HEARD)) == self._heard:
            self._listener.wait_for(timeout)
        heard = int(self.state["sync"][8 * Sync.HEARD])
        came, self._heard = heard != self._heard, heard
        return came

    def unread(self) -> int:
        """Return how many entries of what happened are waiting to be read."""
        sync = self.state["sync"]
        return int(sync[8 * Sync.LOG_HEAD] - sync[8 * Sync.LOG_TAIL])

    def read_log(self) -> np.ndarray:
        """Return what happened since the last call: int64, shape (n, 8), columns as in ``engine.codes``."""
        parts = []
        while True:
            count = pop(
                self._word(Sync.LOG_HEAD), self._word(Sync.LOG_TAIL), self.state["log"], self._entries
            )
            parts.append(self._entries[:count].copy())
            if count < BATCH:
                return np.concatenate(parts)

    def sound_frame(self) -> int:
        """Return the engine's frame of the sound that ``read_sound`` gives next."""
        sync = self.state["sync"]
        while True:
            frame = int(self.state["frame"])
            head, tail = int(sync[8 * Sync.CAPTURE_HEAD]), int(sync[8 * Sync.CAPTURE_TAIL])
            if frame == self.state["frame"]:
                break
        # The audio thread may have handed over a period and not counted its frames yet: then this is less
        # than before. Otherwise it only grows, where a period is not handed over.
        self._uncaptured = max(self._uncaptured, frame - head)
        return self._uncaptured + tail

    def read_sound(self) -> np.ndarray:
        """Return captured sound since the last call: float32, shape (frames, 2), at most ``BATCH`` frames."""
        count = pop(
            self._word(Sync.CAPTURE_HEAD), self._word(Sync.CAPTURE_TAIL), self.state["capture"], self._frames
        )
        return self._frames[:count].copy()
