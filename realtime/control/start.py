"""From ``--control`` to a served session: what is bound, who needs a token, and what the player is told."""

import os
from collections.abc import Callable
from pathlib import Path

from realtime.control.pipe import Setup
from realtime.control.runfile import Running, is_loopback, make_token, tell_running, token_path
from realtime.control.serving import Serving
from realtime.host.options import control_address
from realtime.host.session import Session

TRIES = 20
"""Ports that are tried, from the one that was asked for on."""


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
        self._notice = notice
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
        shown = "localhost" if is_loopback(self._address) else self._address
        address = f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"
        if self._made:
            address += f"?token={self._token}"
        kept = f" (the token is kept in {token_path()}, and not shown again)" if self._made else ""
        if self._token and not self._made:
            kept = f" (it asks for the token in {token_path()})"
        self._notice(f"{taken}the page: {address}{kept}")
        try:
            self._file = tell_running(Running(os.getpid(), self._address, port))
        except OSError as error:
            self._notice(f"concertino ctl needs --address {port}: {error}")

    def close(self) -> None:
        """End it."""
        if self.serving:
            self.serving.close()
        if self._file:
            self._file.unlink(missing_ok=True)
