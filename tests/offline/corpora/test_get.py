"""Sources are fetched from git repositories that the tests make, and converted."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from offline.corpora import fetch as fetch_module
from offline.corpora import get as module
from offline.corpora.catalog import CORPORA
from offline.corpora.check import check_corpus
from offline.corpora.checksums import sums_file
from offline.corpora.get import get_corpus, get_source
from offline.corpora.load import load_corpus
from offline.corpora.midi import read_sheet
from offline.corpora.recipes import RECIPES, ascii_name, engraving, lied, movement, quartet
from offline.corpora.sources import FREEDOOM, LIEDER, MUTOPIA, NES, QUARTETS, read_facts
from tests.offline.corpora.conftest import tune, write_midi, write_quartet

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
BAND = CORPORA["band"]


def _git(folder: Path, *words: str) -> str:
    identity = {
        f"GIT_{who}_{what}": "test@example.org"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    done = subprocess.run(
        ["git", *words], cwd=folder, env=os.environ | identity, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit(folder: Path) -> str:
    """Commit all files of a folder to a repository there; return the commit's id."""
    _git(folder, "init", "--quiet")
    _git(folder, "config", "uploadpack.allowFilter", "true")
    _git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "music")
    return _git(folder, "rev-parse", "HEAD")


def two_hands(path: Path, seed: int) -> Path:
    return write_midi(path, [("", 0, 0, tune(seed)), ("", 33, 1, tune(seed + 1))])


@pytest.fixture
def freedoom(tmp_path):
    """A repository like Freedoom's with two tunes, and a later commit that drops one."""
    folder = tmp_path / "freedoom"
    for place, name in enumerate(("d_e1m1", "d_e1m2")):
        two_hands(folder / "musics" / f"{name}.mid", place)
    (folder / "COPYING.adoc").write_text("free", "utf-8")
    (folder / "levels.wad").write_bytes(bytes(1000))
    source = replace(FREEDOOM, repository=folder.as_uri(), commit=commit(folder))
    (folder / "musics" / "d_e1m2.mid").unlink()
    commit(folder)
    return source


def test_the_named_commit_is_fetched_and_indexed_with_its_notices(freedoom, tmp_path):
    data = tmp_path / "data"
    folder = get_source(freedoom, data, progress=False)
    assert sorted(p.name for p in folder.rglob("*.mid")) == ["d_e1m1.mid", "d_e1m2.mid"]
    assert (folder / "COPYING.adoc").read_text("utf-8") == "free"
    facts = read_facts(folder)
    assert {path.split("/")[1]: fact.tracks for path, fact in facts.items()} == {
        f"d_e1m{n}.mid": (("", 0, False), ("", 33, False)) for n in (1, 2)
    }
    assert len(sums_file(folder).read_text("utf-8").splitlines()) == 3
    assert not (data / ".fetching" / freedoom.key).exists()


def test_only_files_that_are_wanted_are_received(freedoom, tmp_path, monkeypatch):
    monkeypatch.setattr(module.shutil, "rmtree", lambda *_, **__: None)
    get_source(freedoom, tmp_path / "data", progress=False)
    tree = tmp_path / "data" / ".fetching" / freedoom.key
    assert (tree / "musics" / "d_e1m1.mid").is_file()
    assert not (tree / "levels.wad").exists()


def test_a_source_that_is_gone_is_told_in_one_sentence(freedoom, tmp_path):
    gone = replace(freedoom, repository=(tmp_path / "nowhere").as_uri())
    with pytest.raises(
        OSError, match=r"could not be fetched .*the source is gone; try again, or give a copy"
    ):
        get_source(gone, tmp_path / "data", progress=False)
    lost = replace(freedoom, commit="0" * 39 + "1")
    with pytest.raises(OSError, match="at commit 000000000000 could not be fetched"):
        get_source(lost, tmp_path / "data", progress=False)


def test_a_fetch_that_failed_goes_on_when_it_is_called_again(freedoom, tmp_path):
    data = tmp_path / "data"
    with pytest.raises(OSError, match="could not be fetched"):
        get_source(replace(freedoom, repository="file:///nowhere"), data, progress=False)
    assert len(list(get_source(freedoom, data, progress=False).rglob("*.mid"))) == 2


