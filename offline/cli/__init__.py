"""``concertino train``, ``evaluate`` and ``export``: heavy packages load only when a command runs."""

from offline.cli.evaluate import app as evaluate
from offline.cli.export import app as export
from offline.cli.train import app as train

__all__ = ["evaluate", "export", "train"]
