"""The process core: everything that the audio thread touches, compiled, and nothing else.

``state`` declares its memory, ``core.process`` is its one entry, ``rings`` is how the rest talks to it.
"""

import hashlib
import os
import sys
from pathlib import Path

import platformdirs


def compiled_code() -> Path:
    """Return the folder for compiled code that belongs to exactly these sources; it may not exist yet.

    numba notices a change only in the file that holds the cached function, not in those it calls: one folder
    per state of all sources keeps an upgraded host from running yesterday's core.
    """
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for source in sorted([*here.glob("*.py"), here.parent / "contract" / "features.py"]):
        digest.update(source.read_bytes())
    return platformdirs.user_cache_path("concertino") / "compiled" / digest.hexdigest()[:16]


os.environ.setdefault("NUMBA_CACHE_DIR", str(compiled_code()))
if "numba" in sys.modules:  # it looked there when it was imported, and would keep code beside the sources
    sys.modules["numba"].config.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"]
