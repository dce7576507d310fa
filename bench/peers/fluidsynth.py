"""FluidSynth's own player over JACK: the floor, since it has nothing to decide.

Rerun it beside the host: ``concertino bench peers fluidsynth``.
"""

import shutil
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from bench.child import Child, ChildError
from bench.performance import CONTROL_CHANGE, PROGRAM_CHANGE, perform
from bench.plan import Plan, Report
from bench.rig import Rig
from bench.sounds import OnsetSound
from bench.stretch import Stretch

PLAYER = "bench-fluidsynth"
GAIN = 0.4  # as the host's
START_SECONDS = 10.0
LINES = 4
"""Of what the player says; all of it could fill a disk."""


def require_player() -> None:
    """Check that there is something to compare with, before minutes are spent on the rest.

    Raises:
        OSError: it is not installed.
    """
    if shutil.which("fluidsynth") is None:
        raise OSError(
            "FluidSynth's own player is not installed: apt-get install fluidsynth, or give --no-baseline"
        )


class FluidSynthPlayer:
    """``fluidsynth -a jack -m jack`` with the same SoundFont, rate, gain and sound.

    Raises:
        OSError: it is not installed, or does not start.
    """

    def __init__(self, environment: Mapping[str, str], soundfont: Path, rate: float, program: int) -> None:
        require_player()
        settings = {
            "audio.jack.id": PLAYER,
            "midi.jack.id": PLAYER,
            "audio.jack.autoconnect": 0,
            "midi.autoconnect": 0,
        }
        self.ports = {"keys": f"{PLAYER}:midi_00", "left": f"{PLAYER}:left", "right": f"{PLAYER}:right"}
        self.preamble = [
            (PROGRAM_CHANGE, program, 0),
            *((CONTROL_CHANGE, number, value) for number, value in ((7, 127), (10, 127), (91, 0), (93, 0))),
        ]
        # Its shell reads from a pipe that stays open: the player lives as long as this process does.
        self.process = subprocess.Popen(
            [
                *("fluidsynth", "-q", "-a", "jack", "-m", "jack", "-r", f"{rate:.0f}", "-g", str(GAIN)),
                *(word for name, value in settings.items() for word in ("-o", f"{name}={value}")),
                str(soundfont),
            ],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._said: deque[str] = deque(maxlen=LINES)
        threading.Thread(target=self._listen, name="fluidsynth-log", daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stderr
        with self.process.stderr:
            self._said.extend(self.process.stderr)

    def wait(self, probe: Child) -> None:
        """Wait until its ports are there and its SoundFont is loaded.

        Raises:
            ChildError: it has ended, or takes too long.
        """
        deadline = time.monotonic() + START_SECONDS
        while not set(self.ports.values()) <= set(probe.ask("ports")["ports"]):
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = " ".join(line.strip() for line in self._said) or "it says nothing"
                raise ChildError(f"'fluidsynth -a jack -m jack' does not start: {said}")
            time.sleep(0.05)

    def __enter__(self) -> "FluidSynthPlayer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        try:
            self.process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def measure_floor(rig: Rig, plan: Plan, sound: OnsetSound, report: Report) -> dict[str, Any]:
    """Play the plan's notes on FluidSynth's player; return key to sound in all forms.

    Raises:
        OSError: it is not installed, or does not start.
    """
    segments = plan.segments() if not plan.soak_hours else [plan.notes]
    stretch = Stretch()
    with FluidSynthPlayer(rig.environment, plan.soundfont, rig.rate, sound.program) as player:
        rig.connect(player)
        rig.play(player, perform(plan.warm_up, rig.rate, plan.seed + 1000))
        for place, notes in enumerate(segments):
            done = sum(segments[:place])
            played = rig.play(
                player,
                perform(notes, rig.rate, plan.seed + place),
                progress=lambda n, done=done: report("notes on FluidSynth's player", done + n, sum(segments)),
            )
            stretch.add(played, rig.period)
    return stretch.summary(rig.rate, rig.period)
