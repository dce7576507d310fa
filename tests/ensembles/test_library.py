import pytest

from realtime.ensembles.library import (
    SHIPPED,
    ensemble_names,
    find_ensemble,
    list_ensembles,
    survey_ensembles,
    user_folder,
)
from realtime.ensembles.parse import EnsembleError, load_ensemble

NAMES = (
    "bach-chorale",
    "band",
    "brass-quartet",
    "choir",
    "game-trio",
    "orchestra",
    "pop-band",
    "song",
    "string-quartet",
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder that is searched first; the user's real one is out of the way."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    first = tmp_path / "first"
    first.mkdir()
    monkeypatch.setenv("CONCERTINO_ENSEMBLES", str(first))
    return first


def write(folder, file: str, name: str, more: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = f'name = "{name}"\ntitle = "{file}"\nseparator = "zone"\n{more}\n[[parts]]\nname = "A"\n'
    (folder / f"{file}.toml").write_text(text)


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_a_shipped_ensemble_is_valid_and_takes_every_key_somewhere(path):
    ensemble = load_ensemble(path)
    assert ensemble.name == path.stem
    assert 3 <= len(ensemble.parts) <= 5
    assert all(any(part.lowest <= key <= part.highest for part in ensemble.parts) for key in range(128))


def test_shipped_ranges_leave_a_margin_around_the_voices_of_the_chorales():
    """Lowest and highest notes of the four voices in music21's Bach corpus (music21.corpus, 'bach')."""
    voices = [(60, 81), (53, 74), (48, 69), (36, 64)]
    chorales = [e for e in list_ensembles() if e.separator == "bach-chorale"]
    assert len(chorales) == 3
    for ensemble in chorales:
        for part, (lowest, highest) in zip(ensemble.parts, voices, strict=True):
            assert part.lowest <= lowest - 5
            assert part.highest >= highest + 5


def test_the_shipped_ensembles_agree_with_each_other(folder):
    survey = survey_ensembles()
    assert survey.problems == {}
    assert tuple(e.name for e in survey.ensembles) == NAMES
    assert [e.program for e in survey.ensembles] == [0, 5, 2, 3, None, 4, None, 6, 1]


def test_bach_is_played_with_the_programs_of_the_paper():
    assert [part.program for part in find_ensemble("bach-chorale").parts] == [73, 68, 70, 71]


def test_the_users_ensemble_hides_the_shipped_one_of_its_name(folder):
    write(user_folder(), "mine", "choir")
    assert find_ensemble("choir").title == "mine"
    write(folder, "nearer", "choir")
    assert find_ensemble("choir").title == "nearer"
    assert [e.name for e in list_ensembles()].count("choir") == 1


def test_the_users_program_change_goes_before_the_shipped_one(folder):
    write(folder, "mine", "mine", "program = 0")
    programs = {ensemble.name: ensemble.program for ensemble in list_ensembles()}
    assert programs["mine"] == 0
    assert programs["bach-chorale"] is None


@pytest.mark.parametrize(("name", "clash"), [("a", "name is 'a'"), ("b", "program is 5")])
def test_a_clash_within_a_folder_leaves_the_second_file_out(folder, name, clash):
    write(folder, "a", "a", "program = 5")
    write(folder, "b", name, "program = 5")
    survey = survey_ensembles()
    assert [p.name for p in survey.problems] == ["b.toml"]
    assert clash in str(survey.problems[folder / "b.toml"])
    assert survey.ensembles[0].title == "a"
    with pytest.raises(EnsembleError, match=clash):
        find_ensemble("b")


def test_a_wrong_file_of_the_users_is_said_and_not_passed_over(folder):
    (folder / "choir.toml").write_text("name = 3")
    with pytest.raises(EnsembleError, match=r"choir.toml: parts: there must be"):
        find_ensemble("choir")
    assert "choir" in [ensemble.name for ensemble in list_ensembles()]


def test_an_unknown_name_is_answered_with_the_nearest(folder):
    with pytest.raises(EnsembleError, match="did you mean bach-chorale"):
        find_ensemble("bach-choral")
    with pytest.raises(EnsembleError, match="there are bach-chorale, band, brass-quartet"):
        find_ensemble("xyz")


def test_an_ensemble_is_also_found_by_its_file(folder):
    write(folder, "a", "a")
    assert find_ensemble(str(folder / "a.toml")).name == "a"
    with pytest.raises(OSError, match="No such file"):
        find_ensemble(str(folder / "b.toml"))


def test_names_are_told_without_reading_the_files(folder):
    (folder / "broken.toml").write_text("?")
    assert ensemble_names() == ("broken", *NAMES)
