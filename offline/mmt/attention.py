"""What the last layer of a Multitrack Music Transformer looks at, by differences of beat, position, pitch.

Mean relative attention and gain are those of Dong et al. (ICASSP 2023, section on musical self-attention):
over all pairs of a row s and an earlier one t of a piece, weighted by the attention a(s, t), the share in
which the field of t minus that of s is k; and how much that is more than if the attention were the same for
all pairs. Rows that are no notes have no such fields: pairs with one of them are left out.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from offline.mmt.model import Layer, MultitrackTransformer
from offline.picture import STYLE
from realtime.music.mmt.representation import BEAT, FIELDS, NOTE, PITCH, POSITION, SIZES, TYPE, Rows

SHOWN: dict[str, tuple[int, int]] = {"beat": (-32, 0), "position": (-11, 11), "pitch": (-24, 24)}
"""Fields, and the differences that the picture has."""
PIECES = 100
"""Test pieces that are looked at, as published."""
SIZE = (11.0, 4.6)
SPREAD = 99.0
"""Percentile of the gains at which the colours are full."""


@dataclass(frozen=True)
class Looks:
    """Of one field: ``attention`` and ``gain``, float64 (heads, 2 * codes - 1).

    Column n is the difference k = n - codes + 1. The attention of a head sums to 1, its gain to 0.
    """

    attention: np.ndarray
    gain: np.ndarray

    def at(self, difference: int) -> int:
        """Return the column of a difference."""
        return difference + self.attention.shape[1] // 2


@torch.inference_mode()
def last_attention(model: MultitrackTransformer, rows: Rows) -> Tensor:
    """Return the attention of the last layer, float32 (heads, rows, rows): of each row to those up to it."""
    found: list[Tensor] = []
    layer = model.layers[-1]
    assert isinstance(layer, Layer)

    def keep(_module: object, _given: object, normal: Tensor) -> None:
        found.append(normal)

    hook = layer.before_attention.register_forward_hook(keep)
    try:
        model.eval()(torch.from_numpy(rows)[None])
    finally:
        hook.remove()
    attention = layer.attention
    queries, keys = (
        weights(found[0])[0].unflatten(1, (attention.heads, -1)).transpose(0, 1)
        for weights in (attention.queries, attention.keys)
    )
    scores = queries @ keys.mT * queries.shape[-1] ** -0.5
    later = torch.ones(scores.shape[1:], dtype=torch.bool).triu(1)
    return scores.masked_fill(later, -torch.inf).softmax(-1)


def look(model: MultitrackTransformer, pieces: Iterable[Rows]) -> dict[str, Looks]:
    """Return the mean relative attention and its gain over pieces, for each field of ``SHOWN``.

    Raises:
        ValueError: no piece has two notes.
    """
    fields = {name: (code, SIZES[code]) for name, code in zip(SHOWN, (BEAT, POSITION, PITCH), strict=True)}
    assert [FIELDS[code] for code, _ in fields.values()] == list(SHOWN)
    heads = model.size.heads
    weighted = {name: np.zeros((heads, 2 * codes - 1)) for name, (_, codes) in fields.items()}
    counted = {name: np.zeros(2 * codes - 1) for name, (_, codes) in fields.items()}
    for rows in pieces:
        rows = rows[: model.size.context]
        note = np.flatnonzero(rows[:, TYPE] == NOTE)
        attention = last_attention(model, rows)[:, note][:, :, note].numpy()
        s, t = np.tril_indices(len(note), -1)
        pairs = attention[:, s, t]
        for name, (code, codes) in fields.items():
            own = rows[note, code]
            column = own[t] - own[s] + codes - 1
            counted[name] += np.bincount(column, minlength=2 * codes - 1)
            for head in range(heads):
                weighted[name][head] += np.bincount(column, pairs[head], minlength=2 * codes - 1)
    if not counted["beat"].sum():
        raise ValueError("no piece has two notes, so there is nothing to look at: give other music")
    found = {}
    for name in SHOWN:
        attention = weighted[name] / weighted[name].sum(axis=1, keepdims=True)
        found[name] = Looks(attention, attention - counted[name] / counted[name].sum())
    return found


def draw(looks: dict[str, Looks], title: str) -> Figure:
    """Draw attention and gain, a column for each field, a line for each head (as the paper's figure 3)."""
    with mpl.rc_context(STYLE):  # pyright: ignore[reportArgumentType]
        figure = Figure(SIZE, layout="constrained")
        figure.suptitle(title, x=0.008, ha="left", fontsize=11, fontweight="bold")
        widths = [high - low + 1 for low, high in SHOWN.values()]
        axes = figure.subplots(2, len(SHOWN), width_ratios=widths, squeeze=False)
        for row, measure in enumerate(("attention", "gain")):
            shown = {
                name: getattr(found, measure)[:, found.at(SHOWN[name][0]) : found.at(SHOWN[name][1]) + 1]
                for name, found in looks.items()
            }
            for axis, (name, values) in zip(axes[row], shown.items(), strict=True):
                low, high = SHOWN[name]
                most = max(float(np.percentile(np.abs(values), SPREAD)), 1e-9)
                picture = axis.imshow(
                    values,
                    aspect="auto",
                    interpolation="nearest",
                    extent=(low - 0.5, high + 0.5, len(values) + 0.5, 0.5),
                    cmap="viridis" if measure == "attention" else "RdBu_r",
                    vmin=0 if measure == "attention" else -most,
                    vmax=most,
                )
                figure.colorbar(picture, ax=axis, extend="max" if measure == "attention" else "both")
                axis.set_title(f"{name}: {'mean relative attention' if row == 0 else 'gain'}", loc="left")
                axis.set_yticks(range(1, len(values) + 1))
                axis.set_xlabel("difference" if row else "")
            axes[row][0].set_ylabel("head")
    return figure
