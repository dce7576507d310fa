"""A published checkpoint as a plugin: graph, manifest and card, for either kind of the contract."""

import shutil
import tempfile
from hashlib import sha256
from pathlib import Path

from offline.graph import OPSET, lstm_step
from offline.keras_import import CORPORA, Checkpoint, Corpus, read_checkpoint
from offline.score import TICKS
from offline.sequence_graph import DURATIONS, lstm_sequence
from realtime.contract.features import MAX_BEAT
from realtime.contract.kinds import SEPARATOR, SEQUENCE_SEPARATOR
from realtime.contract.manifest import Dim, Graph, Input, Manifest, Output, Training, format_manifest

LICENCE = "MIT (the weights, by Dong et al.); the music that they learned from is not part of them"


def write_imported(path: Path, corpus: str, name: str, into: Path) -> Path:
    """Write the checkpoint at ``path`` as the plugin ``into``/``name``; return that folder.

    Raises:
        OSError, ValueError: as ``read_checkpoint``; or its parts are not those of the corpus.
    """
    checkpoint, known = read_checkpoint(path), CORPORA[corpus]
    if checkpoint.parts != len(known.parts):
        raise ValueError(
            f"{path} has {checkpoint.parts} parts, and {corpus} has {len(known.parts)} "
            f"({', '.join(known.parts)}): give the corpus that it was trained on"
        )
    if checkpoint.whole:
        graph = lstm_sequence(checkpoint.weights, shifted_hints=True)
    else:
        graph = lstm_step(checkpoint.weights, checkpoint.hints)
    folder = into / name
    with tempfile.TemporaryDirectory(dir=into, prefix=".importing-") as work:
        made = Path(work) / name
        made.mkdir()
        (made / "model.onnx").write_bytes(graph)
        (made / "manifest.json").write_bytes(format_manifest(_manifest(name, graph, checkpoint, known)))
        (made / "README.md").write_text(_card(name, path, checkpoint, known), "utf-8")
        shutil.move(made, folder)
    return folder


def _manifest(name: str, graph: bytes, checkpoint: Checkpoint, corpus: Corpus) -> Manifest:
    tensors = _whole_tensors if checkpoint.whole else _step_tensors
    inputs, outputs = tensors(checkpoint)
    plain = not (checkpoint.hints or checkpoint.whole)
    return Manifest(
        schema=1,
        name=name,
        kind=SEQUENCE_SEPARATOR if checkpoint.whole else SEPARATOR,
        summary=f"{_model(checkpoint)} of Dong et al. (ISMIR 2021) as its authors published it, "
        f"for {corpus.title}",
        version="1.0.0",
        licence="MIT",
        graph=Graph(sha256=sha256(graph).hexdigest(), opset=OPSET),
        inputs=inputs,
        outputs=outputs,
        training=Training(
            corpus=corpus.title,
            licence=LICENCE,
            split="the authors' own, which can't be made again",
            command="concertino models import",
        ),
        metrics={"accuracy_paper": corpus.accuracy} if plain else {},
        parts=corpus.parts,
    )


def _model(checkpoint: Checkpoint) -> str:
    told = [
        *(["durations"] if checkpoint.durations else []),
        *(["entry hints"] if checkpoint.hints else []),
    ]
    return ("The BiLSTM" if checkpoint.both_ways else "The LSTM") + (
        f" with {' and '.join(told)}" if told else ""
    )


def _notes(shape: tuple[Dim, ...]) -> tuple[Input, ...]:
    return (
        Input("pitch", "int64", shape, "pitch", clip=(0, 127)),
        Input("position", "int64", shape, "position", clip=(0, TICKS - 1)),
        Input("beat", "int64", shape, "beat", clip=(0, MAX_BEAT)),
    )


def _step_tensors(checkpoint: Checkpoint) -> tuple[tuple[Input, ...], tuple[Output, ...]]:
    units = len(checkpoint.weights["norm.0.weight"])
    states = [f"{kind}{layer}" for layer in range(3) for kind in "hc"]
    hints = ()
    if checkpoint.hints:
        default = (0.0, *[1.0] * (checkpoint.hints - 1))
        hints = (Input("hints", "float32", (1, checkpoint.hints), "parameter", default=default),)
    return (
        *_notes((1,)),
        *hints,
        *(Input(state, "float32", (1, units), "state") for state in states),
    ), (
        Output("scores", "float32", (1, checkpoint.parts), "scores"),
        *(Output(f"next_{state}", "float32", (1, units), "state", state) for state in states),
    )


def _whole_tensors(checkpoint: Checkpoint) -> tuple[tuple[Input, ...], tuple[Output, ...]]:
    inputs = [*_notes(("notes",))]
    if checkpoint.durations:
        inputs.append(Input("duration", "int64", ("notes",), "duration", clip=(0, DURATIONS - 1)))
    if checkpoint.hints:
        inputs.append(Input("entries", "int64", (checkpoint.parts,), "parameter", default=(0.0,)))
    return tuple(inputs), (Output("scores", "float32", ("notes", checkpoint.parts), "scores"),)


HINTS = """
It takes entry hints, `--separator {call}`: for each part -1 before it enters, 0 at its first note, 1 after;
of fewer numbers the last is repeated. As published, they are off by one: the first means nothing, each other
controls the part before it, and the last part has none. It has learned no other numbers; they are not
refused.
"""
ENTRIES = """
It takes entry hints, `--separator {call}`: for each part the number of its first note in the piece, counted
from 0; one beyond the last note says that it never plays. As published, the last part has no hint: its number
does nothing.
"""


def _hints(name: str, checkpoint: Checkpoint) -> str:
    """Return what a card says of the entry hints, with values that mean something; empty without hints."""
    if not checkpoint.hints:
        return ""
    parts = checkpoint.parts
    values = range(parts) if checkpoint.whole else [1] * (parts - 1) + [-1]
    return (ENTRIES if checkpoint.whole else HINTS).format(call=f"{name}:{','.join(map(str, values))}")


def _card(name: str, path: Path, checkpoint: Checkpoint, corpus: Corpus) -> str:
    hints = _hints(name, checkpoint)
    reads = "It takes whole pieces only: `concertino render --mode offline`.\n" if checkpoint.whole else ""
    accuracy = (
        ""
        if checkpoint.whole
        else f"The paper gives the variant without hints an accuracy of {corpus.accuracy:.2%}, on a split "
        "that can't be made\nagain. "
    )
    return f"""# {name}

{_model(checkpoint)} of Dong et al. (ISMIR 2021) with the weights that its authors published, for
{corpus.title}.
Imported from `{Path(*path.parts[-4:])}` by `concertino models import`.
{reads}{hints}
{accuracy}Parts: {", ".join(corpus.parts)}. {corpus.about}

Licence: {LICENCE}.
"""
