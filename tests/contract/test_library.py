import os
import shutil
from pathlib import Path

import pytest

from realtime.contract import library as place
from realtime.contract.library import add_plugin, find_plugin, list_plugins, search_path
from realtime.contract.plugin import PluginError


def contents(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


TINY = ["tiny", "tiny/README.md", "tiny/manifest.json", "tiny/model.onnx"]


def test_places_are_searched_in_order(monkeypatch):
    monkeypatch.setenv("CONCERTINO_MODELS", os.pathsep.join(["/a", "", "~/b"]))
    assert search_path() == [
        Path("/a"),
        Path("~/b").expanduser(),
        place.user_folder(),
        place.shipped_folder(),
    ]


def test_what_ships_is_beside_the_package_in_the_repository():
    assert place.shipped_folder() == Path(__file__).parents[2] / "exported_models"


def test_a_plugin_is_found_by_name(tiny, library):
    shutil.copytree(tiny(), library / "tiny")
    assert find_plugin("tiny").folder == library / "tiny"


def test_the_first_place_wins(tiny, library, monkeypatch):
    shutil.copytree(tiny(), library / "tiny")
    first = tiny()
    monkeypatch.setenv("CONCERTINO_MODELS", str(first.parent))
    assert find_plugin("tiny").folder == first
    assert [listing.shadowed for listing in list_plugins()] == [False, True]


@pytest.mark.parametrize("name", ["other", "../made/tiny", "", ".", "tiny/../tiny"])
def test_a_plugin_that_is_not_there_is_refused_with_those_that_are(tiny, library, name):
    shutil.copytree(tiny(), library / "tiny")
    with pytest.raises(PluginError, match="not found; choose one of tiny"):
        find_plugin(name)


def test_a_broken_plugin_does_not_give_way_to_another_of_its_name(tiny, library, monkeypatch):
    shutil.copytree(tiny(), library / "tiny")
    first = tiny()
    monkeypatch.setenv("CONCERTINO_MODELS", str(first.parent))
    (first / "model.onnx").write_bytes(b"")
    with pytest.raises(PluginError, match=r"graph\.sha256"):
        find_plugin("tiny")


def test_a_broken_neighbour_is_listed_with_its_error(tiny, library):
    shutil.copytree(tiny(), library / "tiny")
    (library / "broken").mkdir()
    (library / "a stray file").touch()
    broken, valid = list_plugins()
    assert "manifest.json: missing" in str(broken.error)
    assert valid.plugin
    assert (broken.plugin, valid.error) == (None, None)


def test_a_plugin_in_a_folder_of_another_name_is_refused(tiny, library):
    shutil.copytree(tiny(), library / "other")
    with pytest.raises(PluginError, match="its manifest says 'tiny'"):
        find_plugin("other")


def test_a_place_that_is_missing_has_nothing_to_list(library, monkeypatch):
    monkeypatch.setenv("CONCERTINO_MODELS", "/nowhere")
    assert list_plugins() == []


def test_a_folder_is_added(tiny, library):
    assert add_plugin(tiny()).folder == library / "tiny"
    assert contents(library) == TINY


@pytest.mark.parametrize("kind", ["zip", "gztar"])
def test_an_archive_is_added(tiny, library, tmp_path, kind):
    source = shutil.make_archive(str(tmp_path / "packed"), kind, tiny().parent, "tiny")
    add_plugin(Path(source))
    assert contents(library) == TINY


def test_a_plugin_that_is_refused_leaves_nothing(tiny, library):
    folder = tiny()
    (folder / "model.onnx").write_bytes(b"")
    with pytest.raises(PluginError, match=r"graph\.sha256"):
        add_plugin(folder)
    assert contents(library) == []


def test_adding_twice_is_refused_and_leaves_the_first(tiny, library):
    add_plugin(tiny())
    with pytest.raises(PluginError, match="--replace"):
        add_plugin(tiny(lambda manifest: manifest.update(version="2")))
    assert find_plugin("tiny").manifest.version == "1.0"
    assert contents(library) == TINY


def test_replacing_takes_the_new_and_leaves_nothing_of_the_old(tiny, library):
    add_plugin(tiny())
    (library / "tiny" / "old").touch()
    add_plugin(tiny(lambda manifest: manifest.update(version="2")), replace=True)
    assert find_plugin("tiny").manifest.version == "2"
    assert contents(library) == TINY


def test_a_refused_replacement_leaves_the_old(tiny, library):
    add_plugin(tiny())
    with pytest.raises(PluginError):
        add_plugin(tiny(lambda manifest: manifest["outputs"].pop()), replace=True)
    assert find_plugin("tiny").manifest.version == "1.0"
    assert contents(library) == TINY


def test_a_replacement_that_cannot_be_put_in_place_leaves_the_old(tiny, library, monkeypatch):
    add_plugin(tiny())
    rename = Path.rename

    def fail_for_new(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError("no room")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_for_new)
    with pytest.raises(OSError, match="no room"):
        add_plugin(tiny(lambda manifest: manifest.update(version="2")), replace=True)
    assert find_plugin("tiny").manifest.version == "1.0"
    assert contents(library) == TINY


def test_an_interrupted_adding_leaves_nothing(tiny, library, monkeypatch):
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("realtime.contract.verify.verify_plugin", interrupt)
    with pytest.raises(KeyboardInterrupt):
        add_plugin(tiny())
    assert contents(library) == []


def test_a_link_in_the_folder_is_not_followed(tiny, library, tmp_path):
    folder = tiny()
    (folder / "README.md").unlink()
    (folder / "README.md").symlink_to("/etc/hostname")
    with pytest.raises(PluginError, match=r"README\.md: a link"):
        add_plugin(folder)
    assert contents(library) == []


def test_a_source_that_is_missing_is_refused(library):
    with pytest.raises(PluginError, match="/nowhere does not exist"):
        add_plugin(Path("/nowhere"))
