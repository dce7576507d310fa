"""The host's end of the control interface: starts the server's process, answers it, tells it what happens.

If that process ends or hangs, the host plays on: keys held on the page are let go, and another one takes over
the same port.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from realtime.control import pipe
from realtime.control.answers import Answers
from realtime.control.controller import Controller
from realtime.control.keys import PageKeys
from realtime.control.meters import Meters
from realtime.control.outbox import Outbox
from realtime.control.roll import Roll
from realtime.control.sound import FORMATS, Heard
from realtime.host.session import Session

MANY = 1024
"""If more messages wait for the server, what is only to be seen is left out."""
TICK_SECONDS = 1 / 60
POLL_TICKS, LEVEL_TICKS, LATENCY_TICKS = 6, 3, 30
HUNG_SECONDS = 10.0
"""How long a server that says nothing, not even that it lives, is left alone."""
START_SECONDS = 30.0
RESTART_SECONDS = 1.0
ENDED = "the control interface ended at its start; CONCERTINO_DEBUG=1 shows why"
COMMAND = [sys.executable, "-m", "realtime.control.server"]


class Serving:
    """Serves one session; ``start`` it after the session, ``close`` it before.

    Args:
        session: what is served.
        setup: how.
        notice: told what a player should know, in sentences.
        on_ready: told the port, once.
    """

    def __init__(
        self,
        session: Session,
        setup: pipe.Setup,
        notice: Callable[[str], None],
        on_ready: Callable[[int], None] = lambda port: None,
    ) -> None:
        self.session, self.setup, self.notice, self._on_ready = session, setup, notice, on_ready
        self.controller = Controller(session)
        self.roll = Roll(session.engine.rate)
        self.keys = PageKeys(session.engine.link)
        self.restarts = 0
        self.visited = False
        """Whether there was a client."""
        self._meters = Meters(session, self.roll)
        self._outbox: Outbox | None = None
        self._answers = Answers(self.controller, self._send, notice)
        self._process: subprocess.Popen[bytes] | None = None
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._served: pipe.Ready | None = None
        self._listen = pipe.Listen(0, [])
        self._end_hearing: Callable[[], None] | None = None
        self._telling = threading.Lock()
        """Taken for as long as messages take to be queued, so that what is told stays in order."""
        self._changes: dict[str, Any] = {}
        """What has changed; told with the next message, at the latest in a tick."""
        self._sound = Heard()
        self._stale = False
        self._heard_at = 0.0
        """When the server last said something; 0: it has said nothing yet."""
        self._threads = [
            threading.Thread(target=run, name=f"control-{run.__name__.strip('_')}", daemon=True)
            for run in (self._serve, self._tick, self._answers.work)
        ]

    def start(self) -> None:
        """Begin to serve, and go on at once; the notice of where comes when it is known."""
        self.session.listeners.append(self.roll)
        self.session.occupied = lambda: self.visited
        self.controller.subscribe(self._changed)
        self.controller.on_renewal = self._renew
        if self.session.presets:
            self.session.presets.on_change = self._renew
        for thread in self._threads:
            thread.start()

    def wait(self) -> int:
        """Return the port, once it is known.

        Raises:
            OSError: there is none to be had.
        """
        if not self._ready.wait(START_SECONDS):
            raise OSError("the control interface does not start; --control off plays without it")
        if self._served is None or self._served.error:
            raise OSError(self._served.error if self._served else ENDED)
        return self._served.port

    # the server's process

    def _serve(self) -> None:
        self.controller.look_for_choices()
        while not self._stop.is_set():
            began = time.monotonic()
            self._serve_once()
            self._forget_clients()
            if self._served is None or self._served.error:
                if not self._stop.is_set():
                    self.notice(self._served.error if self._served and self._served.error else ENDED)
                self._ready.set()
                return
            if not self._stop.is_set():
                self.restarts += 1
                self._stop.wait(max(RESTART_SECONDS - (time.monotonic() - began), 0.0))

    def _serve_once(self) -> None:
        """Run one server process until it ends."""
        quiet = None if self.setup.debug else subprocess.DEVNULL
        process = subprocess.Popen(  # a session of its own: Ctrl-C is the host's
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=quiet, start_new_session=True
        )
        assert process.stdin
        assert process.stdout
        outbox = Outbox(process.stdin)  # type: ignore[arg-type]
        outbox.put(pipe.packed(self.setup))
        self._outbox, self._process = outbox, process
        self._send_state()
        for message in pipe.messages(process.stdout.fileno(), pipe.FromServer):
            self._heard_at = time.monotonic()
            try:
                self._take(message)
            except Exception as error:
                self.notice(f"a defect of the control interface: {error!r}; playing goes on")
        self._heard_at = 0.0
        process.kill()
        process.wait()
        outbox.close()

    def _send(self, *needed: pipe.FromHost, seen: Sequence[pipe.FromHost] = ()) -> None:
        """Hand over messages as one: each that wakes the other process costs more than what it says.

        Args:
            needed: messages.
            seen: further ones, which are left out where too many wait.
        """
        with self._telling:
            changes, self._changes = self._changes, {}
            outbox = self._outbox
            told = (pipe.Changed(changes),) if changes else ()
            late = outbox is None or outbox.waiting > MANY
            data = b"".join(map(pipe.packed, (*told, *needed, *(() if late else seen))))
            if outbox:
                outbox.put(data)

    def _send_state(self, client: int = 0) -> None:
        values, choices = self.controller.snapshot(), self.controller.choices()
        sounding, seconds = self.roll.sounding(), self._meters.seconds()
        self._send(pipe.State(values, choices, sounding, seconds, client))

    def _changed(self, values: dict[str, Any]) -> None:
        if values.keys() & {"ensemble", "parts"}:  # all of it in one message: no client sees half an ensemble
            self._send_state()
            self._renew()
        else:
            with self._telling:
                self._changes |= values

    def _renew(self) -> None:
        self._stale = True
        self._answers.do(self._look_for_choices)

    def _look_for_choices(self) -> None:
        if self.controller.look_for_choices():
            self._stale = True

    # what the server asks

    def _take(self, message: pipe.FromServer) -> None:
        if isinstance(message, pipe.Key):
            self.keys.play(message.client, message.data)
        elif isinstance(message, pipe.Ask):
            self._answers.ask(message)
        elif isinstance(message, pipe.Joined):
            self._send_state(message.client)
        elif isinstance(message, pipe.Gone):
            self.keys.let_go(message.client)
        elif isinstance(message, pipe.Listen):
            self._heed(message)
        elif isinstance(message, pipe.Ready):
            self._found(message)

    def _found(self, ready: pipe.Ready) -> None:
        """Take the first word of a server."""
        if self._served is None:
            self._served = ready
            if ready.port:
                self._on_ready(ready.port)
            self._ready.set()
        if ready.port:  # the next one takes the same port
            self.setup = msgspec.structs.replace(self.setup, port=ready.port, tries=1)

    def _heed(self, listen: pipe.Listen) -> None:
        if listen == self._listen:
            return
        self._listen = listen
        self.visited = self.visited or listen.watching > 0
        heard = any(name in FORMATS for name in listen.formats)
        if self._end_hearing and not heard:
            self._end_hearing()
            self._end_hearing = None
        elif heard and not self._end_hearing:
            self._end_hearing = self.session.hear(self._sound.take)

    def _forget_clients(self) -> None:
        self._heed(pipe.Listen(0, []))
        self.keys.let_all_go()

    # what happens

    def _tick(self) -> None:
        count, defects = 0, set[str]()
        while not self._stop.wait(TICK_SECONDS):
            count += 1
            try:
                self._tell(count)
            except Exception as error:  # whatever is wrong with one thing, the next tick shows the others
                if repr(error) not in defects:
                    defects.add(repr(error))
                    self.notice(f"a defect of the control interface: {error!r}; playing goes on")
            if self._heard_at and time.monotonic() - self._heard_at > HUNG_SECONDS and self._process:
                self._heard_at = 0.0
                self._process.kill()

    def _tell(self, count: int) -> None:
        """Tell what has changed, and what is shown in the tick of this number."""
        if count % POLL_TICKS == 0:
            self.controller.poll()
        if self._stale:
            self._stale = False
            self._send_state()
        self._send(seen=[*self._sound.told(self._listen.formats), *self._seen(count)])

    def _seen(self, count: int) -> list[pipe.FromHost]:
        """Return what is shown in the tick of this number."""
        due = (
            (True, self._meters.notes),
            (count % LEVEL_TICKS == 0, self._meters.levels),
            (count % LATENCY_TICKS == 0, self._meters.latency),
        )
        watched = self._listen.watching > 0
        texts = [text(watched) for is_due, text in due if is_due]
        return [pipe.Broadcast(text, self._meters.seconds()) for text in texts if text]

    def say(self, text: str) -> None:
        """Show a sentence to everyone on the page."""
        if self._ready.is_set():
            said = msgspec.json.encode({"type": "notice", "text": text}).decode()
            self._send(seen=[pipe.Broadcast(said, self._meters.seconds())])

    def close(self) -> None:
        """End the server and let go of what its clients hold."""
        self._stop.set()
        if self._process:
            self._process.kill()
        self._answers.close()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout=5)
        if self.roll in self.session.listeners:
            self.session.listeners.remove(self.roll)
