"""Several separators of whole pieces that decide together: a note's scores are the mean of theirs.

They start from other weights and drop other facts out, so that they err at other notes.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from offline.whole.model import WholeSeparator

PREFIX = "members"
"""The weights of member 0 are called ``members.0.table.weight`` and so on."""


class Members(nn.Module):
    """Separators of one size that read a piece each, and are told the past that they decided together."""

    def __init__(self, members: Sequence[WholeSeparator]):
        super().__init__()
        self.members = nn.ModuleList(members)
        self.each, self.parts = tuple(members), members[0].parts

    @property
    def known(self) -> int:
        """Width of what ``read`` returns."""
        return sum(member.known for member in self.each)

    def read(self, rows: Tensor, lengths: np.ndarray) -> Tensor:
        """Return what each member knows of each note, side by side, float32 (pieces, longest, known)."""
        return torch.cat([member.read(rows, lengths) for member in self.each], -1)

    def decide_each(self, context: Tensor, past: Tensor) -> list[Tensor]:
        """Return the scores (..., parts) of each member, as :meth:`WholeSeparator.decide`."""
        each = context.chunk(len(self.each), -1)
        return [member.decide(mine, past) for member, mine in zip(self.each, each, strict=True)]

    def decide(self, context: Tensor, past: Tensor) -> Tensor:
        """Return the scores (..., parts) that they agree on."""
        return torch.stack(self.decide_each(context, past)).mean(0)


def weights_of_each(weights: Mapping[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """Return the weights of each member, or those of a separator that decides by itself, as the only ones."""
    if "table.weight" in weights:
        return [dict(weights)]
    found: dict[str, dict[str, np.ndarray]] = {}
    for name, value in weights.items():
        prefix, _, rest = name.partition(".")
        if prefix == PREFIX:
            number, _, own = rest.partition(".")
            found.setdefault(number, {})[own] = value
    return [found[number] for number in sorted(found, key=int)]
