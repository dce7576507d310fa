"""Where a running host is found, and the token that it asks for beyond this machine."""

import ipaddress
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import platformdirs
import psutil
from msgspec import Struct

TOKEN_BYTES = 24
PREFIX = "control-"
SAME_SECONDS = 2.0
"""How exactly a process's beginning is known: some systems tell it from the clock as it is set now."""


class Running(Struct, frozen=True):
    """A host that can be told things."""

    pid: int
    address: str
    port: int
    began: float = 0.0
    """When its process began, by the system's clock: a process id is used again."""

    def runs(self) -> bool:
        """Return whether its process still runs."""
        if not self.began:  # a host of an older version
            return psutil.pid_exists(self.pid)
        try:
            return abs(psutil.Process(self.pid).create_time() - self.began) < SAME_SECONDS
        except psutil.NoSuchProcess:
            return False
        except psutil.Error:  # it is there, and not ours to look at
            return True


def running_here(address: str, port: int) -> Running:
    """Return what is to be known of this process, which serves ``port``."""
    return Running(os.getpid(), address, port, psutil.Process().create_time())


def is_loopback(address: str) -> bool:
    """Return whether only this machine can reach ``address``."""
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return address == "localhost"


def _write(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # of mode 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def token_path() -> Path:
    """Return the file of the token; it need not exist."""
    return platformdirs.user_config_path("concertino") / "token"


def read_token() -> str | None:
    """Return the token of this user's hosts; None where none was made yet."""
    try:
        return token_path().read_text().strip() or None
    except OSError:
        return None


def make_token() -> tuple[str, bool]:
    """Return the token, and whether it was made just now: then it is to be shown.

    Raises:
        OSError: its file can't be written.
    """
    if known := read_token():
        return known, False
    made = secrets.token_urlsafe(TOKEN_BYTES)
    _write(token_path(), made + "\n")
    return made, True


def _folder() -> Path:
    return platformdirs.user_state_path("concertino")


def tell_running(running: Running) -> Path:
    """Leave word where this host is found; return the file, to be removed at the end.

    Raises:
        OSError: it can't be written.
    """
    path = _folder() / f"{PREFIX}{running.port}.json"
    _write(path, msgspec.json.encode(running).decode())
    return path


def all_running() -> Iterator[Running]:
    """Yield this user's hosts that run on this machine, the one that was started last first.

    What those left that were killed is removed.
    """
    for path in sorted(_folder().glob(f"{PREFIX}*.json"), key=_written_at, reverse=True):
        try:
            running = msgspec.json.decode(path.read_bytes(), type=Running)
        except (msgspec.MsgspecError, OSError):
            continue
        if running.runs():
            yield running
        else:  # it was killed
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # gone meanwhile
        return 0.0


def find_running() -> Running:
    """Return the host that was started last and still runs.

    Raises:
        OSError: there is none.
    """
    for running in all_running():
        return running
    raise OSError("no concertino play that can be told anything runs here: start one, or give --address")
