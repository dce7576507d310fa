"""pyfluidsynth, imported without a word: where the variable CI is set it prints which library it found.

That line would stand in front of what ``render --json -`` and others print.
"""

from contextlib import redirect_stdout
from io import StringIO

with redirect_stdout(StringIO()):
    import fluidsynth

__all__ = ["fluidsynth"]
