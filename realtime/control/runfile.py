"""Where a running host is found, and the token that it asks for beyond this machine."""

import ipaddress
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import platformdirs
import psutil
from msgspec import Struct

TOKEN_BYTES = 24
PREFIX = "control-"


class Running(Struct, frozen=True):
    """A host that can be told things."""

    pid: int
    address: str
    port: int


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
    """Yield this user's hosts that run on this machine, the one that was started last first."""
    files = sorted(_folder().glob(f"{PREFIX}*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in files:
        try:
            running = msgspec.json.decode(path.read_bytes(), type=Running)
        except (msgspec.MsgspecError, OSError):
            continue
        if psutil.pid_exists(running.pid):
            yield running


def find_running() -> Running:
    """Return the host that was started last and still runs.

    Raises:
        OSError: there is none.
    """
    for running in all_running():
        return running
    raise OSError("no concertino play that can be told anything runs here: start one, or give --address")
