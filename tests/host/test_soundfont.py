import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.host import soundfont
from realtime.host.soundfont import RECORD_BYTES, SoundFontError, check_soundfont, find_soundfont


def chunk(kind: bytes, content: bytes) -> bytes:
    return kind + len(content).to_bytes(4, "little") + content


def sample(start: int, end: int, kind: int) -> bytes:
    name = b"Flute".ljust(20, b"\0")
    return (
        name
        + start.to_bytes(4, "little")
        + end.to_bytes(4, "little")
        + bytes(16)
        + kind.to_bytes(2, "little")
    )


def small(shdr: bytes = sample(0, 50, 1), **tables: bytes) -> bytes:
    """A SoundFont of 100 bytes of samples and one record besides the terminator in each table."""
    records = {kind: bytes(2 * size) for kind, size in RECORD_BYTES.items()}
    records[b"shdr"] = shdr + bytes(RECORD_BYTES[b"shdr"])
    records |= {kind.encode(): content for kind, content in tables.items()}
    sdta = chunk(b"LIST", b"sdta" + chunk(b"smpl", bytes(100)))
    pdta = chunk(b"LIST", b"pdta" + b"".join(chunk(kind, content) for kind, content in records.items()))
    return chunk(b"RIFF", b"sfbk" + chunk(b"LIST", b"INFO") + sdta + pdta)


@pytest.fixture
def file(tmp_path):
    def file(content: bytes) -> Path:
        path = tmp_path / "a.sf2"
        path.write_bytes(content)
        return path

    return file


@pytest.fixture
def alone(monkeypatch):
    """No SoundFont is installed on the system, and none is named by the environment."""
    monkeypatch.setattr(soundfont, "SYSTEM", {})
    monkeypatch.delenv("CONCERTINO_SOUNDFONT", raising=False)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a SoundFont"),
        (b"RIFF\x04\0\0\0WAVE", "not a SoundFont"),
        (small()[:-1], "cut short: 1 of its"),
        (small()[:300], "cut short"),
        (chunk(b"RIFF", b"sfbk"), "it has no sdta chunk"),
        (small(phdr=bytes(38)), "it holds no presets"),
        (small(pgen=bytes(3)), "its pgen table has 3 bytes"),
        (small(inst=b""), "its inst table has 0 bytes"),
        (small(sample(0, 51, 1)), "sample 'Flute' lies outside of the sample data"),
        (small(sample(9, 8, 1)), "sample 'Flute' lies outside"),
        (small(sample(0, 101, 0x11)), "sample 'Flute' lies outside"),
    ],
)
def test_a_damaged_soundfont_is_refused_with_its_reason(file, content, reason):
    path = file(content)
    with pytest.raises(SoundFontError) as refused:
        find_soundfont(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert reason in str(refused.value)


def test_compressed_samples_are_counted_in_bytes(file):
    check_soundfont(file(small(sample(0, 100, 0x11))))


@given(place=st.integers(0, len(small()) - 1), value=st.integers(0, 255))
def test_no_damage_raises_anything_but_a_refusal(tmp_path_factory, place, value):
    path = tmp_path_factory.mktemp("sf") / "a.sf2"
    content = bytearray(small())
    content[place] = value
    path.write_bytes(content)
    try:
        check_soundfont(path)
    except SoundFontError:
        return


def test_one_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        find_soundfont(tmp_path / "absent.sf2")


def test_the_environment_names_one(alone, file, monkeypatch):
    path = file(small())
    monkeypatch.setenv("CONCERTINO_SOUNDFONT", str(path))
    assert find_soundfont() == path


def test_the_first_whole_one_of_the_system_is_played(alone, file, monkeypatch, tmp_path):
    cut = tmp_path / "cut.sf2"
    cut.write_bytes(small()[:-5])
    whole = file(small())
    monkeypatch.setattr(soundfont, "SYSTEM", {sys.platform: ("/absent.sf2", str(cut), str(whole))})
    assert find_soundfont() == whole


def test_the_one_inside_pretty_midi_is_the_last_resort(alone):
    assert find_soundfont().name == "TimGM6mb.sf2"


def test_no_soundfont_at_all_says_what_to_install(alone, monkeypatch):
    monkeypatch.setattr(soundfont.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SoundFontError, match="install fluidr3mono-gm-soundfont"):
        find_soundfont()


def test_finding_one_imports_neither_pretty_midi_nor_numpy():
    script = "import sys; from realtime.host.soundfont import find_soundfont; find_soundfont()\n"
    script += "assert not {'pretty_midi', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[2])


@pytest.mark.parametrize("path", list(soundfont.installed_soundfonts()), ids=lambda path: path.name)
def test_those_that_are_installed_here_are_whole(path):
    check_soundfont(path)


def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    """To open a pipe into which nobody writes would wait for ever, and with it all that is loaded."""
    os.mkfifo(tmp_path / "pipe.sf2")
    for path in (tmp_path / "pipe.sf2", tmp_path):
        with pytest.raises(SoundFontError, match="no file but a folder, pipe or device"):
            check_soundfont(path)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="this system has no /proc")
def test_a_file_that_can_not_be_read_is_named():
    with pytest.raises(SoundFontError, match=r"^/proc/self/mem: can't be read: Input/output error$"):
        check_soundfont(Path("/proc/self/mem"))
