"""python-rtmidi on the system's own MIDI or, where there is none, on JACK's: quiet, and safe when JACK dies.

rtmidi never tells that its JACK server has gone, and crashes when a port of that server is freed after a new
server has been found. So a client of our own watches the server, and such ports are never freed.
"""

import ctypes
import gc
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from realtime.drivers.base import abandon
from realtime.host.devices import quiet

rtmidi: Any = import_module("rtmidi")  # by name: a compiled module without type information

OWN_NAME = "concertino"
SETTLE_SECONDS = 0.05
"""Within this a callback that has begun ends."""
APIS = {
    "linux": (rtmidi.API_LINUX_ALSA,),
    "darwin": (rtmidi.API_MACOSX_CORE,),
    "win32": (rtmidi.API_WINDOWS_MM,),
}
JACK = rtmidi.API_UNIX_JACK
ERRORS = (rtmidi.RtMidiError, rtmidi.SystemError, RuntimeError, OSError)
VIRTUAL_ERRORS = (NotImplementedError, *ERRORS)
"""Also what rtmidi raises on Windows, which has no virtual ports."""


class MidiSystem:
    """Makes inputs and outputs of the first MIDI system that answers.

    Args:
        jack: try JACK's MIDI where the system has none, for hosts whose sound does not come from JACK.
    """

    def __init__(self, jack: bool = False) -> None:
        self._tried = APIS.get(sys.platform, ()) + ((JACK,) if jack else ())
        self._api: int | None = None
        self._server: Any = None
        self.find()

    @property
    def found(self) -> bool:
        """Whether there is a MIDI system."""
        return self._api is not None

    def find(self) -> bool:
        """Look for a MIDI system, if there is none yet; return whether there is one."""
        for api in self._tried if self._api is None else ():
            if api in rtmidi.get_compiled_api() and self._answers(api):
                self._api = api
                break
        return self.found

    def _answers(self, api: int) -> bool:
        if api == JACK and not self._watch_server():
            return False
        try:
            with quiet():
                rtmidi.MidiIn(api, OWN_NAME).delete()
        except ERRORS:
            return False
        return True

    def _watch_server(self) -> bool:
        try:
            from realtime.drivers.jack import ServerWatch

            self._server = ServerWatch(f"{OWN_NAME}-watch")
        except OSError:  # no server, or no libjack
            return False
        _silence_own_jack()
        return True

    def lost(self) -> bool:
        """Return whether the system has gone since the last call; its ports are then to be abandoned."""
        if self._server is None or not self._server.gone:
            return False
        self._api = None
        self._server.close()
        self._server = None
        return True

    def input(self) -> Any:
        """Return an rtmidi input that is not open yet.

        Raises:
            OSError: the system has gone.
        """
        return self._make(rtmidi.MidiIn)

    def output(self) -> Any:
        """Return an rtmidi output that is not open yet.

        Raises:
            OSError: the system has gone.
        """
        return self._make(rtmidi.MidiOut)

    def _make(self, kind: Any) -> Any:
        try:
            with quiet():
                return kind(self._api, OWN_NAME)
        except ERRORS as error:
            raise OSError(f"the MIDI system does not answer: {error}") from None

    def close(self, ports: list[Any]) -> None:
        """Close ``ports``, and look after the system no more."""
        if self._server is not None and self._server.gone:
            abandon(*ports)
        else:
            silence(*ports)
            for port in ports:
                port.close_port()
                port.delete()
        if self._server is not None:
            self._server.close()
            self._server = None


def silence(*inputs: Any) -> None:
    """Hear the inputs among ``inputs`` no more; only then may they be closed.

    rtmidi frees a callback although its thread may be about to call it, and JACK cancels that thread, or
    ALSA's waits for it, while we hold the interpreter that it waits for.
    """
    heard = [port for port in inputs if hasattr(port, "cancel_callback")]
    kept = [gc.get_referents(port) for port in heard]
    for port in heard:
        port.cancel_callback()
    if heard:
        time.sleep(SETTLE_SECONDS)
    kept.clear()


def _silence_own_jack() -> None:
    """Silence the copy of libjack that rtmidi's wheel carries."""
    from realtime.drivers import jack_callback

    handler = ctypes.c_void_p(jack_callback.on_message.address)
    for path in Path(rtmidi.__file__).parents[1].glob("python_rtmidi*/libjack*"):
        library = ctypes.CDLL(str(path))
        library.jack_set_error_function(handler)
        library.jack_set_info_function(handler)
