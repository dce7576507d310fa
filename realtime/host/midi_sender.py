"""Sends the parts' events on the system's MIDI, for drivers that have no MIDI of their own."""

import numpy as np

from realtime.engine.codes import LOG_CHANNEL, LOG_DATA1, LOG_DATA2, LOG_KIND, LOG_STATUS, PARTS, Log
from realtime.host.midi_ports import MidiOutputs

TWO_BYTES = (0xC0, 0xD0)
SONG_POSITION = 0xF2


class MidiSender:
    """A listener of the engine's log that sends each part's events as they come.

    Args:
        ports: where to.
        state: the engine's state, for the parts' channels.
    """

    def __init__(self, ports: MidiOutputs, state: np.void) -> None:
        self.ports, self.state = ports, state

    def __call__(self, log: np.ndarray) -> None:
        """Send what the parts played since the last call."""
        for row in log[np.isin(log[:, LOG_KIND], (Log.OUTPUT, Log.CLOCK))]:
            channel, status = int(row[LOG_CHANNEL]), int(row[LOG_STATUS])
            if row[LOG_KIND] == Log.CLOCK:
                more = [int(row[LOG_DATA1]), int(row[LOG_DATA2])] if status == SONG_POSITION else []
                self.ports.send_all([status, *more])
                continue
            message = [status | int(self.state["part_midi_channel"][channel]), int(row[LOG_DATA1])]
            if status not in TWO_BYTES:
                message.append(int(row[LOG_DATA2]))
            self.ports.send(channel % PARTS, message)

    def close(self) -> None:
        """Close the ports."""
        self.ports.close()
