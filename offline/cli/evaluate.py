"""``concertino evaluate``: how good a model is on pieces that it was not trained on."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from offline.cli.continuation_evaluation import evaluate_attention, evaluate_continuation
from offline.cli.measured import write_measured
from offline.cli.options import Data, Quiet, check_installed
from offline.cli.picture import draw_picture
from offline.cli.tables import Shown, TableCommand, refuse_beside_table, show_tables
from offline.shipped import CORPUS_KEYS
from realtime.cli.outputs import TERMINAL, check_place

app = typer.Typer(rich_markup_mode="markdown")

app.command("picture")(draw_picture)
app.command("continuation")(evaluate_continuation)
app.command("attention")(evaluate_attention)


@app.callback()
def _evaluate() -> None:
    """Measure a model that is installed, on pieces that it was not trained on.

    Needs `pip install 'concertino[offline,cpu]'` for the corpus.
    """


@app.command("separator", cls=TableCommand)
def evaluate_separator(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            help="A model of `concertino models list`, also with values, as split:60; none with --table."
        ),
    ] = None,
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write JSON to FILE; - is standard output.")
    ] = None,
    corpus: Annotated[
        str | None,
        typer.Option(help=f"{', '.join(CORPUS_KEYS)}. [default: the one that the model was made from]"),
    ] = None,
    split: Annotated[
        Literal["test", "validation", "train"], typer.Option(help="Which pieces of the committed split.")
    ] = "test",
    human: Annotated[
        bool, typer.Option("--human", help="Under a player's hands too: each perturbation, and all at once.")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option("--input", help="Your own pieces: a folder of MIDI files with a track for each part."),
    ] = None,
    table: Annotated[
        Shown | None,
        typer.Option(
            help="Instead of a model: a table of the paper, its figures beside ours; human: all its models "
            "under a player's hands; alone it means all."
        ),
    ] = None,
    data: Data = None,
    quiet: Quiet = False,
) -> None:
    """Step a separator over pieces that it has not seen, note by note as the host does; count what is right.

    Accuracy is over all notes of all pieces, as in Dong et al. (ISMIR 2021); balanced accuracy is the mean
    over the parts; flicker is how often a voice changes its instrument where the music does not. Separators
    that are told of the past see their own decisions, not the true ones. One for whole pieces is given each
    piece at once.

    `--human` adds what is left of the accuracy when the notes of a chord come in any order within 30 ms,
    onsets are off by 20 ms, 3 % of the notes are missing and as many wrong, keys overlap, a pedal is used,
    and the tempo is wrong by up to 20 % and drifts: each alone, and all at once. Voices that meet on one key
    are one press there; `written` is the accuracy of those presses as written. `window_30` is all at once
    where the host lets notes wait 30 ms for others of their chord (`play --chord-window 30`).

    Examples: `concertino evaluate separator bach-chorale --human --json -`,
    `concertino evaluate separator bach-chorale --input my-quartets`

    A rule, or a model that takes hints, is measured with the values behind its name, `split:60`; without them
    with its defaults, and it says which those are.

    `--table` prints the tables of Dong et al. from results that come with Concertino, and says what is
    missing: `concertino evaluate separator --table`. `concertino train tables` made them, with `--human`
    those of `--table human`. Of the options only `--json` goes with it.
    """
    check_place(json_file)
    if table is not None:
        refuse_beside_table(context)
        show_tables(table, json_file)
        return
    if name is None:
        raise ValueError("give the NAME of a model (see `concertino models list`), or --table all")
    check_installed("evaluation", "tqdm", "onnxruntime", *([] if folder else ["music21"]))
    from dataclasses import asdict

    from offline.asked import find_asked
    from offline.corpora.catalog import find_corpus
    from offline.corpora.made_from import corpus_of
    from offline.evaluation import evaluate as measure
    from offline.evaluation import evaluate_human
    from offline.folder import read_folder
    from offline.runs import written_takes

    asked = find_asked(name)
    plugin, known = asked.plugin, find_corpus(corpus) if corpus else None
    if folder:
        parts = plugin.manifest.parts or (known or corpus_of(plugin.manifest)).parts
        measured_on, side = str(folder), None
    else:
        known = known or corpus_of(plugin.manifest)
        parts, measured_on, side = known.parts, known.key, split
    parameters, left = asked.parameters(len(parts)), asked.left(len(parts))
    if left and json_file != TERMINAL:
        typer.echo(left, err=True)
    if folder:
        takes = read_folder(folder, parts, lambda text: typer.echo(text, err=True))
    else:
        takes = written_takes(measured_on, split, data=data, progress=not quiet)
    facts = {
        "separator": name,
        "parameters": asked.told(len(parts)),
        "corpus": measured_on,
        "split": side,
    }
    result = facts | asdict(measure(plugin, takes, parts, parameters))
    if human:
        found = evaluate_human(plugin, takes, parts, parameters)
        result |= {"accuracy_human": found.pop("all"), "human": found}
    write_measured(result, json_file)
