"""Where ensembles are kept: the user's own come before those that are shipped."""

import os
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import platformdirs
from msgspec import structs

from realtime.ensembles.parse import EnsembleError, load_ensemble
from realtime.ensembles.schema import Ensemble

SHIPPED = Path(__file__).parent
VARIABLE = "CONCERTINO_ENSEMBLES"
"""Environment variable with further folders, searched first; separated as in PATH."""


class Survey(NamedTuple):
    """All ensembles that can be found, and what is wrong with the others."""

    ensembles: tuple[Ensemble, ...]
    """By folder in the order of the search, then by name; no name and no program appears twice."""
    paths: dict[str, Path]
    """The file of each ensemble, by the ensemble's name."""
    problems: dict[Path, EnsembleError | OSError]
    """What is wrong with each file that is left out."""


def user_folder() -> Path:
    """Return the folder for the user's own ensembles; it need not exist."""
    return platformdirs.user_config_path("concertino") / "ensembles"


def ensemble_folders() -> tuple[Path, ...]:
    """Return the folders that are searched, first to last."""
    named = [Path(part).expanduser() for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
    return (*named, user_folder(), SHIPPED)


def survey_ensembles() -> Survey:
    """Return every ensemble in the search path.

    A name in an earlier folder hides the same name in a later one, which is how a user changes a shipped
    ensemble; the same holds for program changes. Within one folder a clash is a problem of the second file.
    """
    found: dict[str, Ensemble] = {}
    paths: dict[str, Path] = {}
    programs: dict[int, Path] = {}
    problems: dict[Path, EnsembleError | OSError] = {}
    for path in _files():
        try:
            ensemble = load_ensemble(path)
            other = paths.get(ensemble.name)
            if other and other.parent == path.parent:
                raise EnsembleError(f"{path}: name is {ensemble.name!r}, as in {other.name}; choose another")
            if other:
                continue
            rival = programs.get(-1 if ensemble.program is None else ensemble.program)
            if rival and rival.parent == path.parent:
                raise EnsembleError(
                    f"{path}: program is {ensemble.program}, as in {rival.name}; choose another or none"
                )
        except (EnsembleError, OSError) as error:
            problems[path] = error
            continue
        if rival:
            ensemble = structs.replace(ensemble, program=None)
        if ensemble.program is not None:
            programs[ensemble.program] = path
        found[ensemble.name], paths[ensemble.name] = ensemble, path
    return Survey(tuple(found.values()), paths, problems)


def list_ensembles() -> tuple[Ensemble, ...]:
    """Return the ensembles that can be played, without those in which something is wrong."""
    return survey_ensembles().ensembles


def ensemble_names() -> tuple[str, ...]:
    """Return the names that files suggest, without reading them: cheap enough for shell completion."""
    return tuple(dict.fromkeys(path.stem for path in _files()))


def find_ensemble(name: str) -> Ensemble:
    """Return the ensemble called ``name``; a name that ends in ``.toml`` is the path of a file.

    Raises:
        EnsembleError: there is none of this name, or its file is wrong.
        OSError: its file can't be opened.
    """
    if name.endswith(".toml"):
        return load_ensemble(Path(name).expanduser())
    survey = survey_ensembles()
    known = {ensemble.name: ensemble for ensemble in survey.ensembles}
    folders = ensemble_folders()
    for path, problem in survey.problems.items():
        # To play a shipped ensemble in place of the user's own of that name would hide what is wrong.
        hidden = name in known and folders.index(survey.paths[name].parent) <= folders.index(path.parent)
        if path.stem == name and not hidden:
            raise problem
    if name in known:
        return known[name]
    near = get_close_matches(name, known, 1)
    advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    raise EnsembleError(f"no ensemble is called {name!r}; {advice}")


def _files() -> Iterator[Path]:
    for folder in dict.fromkeys(ensemble_folders()):
        yield from sorted(folder.glob("*.toml"))
