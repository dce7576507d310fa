"""From ``--control`` to a served session: what is bound, who needs a token, and what the player is told."""

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

from realtime.control.pipe import Setup
from realtime.control.runfile import is_loopback, make_token, running_here, tell_running, token_path
from realtime.control.serving import Serving
from realtime.host.options import control_address
from realtime.host.session import Session

ELSEWHERE = ("192.0.2.1", 9)
"""No machine has this address (RFC 5737)."""
TRIES = 20
"""Ports that are tried, from the one that was asked for on."""


def shown_address(address: str) -> str:
    """Return how a browser finds a server that is bound to ``address``."""
    if is_loopback(address):
        return "localhost"
    if address not in ("0.0.0.0", "::"):
        return address
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as towards:
            towards.connect(ELSEWHERE)  # nothing is sent: the system only says by which address it would be
            return towards.getsockname()[0]
    except OSError:
        return socket.gethostname()


def check_address(text: str) -> None:
    """Check, before the session begins, that this machine can be reached as ``--control`` says.

    A port that is taken is none of its business: another one serves then.

    Raises:
        ValueError: ``text`` is wrong, or names no address or port that can be had here.
    """
    where = control_address(text)
    if where is None:
        return
    try:
        with socket.socket(
            socket.AF_INET6 if ":" in where[0] else socket.AF_INET, socket.SOCK_DGRAM
        ) as probe:
            probe.bind(where)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            why = (error.strerror or str(error)).lower()
            advice = "give a port, ADDRESS:PORT with an address of this machine, or off"
            raise ValueError(f"--control {text}: can't be served ({why}); {advice}") from None


class Control:
    """The control interface of one session, as ``play`` has it.

    Args:
        session: what is served; it has started.
        text: ``--control``.
        notice: told where the page is, in a sentence.

    Raises:
        ValueError: ``text`` is wrong.
        OSError: a token is needed and can't be kept.
    """

    def __init__(self, session: Session, text: str, notice: Callable[[str], None]) -> None:
        self.serving: Serving | None = None
        self._file: Path | None = None
        self._session, self._notice = session, notice
        where = control_address(text)
        if where is None:
            return
        self._address, self._port = where
        self._token, self._made = None, False
        if not is_loopback(self._address):
            self._token, self._made = make_token()
        debug = os.environ.get("CONCERTINO_DEBUG") == "1"
        tries, takes = TRIES if self._port else 1, str(session.take_folder)
        setup = Setup(self._address, self._port, tries, self._token, takes, debug)
        self.serving = Serving(session, setup, notice, self._ready)
        self.serving.start()

    def _ready(self, port: int) -> None:
        taken = f"port {self._port} is taken; " if self._port not in (0, port) else ""
        shown = shown_address(self._address)
        address = f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"
        if self._made:
            address += f"?token={self._token}"
            hint = f" (the token is kept in {token_path()}, and not shown again)"
        elif self._token:
            hint = f" (it asks for the token in {token_path()})"
        else:
            silent = self._session.driver.name == "no device" or not self._session.keyboards()
            hint = " (open it to play and hear)" if silent else ""
        self._notice(f"{taken}the page: {address}{hint}")
        try:
            self._file = tell_running(running_here(self._address, port))
        except OSError as error:
            self._notice(f"concertino ctl needs --address {port}: {error}")

    def say(self, text: str) -> None:
        """Show a sentence to everyone on the page."""
        if self.serving:
            self.serving.say(text)

    def close(self) -> None:
        """End it."""
        if self.serving:
            self.serving.close()
        if self._file:
            self._file.unlink(missing_ok=True)
