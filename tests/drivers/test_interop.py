"""With programs that no one here wrote: Csound plays a MIDI file, others record what the host makes of it."""

import re
import signal
import subprocess
import time
from contextlib import suppress
from itertools import chain, pairwise
from pathlib import Path

import librosa
import mido
import numpy as np
import pytest

from tests.live import ROOT, Host, environment, jack_server, needs, wait_until

CHORALE = ROOT / "realtime" / "demo" / "chorale.mid"
FASTER = 3
HOP = 512
TAKES = 4
PERIOD = 512  # shorter, a busy machine misses some; longer, Csound's notes move too far
PARTS = ("1 Soprano", "2 Alto", "3 Tenor", "4 Bass")
PLAYER = """
<CsoundSynthesizer>
<CsOptions>
-odac -+rtaudio=jack -+rtmidi=jack -Qconcertino:midi_in -F {file} -m0 -d --sample-rate=48000 --ksmps=32
-b{period} -B{buffer}
</CsOptions>
<CsInstruments>
nchnls = 2
0dbfs = 1
massign 0, 1
instr 1
  midion midichn(), notnum(), veloc()
endin
</CsInstruments>
<CsScore>
f0 120
</CsScore>
</CsoundSynthesizer>
"""

pytestmark = [pytest.mark.jack, needs("jackd", "csound", "jack_capture", "jack_midi_dump")]


def faster(path: Path) -> Path:
    """Write the chorale with its tempo scaled; return the file."""
    file = mido.MidiFile(CHORALE)
    for track in file.tracks:
        for message in track:
            if message.type == "set_tempo":
                message.tempo //= FASTER
    file.save(path)
    return path


def written_notes(path: Path) -> list[tuple[float, float, int]]:
    """Return start, end and pitch of each note of a file."""
    held: dict[tuple[int, int], float] = {}
    notes, now = [], 0.0
    for message in mido.MidiFile(path):
        now += message.time
        if message.type == "note_on" and message.velocity:
            held[message.channel, message.note] = now
        elif message.type in ("note_on", "note_off"):
            notes.append((held.pop((message.channel, message.note)), now, message.note))
    return sorted(notes)


def dumped_notes(path: Path) -> list[int]:
    """Return the pitches of the note-ons that jack_midi_dump has printed."""
    return [int(pitch, 16) for pitch in re.findall(r": 9[0-9a-f] ([0-9a-f]{2}) (?!00)", path.read_text())]


def connect(source: str, target: str) -> None:
    wait_until(lambda: subprocess.run(["jack_connect", source, target], capture_output=True).returncode == 0)


def chords(notes: list[tuple[float, float, int]]) -> list[tuple[float, float, np.ndarray]]:
    """Return the stretches of at least 0.15 s in which no note begins or ends, with their pitch classes."""
    times = sorted({round(time, 4) for begin, end, _ in notes for time in (begin, end)})
    found = []
    for begin, end in pairwise(times):
        sounding = {pitch % 12 for on, off, pitch in notes if on < begin + 0.01 and off > end - 0.01}
        if end - begin >= 0.15 and sounding:
            found.append((begin, end, np.isin(np.arange(12), list(sounding)).astype(float)))
    return found


def agreement(
    chroma: np.ndarray, frame_rate: float, notes: list[tuple[float, float, int]], shift: float
) -> float:
    """Return the mean cosine between what is heard (chroma, shape (12, frames)) and what is written."""
    cosines = []
    for begin, end, written in chords(notes):
        # From the middle on: before that, the chord before still rings.
        first, last = (int((time + shift) * frame_rate) for time in ((begin + end) / 2, end))
        heard = chroma[:, first : last + 1].mean(axis=1)
        cosines.append(heard @ written / (np.linalg.norm(heard) * np.linalg.norm(written) + 1e-9))
    return float(np.mean(cosines))


def record(monkeypatch, tmp_path, file, count):
    """Have Csound play a file to a host; return what the dumps and the recorder took, and the summary."""
    player = tmp_path / "player.csd"
    player.write_text(PLAYER.format(file=file, period=PERIOD, buffer=4 * PERIOD))
    sound_path, running = tmp_path / "sound.wav", []
    with (
        jack_server(monkeypatch, PERIOD),
        Host(tmp_path, "--audio", "jack", "--midi-in", "virtual", "--midi-out", "each") as host,
    ):
        try:
            dumps = [tmp_path / f"{part[0]}.txt" for part in PARTS]
            for part, dump in zip(PARTS, dumps, strict=True):
                with dump.open("w") as out:
                    running.append(
                        subprocess.Popen(["stdbuf", "-oL", "jack_midi_dump", f"dump{part[0]}"], stdout=out)
                    )
                connect(f"concertino:{part}", f"dump{part[0]}:input")
            capture = [
                "jack_capture",
                "-c",
                "2",
                "-b",
                "24",
                "-p",
                "concertino:left",
                "-p",
                "concertino:right",
            ]
            recorder = subprocess.Popen(
                [*capture, "--no-stdin", str(sound_path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            running.append(recorder)
            wait_until(lambda: sound_path.exists())
            running.append(
                subprocess.Popen(
                    ["csound", str(player)],
                    env=environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            with suppress(AssertionError):  # what is missing is seen below
                wait_until(lambda: sum(len(dumped_notes(dump)) for dump in dumps) >= count, 45)
            time.sleep(1)  # what still rings
            recorder.send_signal(signal.SIGINT)
            recorder.wait(20)
            summary = host.stop()
        finally:
            for process in running:
                process.kill()
                process.wait()
    return [dumped_notes(dump) for dump in dumps], sound_path, summary


def test_csound_plays_a_chorale_and_each_note_comes_out_of_one_part(monkeypatch, tmp_path):
    file = faster(tmp_path / "chorale.mid")
    notes = written_notes(file)
    for take in range(TAKES):
        folder = tmp_path / str(take)
        folder.mkdir()
        heard, sound_path, summary = record(monkeypatch, folder, file, len(notes))
        if sum(map(len, heard)) == len(notes) or not summary["xruns"]:
            break  # in a period that the machine misses, JACK loses what the dumps were to be given
    assert sorted(chain(*heard)) == sorted(pitch for _, _, pitch in notes)
    assert list(summary["notes"].values()) == [len(part) for part in heard]
    assert all(len(part) > len(notes) / 8 for part in heard)  # as bach-lstm and the rules all do it
    sound, rate = librosa.load(sound_path, sr=None)
    assert np.abs(sound).max() > 0.02
    onsets = librosa.onset.onset_detect(y=sound, sr=rate, units="time", backtrack=True)
    shift = onsets[0] - notes[0][0]
    chroma = librosa.feature.chroma_cqt(y=sound, sr=rate, hop_length=HOP, norm=None)
    agreements = [
        agreement(chroma, rate / HOP, [(on, off, pitch + by) for on, off, pitch in notes], shift)
        for by in range(12)
    ]
    assert agreements[0] > 0.75
    assert agreements[0] > max(agreements[1:]) + 0.2