def test_a_missing_git_is_told_in_one_sentence(freedoom, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch_module.shutil, "which", lambda _: None)
    with pytest.raises(OSError, match=r"git is missing.*install it"):
        get_source(freedoom, tmp_path / "data", progress=False)


def test_what_is_there_is_not_fetched_again(freedoom, tmp_path, monkeypatch):
    folder = get_source(freedoom, tmp_path / "data", progress=False)
    monkeypatch.setattr(module, "fetch_commit", lambda *_, **__: pytest.fail("it was fetched again"))
    assert get_source(freedoom, tmp_path / "data", progress=False) == folder


def test_a_changed_a_missing_and_an_added_file_are_found(freedoom, tmp_path):
    data = tmp_path / "data"
    folder = get_source(freedoom, data, progress=False)
    assert check_corpus(BAND, data, progress=False)[0].problem == ""
    files = sorted(folder.rglob("*.mid"))
    files[0].write_bytes(files[0].read_bytes() + b"\0")
    files[1].unlink()
    two_hands(folder / "train" / "mine.mid", 9)
    problem = check_corpus(BAND, data, progress=False)[0].problem
    for told in ("1 missing (", "d_e1m2.mid)", "1 changed (", "d_e1m1.mid)", "1 added (train/mine.mid)"):
        assert told in problem


def _score(path: Path, names=("Violin 1", "Violin 2", "Viola", "Violoncello")) -> Path:
    """Write a score with a tempo, a tie and a grace note, as MusicXML."""
    from music21 import instrument, note, stream, tempo, tie

    score = stream.Score()
    for place, name in enumerate(names):
        part = stream.Part()
        part.partName = name
        part.insert(0, instrument.Violin())
        if place == 0:
            part.append(tempo.MetronomeMark(number=90))
        for _, pitch, length in tune(place, 15, low=60 - 3 * place):
            part.append(note.Note(pitch, quarterLength=length))
        first, second = note.Note(60, quarterLength=4), note.Note(60, quarterLength=4)
        first.tie, second.tie = tie.Tie("start"), tie.Tie("stop")
        part.append([first, second, note.Note(62, quarterLength=1).getGrace()])
        score.insert(0, part)
    path.parent.mkdir(parents=True, exist_ok=True)
    score.write("musicxml", path.with_suffix(".musicxml"))
    path.with_suffix(".musicxml").rename(path)
    return path


def test_scores_become_midi_files_named_as_in_the_splits(tmp_path):
    pytest.importorskip("music21", reason="scores are converted by music21")
    repository = tmp_path / "repository"
    # One name has accents, one is that of a test piece.
    tested = "Haydn,_Joseph/String_Quartet_in_A_major,_Hob.III7,_Op.2_No.1/sq25463992"
    for path in ("Andrée,_Elfrida/String_Quartet_in_A_major/sq1", tested):
        _score(repository / "scores" / f"{path}.xml")
    recipe = RECIPES[QUARTETS.key]
    RECIPES[QUARTETS.key] = recipe._replace(patterns=("/scores/**/*.xml",))
    try:
        source = replace(QUARTETS, repository=repository.as_uri(), commit=commit(repository))
        folder = get_source(source, tmp_path / "data", progress=False)
    finally:
        RECIPES[QUARTETS.key] = recipe
    path = next(folder.rglob("Andree__Elfrida-String_Quartet_in_A_major-sq1.mid"))
    sheet = read_sheet(path)
    assert [t.name for t in sheet.tracks] == ["Violin 1", "Violin 2", "Viola", "Violoncello"]
    assert {t.program for t in sheet.tracks} == {40}
    for place, track in enumerate(sheet.tracks):
        wanted = [[on * 24, pitch, 24] for on, pitch, _ in tune(place, 15, low=60 - 3 * place)]
        assert track.notes.tolist() == [*wanted, [15 * 24, 60, 192]]
    assert sheet.seconds == pytest.approx(23 * 60 / 90, abs=0.01)
    facts = read_facts(folder)[path.relative_to(folder).as_posix()]
    assert facts.work == "Andrée,_Elfrida/String_Quartet_in_A_major"


