import re
from pathlib import Path

import pytest

from realtime.cli.commands import COMMANDS, load_command
from realtime.cli.errors import EXIT_CODES
from realtime.ensembles.library import load_ensemble

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_readme_opens_with_the_two_commands():
    first_block = README.partition("```sh\n")[2].partition("```")[0]
    assert [line.split("#")[0].strip() for line in first_block.splitlines()] == ["make play", "make test"]


def test_the_ensemble_in_the_readme_can_be_played(tmp_path):
    (tmp_path / "e.toml").write_text(README.partition("```toml\n")[2].partition("```")[0])
    ensemble = load_ensemble(tmp_path / "e.toml")
    assert [part.name for part in ensemble.parts] == ["Flute", "Clarinet", "Bassoon"]


def test_the_readme_tells_the_exit_codes():
    rows = dict(re.findall(r"^\| (\d+) \| (.*) \|$", README, re.MULTILINE))
    assert rows == {str(code): meaning for code, meaning in EXIT_CODES.items()}


@pytest.mark.parametrize("name", ["play", "render"])
def test_the_options_in_the_readme_exist(name):
    options = {option for parameter in load_command(name).params for option in parameter.opts}
    told = set()
    for line in re.findall(rf"^concertino {name} (.*)$", README, re.MULTILINE):
        told |= set(re.findall(r"(?<!\S)--?[a-z-]+", line.partition("#")[0]))
    if name == "play":
        table = README.partition("| option | values |")[2].partition("\n\n")[0]
        told |= set(
            re.findall(r"--[a-z][a-z-]*", " ".join(row.split("|")[1] for row in table.splitlines() if row))
        )
    assert told
    assert told <= options


def test_every_command_that_the_readme_uses_exists():
    used = set(re.findall(r"^(?:\.venv/bin/)?concertino ([a-z]+)", README, re.MULTILINE))
    assert len(used) > 5
    assert used <= COMMANDS.keys()


def test_links_within_the_repository_lead_somewhere():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    assert all((ROOT / link).exists() for link in links)
