"""Muon: momentum whose matrices are made orthogonal (Jordan et al., 2024), which learns more from few steps.

``torch.optim.Muon`` does the same in bfloat16, which processors without such a unit are slow at.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the polynomial that moves all singular values towards 1 (section "Newton-Schulz" of the source)."""
TURNS = 5
MOMENTUM = 0.95


def orthogonal(matrices: Tensor) -> Tensor:
    """Return the nearest orthogonal matrix of each, roughly; shape (matrices, rows, columns), float."""
    if matrices.shape[1] > matrices.shape[2]:
        return orthogonal(matrices.mT).mT
    a, b, c = COEFFICIENTS
    x = matrices / (matrices.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(TURNS):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return x


class Muon(torch.optim.Optimizer):
    """For the matrices inside of the layers; vectors, embeddings and scores are Adam's."""

    def __init__(self, matrices: Iterable[nn.Parameter], lr: float):
        super().__init__(matrices, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Move every matrix against its momentum, those of one shape together."""
        for group in self.param_groups:
            shapes: dict[torch.Size, list[nn.Parameter]] = {}
            for matrix in group["params"]:
                if matrix.grad is not None:
                    shapes.setdefault(matrix.shape, []).append(matrix)
            for shape, matrices in shapes.items():
                moves = orthogonal(torch.stack([self._momentum(matrix) for matrix in matrices]))
                rate = group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5
                for matrix, move in zip(matrices, moves, strict=True):
                    matrix.add_(move, alpha=-rate)

    def _momentum(self, matrix: nn.Parameter) -> Tensor:
        """Return the running mean of the gradient, looked at a step ahead (Nesterov)."""
        state, gradient = self.state[matrix], matrix.grad
        assert gradient is not None
        mean = state.setdefault("mean", torch.zeros_like(gradient))
        mean.lerp_(gradient, 1 - MOMENTUM)
        return gradient.lerp(mean, MOMENTUM)
