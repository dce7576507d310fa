"""``concertino models import``: published checkpoints as plugins."""

import re
import tempfile
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Annotated, Literal

import typer

from realtime.contract import library
from realtime.contract.error import PluginError
from realtime.contract.kinds import PLAY
from realtime.contract.manifest import NAME_PATTERN


def import_model(
    path: Annotated[Path, typer.Argument(help="The .hdf5 file of a published model.")],
    corpus: Annotated[
        Literal["bach", "string", "game", "pop"] | None,
        typer.Option(help="What it was trained on. [default: told by its folder]", show_default=False),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="Name of the model, such as for a second one of a corpus. "
            "[default: arranger-CORPUS, or arranger-CORPUS-offline]",
            show_default=False,
        ),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the model of the same name.")] = False,
) -> None:
    """Turn a checkpoint that the authors of the paper published into a model to play with.

    They are in the repository `salu133445/arranger` (Dong et al., ISMIR 2021; MIT), for Bach chorales, string
    quartets, game music and pop. Of its LSTMs, those called `default_embedding`, also with `_onsethint`, read
    a piece from left to right and can be played live; those called `bidirectional_embedding`, and all with
    `_duration`, take whole pieces (`concertino render --mode offline`). Plain `default` and `bidirectional`,
    which take pitch and time as numbers, and the Transformers can't be imported.

    Needs `pip install 'concertino[offline,cpu]'`.

    Example: `concertino models import arranger/musicnet/lstm/default_embedding/best_model.hdf5`
    """
    if find_spec("h5py") is None:
        raise OSError("import needs h5py, which is not installed: pip install 'concertino[offline,cpu]'")
    from offline.keras_import import CORPORA, check_file, guess_corpus, read_checkpoint
    from offline.keras_plugin import write_imported

    check_file(path)
    chosen = corpus or guess_corpus(path.absolute())
    if chosen is None:
        raise ValueError(
            f"the path {path} does not tell what the model was trained on: give --corpus {'|'.join(CORPORA)}"
        )
    checkpoint = read_checkpoint(path)
    called = name or f"arranger-{chosen}" + ("-offline" if checkpoint.whole else "")
    if not replace:
        _check_free(called)
    with tempfile.TemporaryDirectory() as work:
        plugin = library.add_plugin(write_imported(path, chosen, called, Path(work)), replace=replace)
    play = PLAY[plugin.manifest.kind].format(name=plugin.manifest.name)
    typer.echo(
        f"Added {plugin.manifest.name} to {plugin.folder}. "
        f"Play it: {play} --ensemble {CORPORA[chosen].ensemble}"
    )


def _check_free(name: str) -> None:
    """Refuse a name that another model has: most corpora have several published models of one kind.

    Raises:
        PluginError: the user has a model of this name.
    """
    place = library.user_folder()
    if not re.match(NAME_PATTERN, name) or not (place / name).exists():
        return
    free = next(other for i in count(2) if not (place / (other := f"{name}-{i}")).exists())
    raise PluginError(
        name, "name", f"there is one in {place}; keep both with --name {free}, or replace it with --replace"
    )
