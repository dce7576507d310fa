"""Slots and synths that have been left and may still sound: each is freed when it no longer does."""

from realtime.engine.codes import PARTS, Command, Counter
from realtime.host.engine import Engine
from realtime.host.slots import Slot


class Departing:
    """What is on its way out of an engine; true while that is anything. One thread at a time calls it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._left: dict[int, Slot] = {}
        self._unplugging: set[int] = set()
        self._asked: dict[int, int] = {}

    def __bool__(self) -> bool:
        return bool(self._left)

    def add(self, slot: Slot) -> None:
        """Have a slot freed as soon as nothing sounds on it."""
        self._left[slot.index] = slot

    def tidy(self) -> list[int]:
        """Free what no longer sounds, without waiting; return the numbers of the slots that are free now."""
        state, freed = self._engine.state, []
        for index, slot in tuple(self._left.items()):
            if state["slot_parts"][index] == 0:
                self._free(slot)
                freed.append(index)
            elif self._is_silent(slot) and self._asked.get(index) != state["counters"][Counter.PERIODS]:
                # Not again before the audio thread has had a period: its server may be gone for long.
                self._asked[index] = int(state["counters"][Counter.PERIODS])
                self._engine.link.command(Command.FREE, index, int(state["slot_generation"][index]))
        for number in tuple(self._unplugging):
            if state["synth"][number] == 0:
                self._unplugging.remove(number)
                self._engine.synths.pop(number).close()
        return freed

    def _is_silent(self, slot: Slot) -> bool:
        state = self._engine.state
        if state["slot"] == slot.index or state["channel_notes"][slot.index * PARTS :][:PARTS].any():
            return False
        return slot.synth <= 0 or not state["synth_awake"][slot.synth]

    def _free(self, slot: Slot) -> None:
        engine = self._engine
        del self._left[slot.index]
        self._asked.pop(slot.index, None)
        engine.taken.discard(slot.index)
        used = {each.synth for each in engine.slots if each.index in engine.taken}
        if slot.synth > 0 and slot.synth not in used:
            self._unplugging.add(slot.synth)
            engine.link.command(Command.UNPLUG, slot.synth)
