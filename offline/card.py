"""The model card of a plugin: what it is, how good it is on what, and what it can't do."""

from collections.abc import Mapping
from textwrap import fill

from offline.drafts import Draft
from offline.evaluation import Result
from realtime.contract.manifest import Input, Manifest


def model_card(
    draft: Draft, manifest: Manifest, corpus: str, result: Result, human: Mapping[str, float]
) -> str:
    """Return the model card as Markdown, from the same facts as the manifest.

    ``corpus`` is the title of the corpus that it was measured on.
    """
    parts = "\n".join(
        f"| notes of the {name} | {share:.2%} |" for name, share in result.part_accuracy.items()
    )
    tensors = "\n".join(
        f"| `{tensor.name}` | {tensor.dtype} {_shape(tensor)} | {tensor.source} |"
        for tensor in manifest.inputs
        if tensor.source != "state"
    )
    hands = "\n".join(f"| {_under(name)} | {share:.2%} |" for name, share in human.items())
    states = sum(tensor.source == "state" for tensor in manifest.inputs)
    training = manifest.training
    data = (
        f"Made from: {training.corpus}. Measured on: {corpus}, read with 24 ticks to the quarter "
        f"note. {training.licence.removesuffix('.')}. The split is by piece, with near duplicates on one "
        f"side, and committed ({training.split})."
    )
    return f"""# {manifest.name}

{manifest.summary}.

## How it decides

{_paragraphs(draft.about)}

| input | tensor | what the host gives |
| --- | --- | --- |
{tensors}

{f"{states} state tensors are carried from note to note. " if states else ""}The parts: {
        ", ".join(manifest.parts) or "any number, in the order of the ensemble"
    }.

## How good it is

On the {result.pieces} test pieces ({result.notes:,} notes), {_HOW[draft.kind]}:

| measure | value |
| --- | --- |
| accuracy (all notes of all pieces) | {result.accuracy:.2%} |
| balanced accuracy (mean over the parts) | {result.balanced_accuracy:.2%} |
{parts}
| flicker (a voice changes its instrument where the music does not) | {result.flicker:.2%} |

Under a player's hands, on the same pieces (the protocol of `offline/human.py`, fixed seeds): the chord's
notes in any order within 30 ms (spread), onsets off by 20 ms (jitter), 3 % of notes missing and as many
wrong ones (slips), overlapping legato, pedal, a tempo wrong by up to 20 % that drifts, any phase of the
beat. Voices that meet on one key are one press of it there, so the first line is what to compare with.

| under | accuracy |
| --- | --- |
{hands}

`concertino evaluate separator {manifest.name} --human` measures it again.

## Where it fails

{_paragraphs(draft.limits + _hardly_played(result.part_accuracy))}

## Data

{_paragraphs(data)}

## Made by

`{training.command}`. Licence of the plugin: {manifest.licence}.
Whose work the models were trained on: [CREDITS](../../offline/CREDITS.md).
"""


_UNDER = {"written": "as written, on one keyboard", "all": "all at once"}
_WINDOW = "window_"


def _under(name: str) -> str:
    if name.startswith(_WINDOW):
        return f"all at once, with a chord window of {name.removeprefix(_WINDOW)} ms"
    return _UNDER.get(name, name)


_HOW = {"separator": "stepped note by note as a host does", "sequence-separator": "each given as a whole"}


RARELY = 0.5
"""Share of its notes below which a part is named among the limits."""


def _hardly_played(shares: Mapping[str, float]) -> str:
    """Return a sentence that names the parts that get less than half of their notes, or nothing."""
    low = [f"the {name} ({share:.2%})" for name, share in shares.items() if share < RARELY]
    names = " and ".join(filter(None, [", ".join(low[:-1]), *low[-1:]]))
    return f" It gives too few notes to {names}: most of theirs go to others." if low else ""


def _paragraphs(text: str) -> str:
    return "\n\n".join(fill(" ".join(p.split()), 100, break_on_hyphens=False) for p in text.split("\n\n"))


def _shape(tensor: Input) -> str:
    return "(" + ", ".join(map(str, tensor.shape)) + ")"
