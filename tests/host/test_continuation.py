"""A whole session with a model in its process: what it plays live is what it plays offline."""

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime.continuation.draft import Planned
from realtime.continuation.messages import Model
from realtime.continuation.settings import Mode, Settings
from realtime.control.controller import Controller
from realtime.engine.codes import (
    LOG_CHANNEL,
    LOG_DATA1,
    LOG_KIND,
    LOG_SOURCE,
    LOG_STATUS,
    PARTS,
    PLAN_PORT,
    Log,
)
from realtime.ensembles.library import find_ensemble
from realtime.host.continuation import find_model
from realtime.host.going_on import Going, go_on
from realtime.host.options import Options
from realtime.host.session import Session
from realtime.music.mmt.representation import FIELDS
from realtime.music.mmt.sampling import Sampling
from realtime.music.smf import read_performance
from realtime.music.smf_write import MESSAGE, PartTrack, write_parts
from tests.continuation.tiny import NAME, tiny_plugin
from tests.live import ROOT, SOUNDFONT, wait_until

BPM = 240
NOTE_ON, NOTE_OFF, CONTROL = 0x90, 0x80, 0xB0


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the tiny continuation."""
    folder = tmp_path_factory.mktemp("models")
    tiny_plugin(folder, variants=("fp32",))
    return folder


@pytest.fixture(autouse=True)
def there(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCERTINO_MODELS", str(models))


class Live:
    """A session without a device, and what its engine logged."""

    def __init__(self, midi_in: str = "no keyboard", **turns) -> None:
        self.said: list[str] = []
        options = Options(
            ensemble="string-quartet",
            audio="null",
            midi_in=midi_in,
            separator="zone",
            soundfont=SOUNDFONT,
            tempo=str(BPM),
            continuation=NAME,
            turns=turns,
        )
        self.session = Session(options, self.said.append)
        self.logs: list[np.ndarray] = []
        self.session.listeners.append(self.logs.append)
        self.session.start()
        assert self.session.continuation
        self.continuation = self.session.continuation
        wait_until(lambda: self.continuation.status().state != "starting")

    def send(self, status: int, data1: int, data2: int = 0) -> None:
        assert self.session.engine.link.send(0, status, data1, data2)

    def planned(self) -> list[tuple[int, int]]:
        """Return part and key of the model's notes."""
        if not self.logs:
            return []
        log = np.concatenate(self.logs)
        own = (log[:, LOG_KIND] == Log.INPUT) & (log[:, LOG_SOURCE] == PLAN_PORT)
        notes = log[own & (log[:, LOG_STATUS] & 0xF0 == NOTE_ON)]
        return [(int(row[LOG_STATUS]) & 0x0F, int(row[LOG_DATA1])) for row in notes]

    def decided(self) -> list[int]:
        """Return the parts that the player's notes went to."""
        log = np.concatenate([np.zeros((0, 8), np.int64), *self.logs])
        return (log[log[:, LOG_KIND] == Log.DECISION][:, LOG_CHANNEL] % PARTS).tolist()

    def sounding(self) -> int:
        return int(self.session.engine.state["note_count"])

    def __enter__(self) -> "Live":
        return self

    def __exit__(self, *_: object) -> None:
        self.summary = self.session.close()


def phrase(live: Live) -> None:
    for pitch in (50, 57, 62, 69):
        live.send(NOTE_ON, pitch, 80)
        time.sleep(0.05)
        live.send(NOTE_OFF, pitch)


def test_the_pedal_begins_a_key_ends_and_the_summary_tells():
    with Live() as live:
        phrase(live)
        live.send(CONTROL, 67, 127)
        live.send(CONTROL, 67, 0)
        wait_until(lambda: len(live.planned()) > 2)
        assert live.continuation.status().state == "playing"
        live.send(NOTE_ON, 60, 80)
        wait_until(lambda: live.continuation.status().state == "listening" and live.sounding() == 1)
        live.send(NOTE_OFF, 60)
        wait_until(lambda: live.sounding() == 0)
        live.continuation.trigger()
        wait_until(lambda: live.continuation.status().triggers == 2)
        live.continuation.set_mode("trade")
        assert live.continuation.status().state == "listening"
        live.continuation.set(temperature=0.5, bars=1)
        control = Controller(live.session)
        wanted = {"mode": "trade", "temperature": 0.5, "bars": 1, "silence_beats": 0.0}
        for name, value in wanted.items():
            assert control.get(f"continuation/{name}") == control.saved()[f"continuation/{name}"] == value
        with pytest.raises(ValueError, match="bars is 0"):
            live.continuation.set(bars=0)
        pid = live.continuation.pid
    assert pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    told = live.summary["continuation"]
    assert told["triggers"] == 2
    assert told["notes"] >= 3
    assert told["restarts"] == 0
    assert live.session.engine.state["note_count"] == 0  # the summary tells what sounded when it was stopped
    assert live.summary["counters"]["notes_on"] == live.summary["counters"]["notes_off"]


