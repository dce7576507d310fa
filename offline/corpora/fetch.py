"""One commit of a public repository, fetched by git, which verifies what it received by the commit's id."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from offline.corpora.sources import Source

DONE = ".concertino-fetched"
"""File in the work tree that names the commit once all its files are there."""


def fetch_commit(source: Source, patterns: Sequence[str], folder: Path, *, progress: bool = True) -> Path:
    """Return ``folder`` with the files of the source's commit that match ``patterns`` (as in .gitignore).

    What an interrupted call received is kept, and a call after a whole one does nothing.

    Raises:
        OSError: git is missing, the repository can't be reached, or it no longer has the commit.
    """
    done = folder / DONE
    if done.is_file() and done.read_text("utf-8").strip() == source.commit:
        return folder
    if shutil.which("git") is None:
        raise OSError("git is missing, and it fetches the music: install it (apt-get install git)")
    folder.mkdir(parents=True, exist_ok=True)
    show = ["--progress"] if progress else ["--quiet"]
    _git(folder, "init", "--quiet")
    _git(folder, "config", "remote.origin.url", source.repository)
    _git(folder, "config", "remote.origin.promisor", "true")
    _git(folder, "config", "remote.origin.partialclonefilter", "blob:none")
    _git(folder, "sparse-checkout", "set", "--no-cone", *patterns)
    try:
        # Only the names of all files at first; the checkout then receives those that match.
        _git(
            folder, "fetch", *show, "--depth=1", "--filter=blob:none", "origin", source.commit, shown=progress
        )
        _git(folder, "checkout", *show, "--force", source.commit, shown=progress)
    except subprocess.CalledProcessError as error:
        told = (error.stderr or "").strip().splitlines()
        reason = told[-1] if told else f"git ended with {error.returncode}"
        raise OSError(
            f"{source.repository} at commit {source.commit[:12]} could not be fetched ({reason}): you are "
            "offline or the source is gone; try again, or give a copy that you have with --from FOLDER"
        ) from error
    done.write_text(source.commit + "\n", "utf-8")
    return folder


def _git(folder: Path, *arguments: str, shown: bool = False) -> None:
    """Run git in ``folder``; its progress is shown, its last words are kept."""
    # Asked for a password it would wait for ever.
    environment = os.environ | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    environment = {
        key: value for key, value in environment.items() if key not in ("GIT_DIR", "GIT_WORK_TREE")
    }
    process = subprocess.Popen(
        ["git", "-c", "advice.detachedHead=false", *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    kept = b""
    try:
        while chunk := os.read(process.stderr.fileno(), 4096):
            kept = (kept + chunk)[-4096:]
            if shown:
                os.write(2, chunk)
    except BaseException:
        process.terminate()
        raise
    finally:
        code = process.wait()
    if code:
        raise subprocess.CalledProcessError(code, "git", stderr=kept.decode("utf-8", "replace"))
