"""The folder of presets: all that can be read there, in the order of the set list."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from realtime.presets.files import SET_LIST, Preset, PresetError, read_preset, read_table


class Folder:
    """One folder; it need not exist.

    Args:
        path: of the folder.
        tell: told, in a sentence, what is wrong with a file.
    """

    def __init__(self, path: Path, tell: Callable[[str], None]) -> None:
        self.path, self._tell = path, tell
        self._seen: dict[Path, int] = {}

    def is_changed(self) -> bool:
        """Return whether something was written there since it was read."""
        return self._stamps() != self._seen

    def read(self) -> dict[str, Preset]:
        """Return the presets by name, those of the set list in its order first; what is wrong is left out."""
        self._seen = self._stamps()
        found: dict[str, Preset] = {}
        for path in sorted(self._seen):
            if path.name == SET_LIST:
                continue
            try:
                preset = read_preset(path)
            except (OSError, ValueError) as error:
                self._tell(str(error))
                continue
            found.setdefault(preset.name, preset)
        return {name: found[name] for name in [*self._set_list(found), *found] if name in found}

    def _stamps(self) -> dict[Path, int]:
        """Return when each file was written last."""
        stamps = dict[Path, int]()
        for path in self.path.glob("*.toml"):
            with suppress(OSError):  # gone meanwhile
                stamps[path] = path.stat().st_mtime_ns
        return stamps

    def _set_list(self, found: dict[str, Preset]) -> list[str]:
        """Return the names in ``set-list.toml``, in their order."""
        path = self.path / SET_LIST
        if not path.is_file():
            return []
        try:
            names = read_table(path).get("presets")
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise PresetError(f"{path}: presets must be a list of names")
        except (OSError, ValueError) as error:
            self._tell(str(error))
            return []
        for name in names:
            if name not in found:
                self._tell(f"{path}: there is no preset {name!r}; it is left out")
        return names