def test_a_converted_chorale_is_the_one_that_is_read(tmp_path):
    pytest.importorskip("music21", reason="scores are converted by music21")
    from offline.chorales import PARTS, corpus_files, read_chorale
    from offline.corpora.musicxml import convert_musicxml

    score = next(path for path in corpus_files() if path.stem == "bwv66.6")
    convert_musicxml(score, tmp_path / "chorale.mid")
    tracks = read_sheet(tmp_path / "chorale.mid").tracks
    assert [t.name.lower() for t in tracks] == list(PARTS)
    read = read_chorale(score)
    assert read is not None
    for label, track in enumerate(tracks):
        own = read.part == label
        wanted = np.stack([read.onset[own], read.pitch[own], read.duration[own]], axis=1)
        np.testing.assert_array_equal(track.notes, wanted)


def test_a_transposing_part_sounds_as_it_is_heard(tmp_path):
    pytest.importorskip("music21", reason="scores are converted by music21")
    from music21 import instrument, note, stream

    from offline.corpora.musicxml import convert_musicxml

    part = stream.Part([instrument.Clarinet(), note.Note("D4"), note.Note("E4")])
    part.partName = "Bb Clarinet"
    part.atSoundingPitch = False
    written = stream.Score([part])
    written.atSoundingPitch = False
    written.write("musicxml", tmp_path / "clarinet.musicxml")
    convert_musicxml(tmp_path / "clarinet.musicxml", tmp_path / "clarinet.mid")
    (track,) = read_sheet(tmp_path / "clarinet.mid").tracks
    assert (track.program, track.notes[:, 1].tolist()) == (71, [60, 62])


def test_a_conversion_that_was_stopped_goes_on(tmp_path, monkeypatch):
    pytest.importorskip("music21", reason="scores are converted by music21")
    clone = tmp_path / "clone"
    for title in ("One", "Two"):
        _score(clone / "scores" / "Schubert" / "_" / title / f"lc{len(title)}{title}.xml", ("Voice", "Piano"))
    commit(clone)
    monkeypatch.setattr(module, "ProcessPoolExecutor", _InThisProcess)
    made = []

    def convert(score: Path, into: Path) -> None:
        made.append(into.name)
        if len(made) == 2:
            raise KeyboardInterrupt
        write_midi(into, [("Voice", 52, 0, tune(0)), ("Piano", 0, 1, tune(1))])

    monkeypatch.setattr(module, "convert_musicxml", convert)
    data = tmp_path / "data"
    with pytest.raises(KeyboardInterrupt):
        get_source(LIEDER, data, clone, progress=False)
    assert not (data / LIEDER.key / "index.json").exists()
    get_source(LIEDER, data, clone, progress=False)
    assert len(made) == 3, "a file that was made was made again"
    assert len(read_facts(data / LIEDER.key)) == 2


