"""A private JACK server on the dummy driver: for the benchmark, and for tests that need a real server."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

import filelock
import psutil

START_SECONDS = 10.0
TURN_SECONDS, SILENT_SECONDS = 240.0, 1.0
"""How long another's server is waited for, and how long without a word."""
PREFIX = "concertino"
SHARED = Path("/dev/shm")
REGISTRY = SHARED / "jack-shm-registry"


class JackServerError(OSError):
    """The server can't be started; the message says why."""


class JackServer:
    """``with JackServer(period=128) as server``: clients started with ``server.environment`` use it.

    One runs at a time, whichever process makes them: all servers of a user share a registry and a database,
    and while one comes or goes, the clients of another are refused, or crash (seen with JACK 1.9.21).

    Start it on a thread that lives as long as it shall: on Linux the server ends with that thread.

    Args:
        period: frames a period.
        rate: frames a second.
        realtime: ask for SCHED_FIFO; falls back to normal scheduling where that is refused.
        name: server name; default: unique to this process.
    """

    _count = 0
    _at_turn: "JackServer | None" = None
    """The server of this process that runs."""

    def __init__(
        self, period: int = 128, rate: int = 48000, realtime: bool = True, name: str | None = None
    ) -> None:
        JackServer._count += 1
        self.name = name or f"{PREFIX}-{os.getpid()}-{JackServer._count}"
        self.period, self.rate, self.realtime = period, rate, realtime
        self._killed = False
        self._turn: filelock.BaseFileLock | None = None
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Environment in which clients find this server and start no other."""
        return {**os.environ, "JACK_DEFAULT_SERVER": self.name, "JACK_NO_START_SERVER": "1"}

    def start(self) -> "JackServer":
        """Start the server, when it is its turn, and wait until it takes clients.

        Raises:
            JackServerError: jackd is not installed, does not come up, or another benchmark's keeps running.
        """
        if shutil.which("jackd") is None:
            raise JackServerError("jackd is not installed: apt-get install jackd2")
        self._take_turn()
        try:
            # JACK has room for 8 servers; those that were killed keep their place until one takes their name.
            for name in (self.name, *abandoned_servers()):
                self.name = name
                for realtime in [True, False] if self.realtime else [False]:
                    if self._try(realtime):
                        self.realtime = realtime
                        return self
            raise JackServerError("jackd does not start: run 'jackd -d dummy' by hand to see why")
        except BaseException:  # also where the user interrupts: nobody else would stop it
            self._end(signal.SIGTERM)
            self._end_turn()
            raise

    def _take_turn(self) -> None:
        if self._turn:  # it was killed, and comes back
            return
        if JackServer._at_turn:
            raise JackServerError("this process has a JACK server running: stop it before it starts another")
        turn = filelock.FileLock(_turn_file(), thread_local=False)
        try:
            turn.acquire(timeout=SILENT_SECONDS)
        except filelock.Timeout:
            others = ", ".join(map(str, _makers())) or "unknown"
            print(f"waiting for the JACK server of another benchmark (process {others})", file=sys.stderr)
            try:
                turn.acquire(timeout=TURN_SECONDS)
            except filelock.Timeout:
                raise JackServerError(
                    f"another benchmark (process {others}) has had a JACK server running for "
                    f"{TURN_SECONDS:.0f} s: end it first"
                ) from None
        self._turn, JackServer._at_turn = turn, self

    def _end_turn(self) -> None:
        if self._turn:
            self._turn.release()
            self._turn = JackServer._at_turn = None

    def _try(self, realtime: bool) -> bool:
        mode = ["-R", "-P", "70"] if realtime else ["-r"]
        form = ["-r", str(self.rate), "-p", str(self.period)]
        # A benchmark that is killed outright must not leave its server behind.
        dying = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        command = [*dying, "jackd", "-n", self.name, *mode, "-d", "dummy", *form]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self.environment,
            start_new_session=True,
        )
        wait = ["jack_wait", "-s", self.name, "-w", "-t", "1"]  # and look again whether jackd lives
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            done = subprocess.run(
                wait, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
            )
            if done.returncode == 0 and self.process.poll() is None:
                self._killed = False
                return True
        self._end(signal.SIGTERM)
        return False

    def kill(self) -> None:
        """Kill the server at once, as a crash would; ``start`` brings it back under its name."""
        self._end(signal.SIGKILL)
        self._killed = True

    def stop(self) -> None:
        """Stop the server and clean up what it leaves in shared memory."""
        try:
            if self._killed and self._turn and self.process is None:
                self._try(self.realtime)  # to end as servers should, which frees its place
            self._end(signal.SIGTERM)
        finally:
            self._end_turn()

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None
        for left in SHARED.glob(f"*{self.name}_*") if SHARED.exists() else []:
            left.unlink(missing_ok=True) if left.is_file() else shutil.rmtree(left, ignore_errors=True)

    def __enter__(self) -> "JackServer":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _turn_file() -> Path:
    folder = SHARED if SHARED.exists() else Path(tempfile.gettempdir())
    return folder / f"{PREFIX}-jack-{os.getuid()}.lock"  # as JACK's registry, for each user


def _registered() -> list[tuple[str, int]]:
    """Return the names of our servers in JACK's registry, and the process that made each."""
    try:
        registry = REGISTRY.read_bytes()
    except OSError:
        return []
    found = re.findall(rb"jack-%d:(%b-([0-9]+)-[0-9]+):" % (os.getuid(), PREFIX.encode()), registry)
    return [(name.decode(), int(maker)) for name, maker in found]


def _makers() -> list[int]:
    return [maker for _, maker in _registered() if psutil.pid_exists(maker)]


def abandoned_servers() -> list[str]:
    """Return the names of our servers in JACK's registry whose maker has ended without stopping them.

    A maker that lives may be about to bring its server back: another in its place would take it away.
    """
    return [name for name, maker in _registered() if not psutil.pid_exists(maker)]
