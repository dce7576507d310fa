"""What decides a training run of the Multitrack Music Transformer, as published and for smaller machines."""

from dataclasses import dataclass, replace

from offline.mmt.model import MODEL_SIZES


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a run; the defaults are the published ones (Dong et al., ICASSP 2023)."""

    size: str = "full"
    """One of ``MODEL_SIZES``."""
    music: tuple[str, ...] = ("open",)
    """Keys of ``offline.mmt.music.MUSIC``."""
    representation: str = "mmt"
    """One of ``offline.mmt.representations.REPRESENTATIONS``."""
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
    rows: tuple[int, ...] = ()
    """Rows of an excerpt, step by step in turn; () shows pieces from their first row on, as published.

    An excerpt begins anywhere, long pieces come more often, and no end is put where one is cut off.
    """
    cooling: float = 0.0
    """Share of the steps, at the end, in which the rate falls; 0 has it fall until the step ``fall``."""
    muon: float = 0.0
    """Rate of Muon, which then moves the matrices of the layers; 0 leaves them to Adam, as published."""
    held: int = 0
    """Validation pieces that are measured, evenly taken; 0 measures all."""
    bfloat16: bool = False
    """Whether matrices are multiplied in bfloat16 (the weights stay float32)."""

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step, the first of which is 0."""
        return self.rate * self.share_at(step)

    def share_at(self, step: int) -> float:
        """Return which share of its rate a step has."""
        if step < self.warmup:
            return (step + 1) / self.warmup
        begin, end = self.warmup, self.fall
        if self.cooling:
            begin, end = round(self.steps * (1 - self.cooling)), self.steps
        done = min(1.0, max(0, step - begin) / max(1, end - begin))
        return 1 - done * (1 - self.floor)

    def pieces_at(self, step: int) -> int:
        """Return how many pieces a step has: with excerpts, ``batch`` of the longest or more shorter ones."""
        return self.batch * max(self.rows) // self.rows[step % len(self.rows)] if self.rows else self.batch


_SHORT = Recipe(
    size="small",
    batch=2,
    rate=3e-3,
    warmup=50,
    floor=0.03,
    steps=6_000,
    every=60,
    patience=1_000,
    dropout=0.0,
    rows=(256, 256, 1024),
    cooling=0.35,
    muon=0.02,
    held=24,
)
QUICK = replace(
    _SHORT,
    size="full",
    batch=32,
    rate=1e-3,
    warmup=100,
    steps=3_000,
    every=250,
    dropout=0.2,
    rows=(1024,),
    held=0,
)
"""The published size in minutes of a large GPU, where the published recipe takes days of a small one."""
RECIPES = {
    "full": Recipe(),
    "small": _SHORT,
    "mini": replace(_SHORT, size="mini", steps=400),
    "tiny": Recipe(size="tiny", rate=3e-3, warmup=10, fall=200, steps=200, every=50, batch=4),
}
assert RECIPES.keys() == MODEL_SIZES.keys()
