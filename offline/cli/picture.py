"""``concertino evaluate picture``: a piece as a piano roll, coloured by the part that each note went to."""

import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from offline.cli.options import Data, Quiet, check_installed
from offline.shipped import CORPUS_KEYS
from realtime.cli.complete import model_names
from realtime.cli.outputs import check_place

if TYPE_CHECKING:
    from offline.asked import Asked
    from offline.corpora.catalog import Corpus
    from offline.take import Take

SPLITS = Path(__file__).parents[1] / "splits"


def piece_names(context: typer.Context, incomplete: str) -> list[str]:
    """Return the test pieces of the corpus whose names begin with ``incomplete``, for the shell."""
    files = sorted(SPLITS.glob(f"{context.params.get('corpus') or 'bach'}*.toml"))
    names = tomllib.loads(files[0].read_text("utf-8")).get("test", []) if files else []
    return [name for name in names if name.startswith(incomplete)]


def draw_picture(
    piece: Annotated[
        str,
        typer.Argument(
            help="A piece of the corpus, such as bwv244.25, or a MIDI file with a track for each part.",
            autocompletion=piece_names,
        ),
    ],
    corpus: Annotated[
        str | None,
        typer.Option(help=f"{', '.join(CORPUS_KEYS)}. [default: the one that the model was made from]"),
    ] = None,
    online: Annotated[
        list[str] | None,
        typer.Option(help="A model that decides note by note; may be repeated.", autocompletion=model_names),
    ] = None,
    offline: Annotated[
        list[str] | None,
        typer.Option(help="A model that is given the whole piece.", autocompletion=model_names),
    ] = None,
    first: Annotated[float, typer.Option("--from", min=0, help="Beat that the picture begins at.")] = 0,
    beats: Annotated[float, typer.Option(min=1, help="Beats that it shows.")] = 32,
    human: Annotated[
        bool, typer.Option("--human", help="As a player would play it, not as it is written.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="PNG, SVG or PDF file to write. [default: PIECE.png]"),
    ] = None,
    data: Data = None,
    quiet: Quiet = False,
) -> None:
    """Draw a piece as a piano roll, a colour for each part: the truth, and what separators decided.

    Notes that did not go to their part are outlined, and each row says how many there are, as in figures 4.2
    to 4.6 of the dissertation on Dong et al. (ISMIR 2021). Separators hear the piece from its start, whatever
    the picture shows. `--human` is the protocol of `concertino evaluate separator --human`, all at once.

    Example: `concertino evaluate picture bwv244.25 --online bach-chorale --online bach-lstm -o passion.pdf`
    """
    check_place(out)
    check_installed("a picture", "matplotlib", "onnxruntime", "tqdm")
    import numpy as np

    from offline.asked import find_asked
    from offline.corpora.catalog import find_corpus
    from offline.corpora.made_from import corpus_of
    from offline.evaluation import label_order, labeller
    from offline.human import PERTURBATIONS, human_takes
    from offline.picture import Row, draw_rows, save_picture
    from realtime.contract.kinds import SEPARATOR, SEQUENCE_SEPARATOR

    asked = {"online": (SEPARATOR, online or []), "offline": (SEQUENCE_SEPARATOR, offline or [])}
    models: list[tuple[str, Asked]] = []
    for row, (kind, names) in asked.items():
        models += [(row, _of_kind(find_asked(name), kind, row)) for name in names]
    made_for = [model.manifest for _, model in models if model.manifest.parts]
    known = find_corpus(corpus or "bach")
    if Path(piece).is_file() and made_for and not corpus:
        parts = list(made_for[0].parts)
    else:
        if made_for and not corpus:
            known = corpus_of(made_for[0])
        parts = list(known.parts)
    take = _find_take(piece, known, parts, data, quiet)
    if human:
        take = human_takes([take], list(PERTURBATIONS))[0]
    rows = [Row("Mixture", None), Row("Truth", take.part)]
    for row, model in models:
        order = label_order(model.manifest, parts)
        label = labeller(model.plugin, len(parts), model.parameters(len(parts)))
        given = np.array(order)[label(take)]
        rows.append(Row(f"{row.capitalize()}, {model.name}", given, judged=True))
    path, title = out or Path(f"{take.name}.png"), f"{take.name}, as played" if human else take.name
    save_picture(draw_rows(take, parts, rows, title=title, first=first, beats=beats), path)
    typer.echo(path)


def _of_kind(model: "Asked", kind: str, row: str) -> "Asked":
    """Return the model if it is of this kind, else say with which option it is drawn."""
    if model.manifest.kind != kind:
        other = "offline" if row == "online" else "online"
        raise ValueError(f"{model.manifest.name} is no {row} model: give it with --{other}")
    return model


def _find_take(piece: str, corpus: "Corpus", parts: list[str], data: Path | None, quiet: bool) -> "Take":
    """Return a MIDI file or a piece of the corpus as it is written; its parts are ``parts``."""
    from offline.corpora.load import load_corpus
    from offline.folder import read_folder
    from offline.take import take_of

    if Path(piece).is_file():
        return read_folder(Path(piece), parts, lambda text: typer.echo(text, err=True))[0]
    if not corpus.sources:
        check_installed("the corpus", "music21")
    pieces = load_corpus(corpus.key, data=data, progress=not quiet)
    if piece not in pieces:
        near = get_close_matches(piece, pieces, 3, 0.4) or list(pieces)[:3]
        raise ValueError(
            f"there is no file {piece}, and no such piece in the corpus {corpus.key} ({', '.join(near)} ...)"
        )
    return take_of(pieces[piece])
