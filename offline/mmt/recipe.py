"""What decides a training run of the Multitrack Music Transformer, as published and for smaller machines."""

from dataclasses import dataclass

from offline.mmt.model import MODEL_SIZES


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a run; the defaults are the published ones (Dong et al., ICASSP 2023)."""

    size: str = "full"
    """One of ``MODEL_SIZES``."""
    music: tuple[str, ...] = ("open",)
    """Keys of ``offline.mmt.music.MUSIC``."""
    seed: int = 0
    batch: int = 8
    """Pieces of a step, over all processes."""
    rate: float = 5e-4
    warmup: int = 5_000
    """Steps of the rate's linear rise."""
    fall: int = 100_000
    """Step at which its linear fall ends."""
    floor: float = 0.1
    """Share of the rate that is left from then on."""
    steps: int = 200_000
    every: int = 1_000
    """Steps between two validations, each with a checkpoint."""
    patience: int = 20
    """Validations in a row without a better loss; one more ends the run."""
    clip: float = 1.0
    dropout: float = 0.2
    bfloat16: bool = False
    """Whether matrices are multiplied in bfloat16 (the weights stay float32)."""

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step, the first of which is 0."""
        if step < self.warmup:
            return self.rate * (step + 1) / self.warmup
        if step >= self.fall:
            return self.rate * self.floor
        done = (step - self.warmup) / max(1, self.fall - self.warmup)
        return self.rate * (1 - done * (1 - self.floor))


RECIPES = {
    "full": Recipe(),
    "small": Recipe(size="small", rate=1e-3, warmup=500, fall=8_000, steps=10_000, every=250),
    "tiny": Recipe(size="tiny", rate=3e-3, warmup=10, fall=200, steps=200, every=50, batch=4),
}
assert RECIPES.keys() == MODEL_SIZES.keys()
