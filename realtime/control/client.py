"""A running host, as a program of this user tells it things: HTTP requests, and its changes by WebSocket."""

import http.client
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec

from realtime.control.runfile import all_running, find_running, is_loopback, read_token
from realtime.control.values import difference
from realtime.host.options import control_address

TOKEN = "CONCERTINO_TOKEN"
"""Environment variable with the token of a host on another machine."""
ANSWER_SECONDS = 70.0
UNSPECIFIED = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class Remote:
    """A host that plays.

    Args:
        address: ``PORT`` or ``ADDRESS:PORT``; None: the one that was started last on this machine.

    Raises:
        OSError: there is none.
        ValueError: the address is wrong.
    """

    def __init__(self, address: str | None = None) -> None:
        if address is None:
            running = find_running()
            self.host, self.port = running.address, running.port
        else:
            where = control_address(address, "--address")
            if where is None:
                raise ValueError(f"--address {address!r}: give a port or ADDRESS:PORT")
            self.host, self.port = where
        self._token = os.environ.get(TOKEN) or (read_token() if self._asks_for_token() else None)
        self.host = UNSPECIFIED.get(self.host, self.host)

    def _asks_for_token(self) -> bool:
        """Return whether the host does: one that the network can reach, by whichever of its addresses."""
        if not is_loopback(self.host):
            return True
        return any(each.port == self.port and not is_loopback(each.address) for each in all_running())

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Any:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=ANSWER_SECONDS)
        headers = self._headers() | ({"Content-Type": "application/json"} if body is not None else {})
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            answer = msgspec.json.decode(response.read())
        except (OSError, http.client.HTTPException) as error:
            raise OSError(f"no host answers at {self.host}:{self.port} ({error})") from None
        except msgspec.MsgspecError:
            raise OSError(f"what answers at {self.host}:{self.port} is not Concertino") from None
        finally:
            connection.close()
        if response.status >= 400:
            raise ValueError(answer.get("error") or f"refused ({response.status})")
        return answer

    def everything(self) -> dict[str, Any]:
        """Return ``values`` and ``choices``, each by name."""
        return self._ask("GET", "/api")

    def get(self, name: str) -> Any:
        """Return the value of a control.

        Raises:
            ValueError: there is none of this name.
        """
        return self._ask("GET", f"/api/{quote(name)}")["value"]

    def set(self, name: str, value: Any, call: bool = False) -> Any:
        """Change a control, or call it; return its value.

        Raises:
            ValueError: it was refused.
        """
        body = None if call and value is None else msgspec.json.encode({"value": value})
        return self._ask("POST" if call else "PUT", f"/api/{quote(name)}", body)["value"]

    def changes(self) -> Iterator[tuple[str, Any]]:
        """Yield all values, and then each change, until the host ends; None for what is gone.

        Raises:
            OSError: the host does not answer.
        """
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect

        host = f"[{self.host}]" if ":" in self.host else self.host
        try:
            headers = self._headers()
            with connect(
                f"ws://{host}:{self.port}/ws", additional_headers=headers, compression=None
            ) as socket:
                known: dict[str, Any] = {}
                for text in socket:
                    message = msgspec.json.decode(text)
                    if message["type"] == "state":
                        yield from difference(known, message["values"]).items()
                        known = message["values"]
                    elif message["type"] == "change":
                        known[message["name"]] = message["value"]
                        yield message["name"], message["value"]
        except (OSError, WebSocketException) as error:
            raise OSError(f"{self.host}:{self.port} has ended or refuses ({error})") from None