def test_a_player_is_accompanied_by_the_parts_that_the_keys_do_not_play():
    """Also where the separator gives notes to all parts: the keys play one, and the model the others."""
    with Live(mode="accompany") as live:
        phrase(live)
        live.continuation.trigger()
        wait_until(lambda: live.session.engine.state["kept_to"] != -1)
        begun = len(live.decided())
        assert len(set(live.decided())) > 1
        wait_until(lambda: phrase(live) or len(live.planned()) > 3)
        (lead,) = set(live.decided()[begun:])
        assert lead not in {part for part, _ in live.planned()}
        live.continuation.take_back()
        ended = len(live.decided())
        wait_until(lambda: live.session.engine.state["kept_to"] == -1)
        phrase(live)
        wait_until(lambda: len(set(live.decided()[ended:])) > 1)


def test_the_same_events_give_the_same_notes_live_and_offline(tmp_path):
    """A file, then silence: the model's first notes on the stage are those that ``continue`` writes."""
    played = np.zeros(16, MESSAGE)
    for place in range(8):
        pitch = (50, 57, 62, 69)[place % 4]
        played[2 * place] = (place * 0.25, NOTE_ON, pitch, 80)
        played[2 * place + 1] = (place * 0.25 + 0.2, NOTE_OFF, pitch, 0)
    path = tmp_path / "in.mid"
    write_parts(path, [PartTrack("keyboard", 0, None, played)], BPM)
    with Live(f"file:{path}", silence_beats=2.0, seed=5) as live:
        wait_until(lambda: len(live.planned()) >= 5)
        lively = live.planned()[:5]
    setting = Settings(mode=Mode.CONTINUE, silence_beats=2.0, seed=5)
    going = Going(
        find_ensemble("string-quartet"),
        read_performance(path),
        find_model(f"{NAME}:fp32", threads=1),
        setting,
        beats=64.0,
        separator="zone",
        start=11.0,
    )
    gone = go_on(going, None, None, None, live.said.append)
    assert [(note.part, note.key) for note in gone.notes][:5] == lively


def test_what_was_chosen_for_a_model_is_how_it_plays_until_the_player_sets_something(
    models, tmp_path, monkeypatch
):
    def chosen(temperature: float) -> Model:
        """Return the model, for which a temperature was chosen."""
        monkeypatch.setenv("CONCERTINO_MODELS", str(tmp_path))
        folder = Path(shutil.copytree(models / NAME, tmp_path / NAME, dirs_exist_ok=True))
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["metrics"] |= {f"sampling_temperature_{field}": temperature for field in FIELDS}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        return find_model(f"{NAME}:fp32", threads=1)

    def played(model: Model, **values: Any) -> list[Planned]:
        chorale = read_performance(ROOT / "realtime" / "demo" / "chorale.mid")
        going = Going(find_ensemble("string-quartet"), chorale, model, Settings(**values), 64, "zone", 4.0)
        return go_on(going, None, None, None, print).notes

    published = find_model(f"{NAME}:fp32", threads=1)
    assert published.sampling == Sampling()
    assert played(chosen(0.0)) == played(published, temperature=0.0)
    assert played(chosen(2.0), temperature=0.5) == played(published) != played(chosen(2.0))


def test_a_model_that_is_broken_is_one_sentence_and_playing_goes_on(models, tmp_path, monkeypatch):
    folder = tmp_path / NAME
    folder.mkdir()
    for each in (models / NAME).iterdir():
        (folder / each.name).write_bytes(each.read_bytes())
    monkeypatch.setenv("CONCERTINO_MODELS", str(tmp_path))
    with Live() as live:
        graph = next(folder.glob("*.onnx"))
        graph.write_bytes(graph.read_bytes()[:2000])
        os.kill(live.continuation.pid or 0, 9)
        wait_until(lambda: live.continuation.status().state == "off")
        live.send(NOTE_ON, 60, 80)
        wait_until(lambda: live.sounding() == 1)
        live.send(NOTE_OFF, 60)
        wait_until(lambda: live.sounding() == 0)
    (sentence,) = [text for text in live.said if text.startswith("no continuation: ")]
    assert sentence.endswith("; playing goes on")
