"""The input features of the paper's networks, each with a switch (Dong et al., ISMIR 2021, section 4.2)."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from offline.lstm import beat_table, frequency_table
from offline.paper.excerpts import Batch
from offline.score import TICKS
from realtime.contract.features import MAX_BEAT

WIDTH = 16
"""Columns of an embedding."""
LONGEST = 192
"""Duration in ticks from which on longer ones are alike."""


@dataclass(frozen=True)
class Inputs:
    """What a network is told of each note."""

    pitch: Literal["embedding", "number"] = "embedding"
    time: Literal["time number", "beat numbers", "time embedding", "beat embedding"] = "beat embedding"
    """Ticks since the start; or beat and position in it. Numbers are not scaled, as published."""
    duration: bool = False
    frequency: bool = True
    entry_hints: bool = False
    pitch_hints: bool = False


class Encoder(nn.Module):
    """Features side by side: pitch, position, beat, duration, frequency, entry hints, pitch hints.

    ``width`` is their number of columns.
    """

    beats: Tensor
    frequencies: Tensor

    def __init__(self, inputs: Inputs, parts: int):
        super().__init__()
        self.inputs = inputs
        self.register_buffer("beats", beat_table(WIDTH), persistent=False)
        self.register_buffer("frequencies", frequency_table(), persistent=False)
        pitch = WIDTH if inputs.pitch == "embedding" else 1
        times = {"time number": 1, "beat numbers": 2, "time embedding": WIDTH, "beat embedding": 2 * WIDTH}
        self.width = pitch + times[inputs.time]
        if inputs.pitch == "embedding":
            self.pitch = nn.Embedding(129, WIDTH)
        if inputs.time == "beat embedding":
            self.position = nn.Embedding(TICKS, WIDTH)
        if inputs.duration:
            self.duration = nn.Embedding(LONGEST + 1, WIDTH)
            self.width += WIDTH
        self.width += inputs.frequency + parts * inputs.entry_hints + parts * pitch * inputs.pitch_hints

    def forward(self, batch: Batch) -> Tensor:
        """Return the features, float32 (excerpts, notes, ``width``)."""
        inputs, row = self.inputs, batch.pitch + 1
        columns = [self._pitches(row), *self._times(batch.onset)]
        if inputs.duration:
            columns.append(self.duration(batch.duration.clamp(0, LONGEST)))
        if inputs.frequency:
            columns.append(self.frequencies[row])
        if inputs.entry_hints:
            columns.append(batch.entry)
        if inputs.pitch_hints:
            hints = self._pitches(batch.mean + 1).flatten(1)
            columns.append(hints[:, None].expand(-1, row.shape[1], -1))
        return torch.cat(columns, dim=2)

    def _pitches(self, row: Tensor) -> Tensor:
        return self.pitch(row) if self.inputs.pitch == "embedding" else row[..., None].float()

    def _times(self, onset: Tensor) -> list[Tensor]:
        position, beat = onset % TICKS, onset // TICKS
        match self.inputs.time:
            case "time number":
                return [onset[..., None].float()]
            case "beat numbers":
                return [position[..., None].float(), beat[..., None].float()]
            case "time embedding":
                return [self.beats[onset.clamp(0, MAX_BEAT)]]
            case "beat embedding":
                return [self.position(position), self.beats[beat.clamp(0, MAX_BEAT)]]
