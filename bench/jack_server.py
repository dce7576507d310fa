"""A private JACK server on the dummy driver: for the benchmark, and for tests that need a real server."""

import getpass
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

import filelock
import psutil

START_SECONDS = 10.0
TURN_SECONDS = 240.0
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

    def __init__(
        self, period: int = 128, rate: int = 48000, realtime: bool = True, name: str | None = None
    ) -> None:
        JackServer._count += 1
        self.name = name or f"{PREFIX}-{os.getpid()}-{JackServer._count}"
        self.period, self.rate, self.realtime = period, rate, realtime
        self._killed = False
        self._turn = filelock.FileLock(_turn_file(), timeout=TURN_SECONDS, thread_local=False)
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
        # JACK has room for 8 servers, and those that were killed keep their place until one takes their name.
        for name in (self.name, *abandoned_servers()):
            self.name = name
            for realtime in [True, False] if self.realtime else [False]:
                if self._try(realtime):
                    self.realtime = realtime
                    return self
        self._turn.release()
        raise JackServerError("jackd does not start: run 'jackd -d dummy' by hand to see why")

    def _take_turn(self) -> None:
        if self._turn.is_locked:  # it was killed, and comes back
            return
        try:
            self._turn.acquire()
        except filelock.Timeout:
            raise JackServerError(
                f"another benchmark has had a JACK server running for {TURN_SECONDS:.0f} s: end it first"
            ) from None

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
        if self._killed and self.process is None:
            self._try(self.realtime)  # to end as servers should, which frees its place
        self._end(signal.SIGTERM)
        self._turn.release()

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
    return folder / f"{PREFIX}-jack-{getpass.getuser()}.lock"


def abandoned_servers() -> list[str]:
    """Return the names of our servers in JACK's registry whose maker has ended without stopping them.

    A maker that lives may be about to bring its server back: another in its place would take it away.
    """
    try:
        registry = REGISTRY.read_bytes()
    except OSError:
        return []
    found = re.findall(rb"jack-%d:(%b-([0-9]+)-[0-9]+):" % (os.getuid(), PREFIX.encode()), registry)
    return [name.decode() for name, maker in found if not psutil.pid_exists(int(maker))]
