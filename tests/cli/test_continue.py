"""``concertino continue`` as a user calls it: the same music for the same words, or one sentence."""

import json
from pathlib import Path

import mido
import pytest
import soundfile

from realtime.cli.main import run
from tests.continuation.tiny import NAME, tiny_plugin
from tests.live import ROOT, SOUNDFONT

CHORALE = ROOT / "realtime" / "demo" / "chorale.mid"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the tiny continuation."""
    folder = tmp_path_factory.mktemp("models")
    tiny_plugin(folder, variants=("fp32",))
    return folder


@pytest.fixture(autouse=True)
def there(models: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CONCERTINO_MODELS", str(models))
    monkeypatch.setenv("CONCERTINO_SOUNDFONT", str(SOUNDFONT))
    monkeypatch.chdir(tmp_path)


def piece(path: str, notes: int = 16, channel: int = 0, program: int = 40, pedal: int | None = None) -> str:
    """Write a MIDI file of eighths, at 120 BPM; return its path."""
    track = mido.MidiTrack([mido.Message("program_change", channel=channel, program=program)])
    for number in range(notes):
        pitch = 60 + 5 * number % 13
        track.append(mido.Message("note_on", channel=channel, note=pitch, velocity=70))
        track.append(mido.Message("note_off", channel=channel, note=pitch, time=240))
        if number == pedal:
            track.append(mido.Message("control_change", channel=channel, control=67, value=127))
            track.append(mido.Message("control_change", channel=channel, control=67, value=0))
    mido.MidiFile(tracks=[track]).save(path)
    return path


def continued(*arguments: str) -> dict:
    common = ("--model", NAME, "--json", "out.json", "--period", "1024")
    assert run(["continue", *arguments, *common]) == 0
    return json.loads(Path("out.json").read_text())


def test_the_piece_goes_on_in_its_own_instruments_and_again_in_the_same_way(capfd):
    found = continued(piece("in.mid"), "--beats", "24", "-o", "a.mid", "--wav", "a.wav", "--rate", "22050")
    assert found["notes"]
    assert {note["part"] for note in found["notes"]} == {"violin 41"}
    assert {note["velocity"] for note in found["notes"]} == {70}
    assert all(8 <= note["beat"] < 32 and note["beat"] + note["beats"] <= 32.001 for note in found["notes"])
    assert found["counters"]["plan_late"] == found["counters"]["plan_refused"] == 0
    assert found["counters"]["notes_on"] == found["counters"]["notes_off"] == 16 + len(found["notes"])
    assert soundfile.info("a.wav").duration > 16
    on = [m for m in mido.MidiFile("a.mid") if m.type == "note_on" and m.velocity]
    assert len(on) == found["counters"]["notes_on"]
    assert continued("in.mid", "--beats", "24", "-o", "b.mid", "--wav", "b.wav", "--rate", "22050") == found
    assert Path("a.mid").read_bytes() == Path("b.mid").read_bytes()
    assert Path("a.wav").read_bytes() == Path("b.wav").read_bytes()
    assert continued("in.mid", "--beats", "24", "--seed", "1")["notes"] != found["notes"]
    assert "Traceback" not in capfd.readouterr().err


def test_it_goes_on_from_any_beat_on_the_instruments_that_are_asked_for():
    found = continued(piece("in.mid"), "--from", "4", "--beats", "24", "--instruments", "flute,cello")
    assert found["notes"]
    assert {note["part"] for note in found["notes"]} <= {"flute 74", "cello 43"}
    assert min(note["beat"] for note in found["notes"]) >= 4
    assert found["counters"]["notes_on"] == 8 + len(found["notes"])


def upbeat(path: str, silence: int = 0) -> str:
    """Write eighths at 480 ticks to a beat that begin with an upbeat, after some beats of silence."""
    track = mido.MidiTrack([mido.Message("program_change", program=40)])
    for number in range(16):
        wait = 0 if number else silence * 480 + 240
        track.append(mido.Message("note_on", note=60 + 5 * number % 13, velocity=70, time=wait))
        track.append(mido.Message("note_off", note=60 + 5 * number % 13, time=240))
    mido.MidiFile(tracks=[track], ticks_per_beat=480).save(path)
    return path


@pytest.mark.parametrize("silence", [0, 1, 13])
def test_beats_are_the_files_also_where_it_does_not_begin_on_one(silence):
    found = continued(upbeat("in.mid", silence), "--beats", "24", "-o", "o.mid")
    end = silence + 8.5
    assert all(end <= note["beat"] < end + 24 for note in found["notes"])
    # On the twelfths of the file's beat, as the model wrote them.
    assert all(abs(note["beat"] * 12 - round(note["beat"] * 12)) < 1e-4 for note in found["notes"])
    written = mido.MidiFile("o.mid")
    at, seconds = [], 0.0
    for message in written:
        seconds += message.time
        if message.type == "note_on" and message.velocity:
            at.append(2 * seconds)
    assert at[:16] == pytest.approx([silence + 0.5 + number / 2 for number in range(16)], abs=0.01)
    assert sorted(at[16:]) == pytest.approx(sorted(note["beat"] for note in found["notes"]), abs=0.01)
    again = continued("in.mid", "--beats", "24", "--from", str(silence + 4))
    assert min(note["beat"] for note in again["notes"]) >= silence + 4
    assert again["counters"]["notes_on"] == 7 + len(again["notes"])


def test_an_ensemble_plays_the_file_and_a_pedal_in_it_begins_the_models_turn():
    found = continued(
        piece("in.mid", pedal=7), "--ensemble", "string-quartet", "--separator", "zone", "--beats", "2"
    )
    assert all(note["beat"] <= 5 for note in found["notes"] if note["beat"] < 8), "a key takes it back"
    assert {note["part"] for note in found["notes"]} <= {"Violin I", "Violin II", "Viola", "Cello"}


@pytest.mark.parametrize(
    ("made", "options"),
    [
        ({"notes": 1}, ()),
        ({"notes": 150}, ()),
        ({"program": 122}, ("--instruments", "flute")),
        ({"program": 127}, ("--ensemble", "string-quartet", "--separator", "zone")),
    ],
)
def test_an_odd_piece_gives_music(made, options):
    found = continued(piece("in.mid", **made), "--beats", "12", "--temperature", "5", *options)
    assert found["counters"]["planned"] == len(found["notes"])


def test_beyond_the_likeliest_code_nothing_is_drawn_at_the_highest_threshold():
    made, told = piece("in.mid"), ("--beats", "12", "--temperature", "5")
    narrow = [continued(made, *told, "--threshold", "1", "--seed", seed)["notes"] for seed in ("1", "2")]
    assert narrow[0] == narrow[1]
    assert narrow[0] == continued(made, "--beats", "12", "--temperature", "0")["notes"]
    assert narrow[0] != continued(made, *told)["notes"]


WRONG = {
    "drums.mid -o o.mid": "drums.mid: holds percussion only",
    "empty.mid -o o.mid": "empty.mid: holds no notes",
    "effects.mid -o o.mid": "effects.mid: the model knows none of its instruments (effects): name "
    "what it is to play, such as --instruments flute,cello, or choose an --ensemble",
    "in.mid -o o.mid --from 1000": "the file ends at beat 2: give at most 66 with --from",
    "absent.mid -o o.mid": "absent.mid: No such file",
    "in.mid": "nothing to write: give -o OUT.mid",
    "late.mid -o o.mid --from 1": "no note begins before the beat to go on from",
    "in.mid -o o.mid --instruments flut": "no instrument is called 'flut'; did you mean flute?",
    "in.mid -o o.mid --ensemble choir --instruments tuba": "ensemble choir has no part for tuba",
    "in.mid -o o.mid --separator zone": "--separator chooses parts of an ensemble",
    "in.mid -o o.mid --turns solo": "mode 'solo': choose continue, trade, accompany",
    "in.mid -o o.mid --model zone": "model zone can't go on from music: it is a separator",
    f"in.mid -o o.mid --model {NAME}:fp8": f"model {NAME} has no variant 'fp8': choose fp32",
    "in.mid -o absent/o.mid": "absent",
    "in.mid -o o.mp3": "-o o.mp3: only MIDI files are written here",
    "in.mid --wav o.mp3": "--wav o.mp3: only WAV files are written here",
}


@pytest.mark.parametrize("arguments", WRONG)
def test_what_is_wrong_is_one_sentence(arguments, capfd):
    piece("in.mid", 4)
    piece("drums.mid", channel=9)
    piece("empty.mid", 0)
    piece("effects.mid", 4, program=122)
    track = mido.MidiTrack(
        [mido.Message("note_on", note=60, time=960), mido.Message("note_off", note=60, time=9)]
    )
    mido.MidiFile(tracks=[track]).save("late.mid")
    if "--model" not in arguments:
        arguments += f" --model {NAME}"
    assert run(["continue", *arguments.split()]) in (1, 2)
    said = capfd.readouterr().err
    assert WRONG[arguments.removesuffix(f" --model {NAME}")] in said
    assert said.count("\n") == 1
    assert not Path("o.mid").exists()