class _InThisProcess:
    """Stands for a pool of processes, so that what is patched is what runs."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    map = staticmethod(map)


def test_a_folder_of_the_user_is_linked_to_and_listed(tmp_path):
    own, data = tmp_path / "downloads" / "nes", tmp_path / "data"
    voices = (("p1", 80), ("p2", 81), ("tr", 38))
    write_midi(own / "train" / "a.mid", [(n, p, c, tune(c)) for c, (n, p) in enumerate(voices)])
    with pytest.raises(OSError, match=r"download nesmdb_midi\.tar\.gz.*then give it as --from"):
        get_corpus(CORPORA["nes"], data, progress=False)
    (folder,) = get_corpus(CORPORA["nes"], data, own, progress=False)
    assert folder == data / NES.key
    assert list(load_corpus("nes", data=data, progress=False)) == ["a"]
    assert check_corpus(CORPORA["nes"], data, progress=False)[0].note == "as they were got"
    assert sorted(p.name for p in own.rglob("*")) == ["a.mid", "train"], "the user's folder was written to"


def test_a_folder_with_several_sources_gives_each_its_own(tmp_path):
    own = tmp_path / "own"
    for key in (QUARTETS.key, MUTOPIA.key):
        write_quartet(own / key / f"{key}.mid", len(key))
    get_corpus(CORPORA["quartets"], tmp_path / "data", own, progress=False)
    assert len(load_corpus("quartets", data=tmp_path / "data", progress=False)) == 2


def test_a_folder_without_music_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds neither MIDI files nor a repository"):
        get_corpus(BAND, tmp_path / "data", tmp_path / "empty", progress=False)


def test_a_clone_of_one_source_leaves_the_others_to_be_fetched(freedoom, tmp_path, monkeypatch):
    data, clone = tmp_path / "data", tmp_path / "freedoom"
    _git(clone, "checkout", "--quiet", freedoom.commit)
    fetched = []

    def fetch(source, patterns, folder, **_):
        fetched.append(source.key)
        raise OSError("offline")

    monkeypatch.setattr(module, "fetch_commit", fetch)
    monkeypatch.setattr(module, "need_lilypond", lambda: None)
    with pytest.raises(OSError, match="offline"):
        get_corpus(BAND, data, clone, progress=False)
    assert fetched == [MUTOPIA.key]
    assert len(list((data / FREEDOOM.key).rglob("*.mid"))) == 2


def test_the_works_of_the_real_index_give_the_names_of_its_files(real_data):
    wrong = []
    for path, facts in read_facts(real_data / QUARTETS.key).items():
        stem = Path(path).stem
        if ascii_name(*facts.work.split("/"), stem.rsplit("-", 1)[1]) != stem:
            wrong.append(stem)
    assert not wrong


@pytest.mark.parametrize(
    ("describe", "path", "name"),
    [
        (
            quartet,
            "scores/Mozart,_W/No.18,_K.464_(Op._10,_No._5)/sq70.mxl",
            "Mozart__W-No.18__K.464__Op._10__No._5_-sq70",
        ),
        (lied, "scores/Arne,_Thomas/_/Rule,_Britannia!/lc29.mxl", "lc29-Arne__Thomas-Rule__Britannia"),
        (movement, "OpenScoreOrchestra/Bach/Mass/01/Bach_BWV.232_01.mxl", "Bach_BWV.232_01"),
        (movement, "OpenScoreOrchestra/Bach/Mass/01/Bach_BWV.232_01_melody.mxl", None),
        (engraving, "ftp/Traditional/joy/joy.ly", "Traditional_joy_joy"),
        (engraving, "ftp/BachJS/BWV1043/d-minor/d-minor-lys/d-minor.ly", "BachJS_BWV1043_d-minor_d-minor"),
        (engraving, "ftp/MozartWA/KV299/C/C-lys/allegro.ly", "MozartWA_KV299_C_C_allegro"),
    ],
)
def test_a_path_in_a_repository_gives_the_name_that_the_splits_use(describe, path, name):
    found = describe(Path(path))
    assert (found.name if found else None) == name


def test_engraved_pieces_take_instrument_and_licence_from_their_header(tmp_path):
    from offline.corpora.engraving import read_header

    piece = tmp_path / "piece.ly"
    piece.write_text('\\header {\n  % license = "secret"\n  license = "Public Domain"\n}\n', "utf-8")
    (tmp_path / "defs.ily").write_text('mutopiainstrument = "Violin, Piano"\n', "utf-8")
    assert read_header(piece) == {"instrument": "Violin, Piano", "licence": "Public Domain"}


def test_lilypond_makes_a_file_for_each_movement(tmp_path):
    pytest.importorskip("lilypond", reason="LilyPond is not installed: pip install lilypond==2.25.12")
    from offline.corpora.engraving import engrave

    violin = "\\new Staff \\with { midiInstrument = \"violin\" } { c'4 d' }"
    score = f"\\score {{ << {violin} \\new Staff {{ c1 }} >> \\midi {{ }} }}\n"
    piece = tmp_path / "piece" / "piece.ly"
    piece.parent.mkdir()
    piece.write_text('\\version "2.18.2"\n' + 2 * score, "utf-8")
    made = engrave(piece, "name", tmp_path / "out")
    assert [path.name for path in made] == ["name_1.mid", "name_2.mid"]
    assert [len(t.notes) for t in read_sheet(made[1]).tracks] == [2, 1]
