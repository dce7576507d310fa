"""Whether everything that playing needs is there: the machine, its devices, and what is played on it."""

import os
from collections.abc import Iterator
from pathlib import Path

from realtime.contract.library import list_plugins, shipped_folder
from realtime.ensembles.library import survey_ensembles, user_folder
from realtime.host.devices import Devices, list_devices
from realtime.host.engine import CHANNEL
from realtime.host.soundfont import SoundFontError, find_soundfont
from realtime.host.system import Finding, check_system


def check_all() -> Iterator[Finding]:
    """Yield all findings of ``concertino doctor``; the first ones come before slow checks are made."""
    yield from check_system()
    yield from device_findings(list_devices())
    yield soundfont_finding()
    yield from model_findings()
    yield from ensemble_findings()


def can_play(findings: list[Finding]) -> bool:
    """Return whether no finding is a problem."""
    return all(finding.level != "problem" for finding in findings)


def device_findings(devices: Devices) -> Iterator[Finding]:
    """Yield what there is to play to and from."""
    servers = [device for device in devices.audio if device.system == "jack"]
    if servers:
        text = f"{servers[0].rate:.0f} Hz, {servers[0].name}"
        if servers[0].realtime is False:
            advice = "Start it with -R: without, any busy program delays the sound, and notes go by a rule."
            yield Finding("JACK server", "note", f"{text}, without real-time priority", advice)
        else:
            yield Finding("JACK server", "ok", text)
    elif _pipewire_runs():
        advice = "Install pipewire-jack, or start the host as 'pw-jack concertino play'."
        yield Finding("JACK server", "note", "PipeWire runs, but its JACK is not reached", advice)
    else:
        text = devices.absent.get("jack", "none is running")
        yield Finding("JACK server", "ok", f"{text}; --audio portaudio needs none")
    if devices.audio:
        names = dict.fromkeys(f"{device.name} [{device.system}]" for device in devices.audio)
        yield Finding("audio output", "ok", "; ".join(names))
    else:
        advice = "Connect a sound card or start JACK; until then, play writes a WAV file."
        yield Finding("audio output", "note", "none was found", advice)
    keyboards = dict.fromkeys(port.name for port in devices.midi if port.direction == "input")
    if keyboards:
        yield Finding("MIDI input", "ok", "; ".join(keyboards))
    else:
        if "midi" not in devices.absent:
            advice = "Connect a keyboard, or use --midi-in virtual"
        elif servers:  # JACK has MIDI of its own
            advice = "Connect a keyboard to JACK, or play on the page"
        else:  # and no virtual port either
            advice = "Play on the page or a file (--midi-in file:PATH), or start JACK with a keyboard"
        advice += "; without one, play shows a demonstration."
        yield Finding("MIDI input", "note", devices.absent.get("midi", "none was found"), advice)


def soundfont_finding() -> Finding:
    """Return the SoundFont that would be played."""
    try:
        path = find_soundfont()
    except (SoundFontError, OSError) as error:
        return Finding(
            "SoundFont", "problem", str(error), "Install one, or name another by CONCERTINO_SOUNDFONT."
        )
    return Finding("SoundFont", "ok", f"{path} ({path.stat().st_size / 1e6:.0f} MB)")


def model_findings() -> Iterator[Finding]:
    """Yield the models that can be used, and one note for each that can't."""
    listings = list_plugins()
    names = [listing.name for listing in listings if listing.plugin and not listing.shadowed]
    if names:
        yield Finding("models", "ok", ", ".join(names))
    else:
        advice = "Run 'git checkout exported_models' in the repository, or install Concertino again."
        yield Finding("models", "problem", f"none was found, not even in {shipped_folder()}", advice)
    for listing in listings:
        if listing.error:
            advice = f"Remove {listing.folder}, or add the model again with 'concertino models add'."
            yield Finding("models", "note", str(listing.error), advice)


def ensemble_findings() -> Iterator[Finding]:
    """Yield the ensembles that can be played, and one note for each file that can't."""
    survey = survey_ensembles()
    names = ", ".join(ensemble.name for ensemble in survey.ensembles)
    if names:
        yield Finding("ensembles", "ok", f"{names}; your own go to {user_folder()}")
    else:
        yield Finding("ensembles", "problem", "none can be played", "Install Concertino again.")
    models = {listing.name for listing in list_plugins() if listing.plugin}
    for ensemble in survey.ensembles:
        for wanted in filter(None, dict.fromkeys((ensemble.separator, ensemble.offline))):
            model = wanted.partition(":")[0]
            if model not in models | {CHANNEL}:
                advice = "Add it with 'concertino models add', or choose another with --separator."
                text = f"{ensemble.name}: its separator {model} is not installed"
                yield Finding("ensembles", "note", text, advice)
    for path, problem in survey.problems.items():
        yield Finding("ensembles", "note", str(problem), f"Correct or remove {path}.")


def _pipewire_runs() -> bool:
    folder = os.environ.get("XDG_RUNTIME_DIR")
    return bool(folder) and (Path(folder or "") / "pipewire-0").exists()
