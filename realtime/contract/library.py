"""Where plugins are found and put.

A plugin called NAME is the folder NAME of the first place on the search path that has one.
"""

import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

import realtime
from realtime.contract.archive import unpack
from realtime.contract.error import PluginError
from realtime.contract.files import MANIFEST, MAX_FOLDER_BYTES, check_folder, read_file
from realtime.contract.manifest import NAME_PATTERN
from realtime.contract.plugin import Plugin, load_plugin

ENVIRONMENT = "CONCERTINO_MODELS"


@dataclass(frozen=True)
class Listing:
    """One folder of the library: either ``plugin`` or ``error`` is set."""

    name: str
    folder: Path
    plugin: Plugin | None
    error: PluginError | None
    shadowed: bool
    """An earlier place has a plugin of this name, which is the one that is used."""


def user_folder() -> Path:
    """Return the user's own plugins' folder, which need not exist yet."""
    return platformdirs.user_data_path("concertino") / "models"


def shipped_folder() -> Path:
    """Return the folder of the plugins that come with Concertino, installed or in its repository."""
    package = Path(realtime.__file__).parent
    installed = package / "exported_models"
    return installed if installed.is_dir() else package.parent / "exported_models"


def search_path() -> list[Path]:
    """Return where plugins are looked for: ``CONCERTINO_MODELS``, the user's folder, what ships."""
    places = os.environ.get(ENVIRONMENT, "").split(os.pathsep)
    return [*(Path(os.path.expanduser(place)) for place in places if place), user_folder(), shipped_folder()]


def find_plugin(name: str) -> Plugin:
    """Return the plugin called ``name``.

    Raises:
        PluginError: there is none, or the first one on the search path is broken (no other is taken in
            its place: the player would hear a different model without knowing).
    """
    if re.match(NAME_PATTERN, name):
        for place in search_path():
            if os.path.isdir(place / name):  # False, not an error, for a place that is closed to us
                return _load_named(place / name)
    # By name alone: to load them all takes a while, and says no more here.
    folders = [folder for place in search_path() for folder in _folders(place)]
    known = sorted({folder.name for folder in folders if os.path.isfile(folder / MANIFEST)})
    raise PluginError(
        name,
        "name",
        f"not found; choose one of {', '.join(known) or 'none'}, or add it by 'concertino models add'",
    )


def list_plugins() -> list[Listing]:
    """Return every plugin on the search path, in its order and then by name; broken ones with their error."""
    listings: list[Listing] = []
    seen: set[str] = set()
    for place in dict.fromkeys(search_path()):
        for folder in _folders(place):
            plugin = error = None
            try:
                plugin = _load_named(folder)
            except PluginError as refusal:
                error = refusal
            listings.append(Listing(folder.name, folder, plugin, error, folder.name in seen))
            seen.add(folder.name)
    return listings


def add_plugin(source: Path, *, replace: bool = False) -> Plugin:
    """Check the plugin in ``source`` (a folder, or a .zip, .tar.gz or .tgz file), and keep it for the user.

    It is copied to a hidden folder beside its final place, verified there (see ``verify_plugin``) and then
    renamed: it is there as a whole or not at all, and with ``replace`` the old one stays until then.

    Raises:
        PluginError: it is refused, or there is one of its name and ``replace`` is not set.
        OSError: the user's folder cannot be written.
    """
    from realtime.contract.verify import verify_plugin

    if not source.exists():
        raise PluginError(source.name, "source", f"{source} does not exist; give a folder or an archive")
    place = user_folder()
    place.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".adding-", dir=place))
    try:
        folder = _fetch(source, work / "new")
        name = verify_plugin(folder, called=source.name).name
        target = place / name
        if target.exists() and not replace:
            raise PluginError(name, "name", f"there is one in {place}; add it with --replace")
        _move(folder, target, work / "old")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return load_plugin(target)


def _load_named(folder: Path) -> Plugin:
    plugin = load_plugin(folder)
    if plugin.manifest.name != folder.name:
        raise PluginError(
            folder.name, "name", f"its manifest says {plugin.manifest.name!r}; give the folder that name"
        )
    return plugin


def _folders(place: Path) -> list[Path]:
    try:
        return sorted(path for path in place.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError:  # a place that is missing or closed to us has nothing to list
        return []


def _fetch(source: Path, target: Path) -> Path:
    """Copy or unpack ``source`` to ``target``, and return the folder with the manifest."""
    if source.is_dir():
        for file in check_folder(source, source.name):
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            (target / file).write_bytes(
                read_file((source / file).parent, file.name, MAX_FOLDER_BYTES, source.name)
            )
        return target
    return unpack(source, target)


def _move(folder: Path, target: Path, old: Path) -> None:
    if target.exists():
        target.rename(old)
    try:
        folder.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
