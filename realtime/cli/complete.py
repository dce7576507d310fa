"""What the shell completes after an option: names of ensembles, separators and ports.

For Typer's ``autocompletion``. Each one must be quick, and must not fail: an error would land in the
command line being typed.
"""

from collections.abc import Iterable

RULES = ("split:60", "channel")
AUDIO = ("jack", "portaudio", "file:", "null")
TEMPO = ("clock", "jack", "tap")


def ensemble_names(incomplete: str) -> list[str]:
    """Return the ensembles whose names begin with ``incomplete``."""
    from realtime.ensembles import library

    return _beginning(library.ensemble_names(), incomplete)


def model_names(incomplete: str) -> list[str]:
    """Return the models whose names begin with ``incomplete``; their files are not read."""
    from realtime.contract.library import search_path

    found = [path.parent.name for place in search_path() for path in place.glob("*/manifest.json")]
    return _beginning(dict.fromkeys(found), incomplete)


def separator_names(incomplete: str) -> list[str]:
    """Return the models that can separate parts, and a rule with its key."""
    return _beginning(dict.fromkeys([*model_names(incomplete), *RULES]), incomplete)


def midi_port_names(incomplete: str) -> list[str]:
    """Return the MIDI inputs that are there now, and ``virtual``."""
    from realtime.host import devices

    return _beginning([*devices.midi_inputs(), "virtual", "file:"], incomplete)


def audio_names(incomplete: str) -> list[str]:
    """Return where sound can go."""
    return _beginning(AUDIO, incomplete)


def tempo_names(incomplete: str) -> list[str]:
    """Return where the beat can come from, besides a number."""
    return _beginning(TEMPO, incomplete)


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
