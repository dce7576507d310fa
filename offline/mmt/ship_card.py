"""The model card of the continuation that ships: what it is, how good it is on what, and what it can't do."""

import os
from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import torch

from offline.mmt.evaluation import PAPER
from offline.mmt.export import WORDS, About
from offline.mmt.metrics import METRICS
from offline.mmt.model import Size
from offline.mmt.music import find_music
from offline.mmt.recipe import QUICK
from offline.mmt.settings import in_words
from realtime.contract.manifest import Training

FULL = "concertino train continuation && concertino export continuation --weights runs/mmt-full/weights.npz"
"""What makes the published size."""
UNITS = {
    "pitch_class_entropy": (1, "bits"),
    "scale_consistency": (100, "%"),
    "groove_consistency": (100, "%"),
}


def described(facts: Mapping[str, Any], sides: Mapping[str, int]) -> Training:
    """Return what the manifest says of where the weights come from."""
    recipe = facts["recipe"]
    music = find_music(recipe["music"])
    size = recipe["size"]
    split = "offline/mmt/split.toml" if all(one.committed for one in music.values()) else "by work or lists"
    return Training(
        corpus=f"{'; '.join(one.title for one in music.values())} ({sum(sides.values())} pieces)",
        licence="; ".join(one.licence for one in music.values()),
        split=f"{split}: {sides['train']} pieces to train, {sides['validation']} to validate, "
        f"{sides['test']} to test",
        command=f"concertino train continuation --size {size}{_changes(recipe)} --steps {recipe['steps']} && "
        f"concertino export continuation --weights runs/mmt-{size}/weights.npz --keep",
    )


def _changes(recipe: Mapping[str, Any]) -> str:
    """Return the options that make a size's own recipe the one that was taken."""
    if recipe["size"] != QUICK.size or not recipe["muon"]:
        return ""
    dropout = recipe["dropout"]
    return " --quick" + (f" --dropout {dropout:g}" if dropout != QUICK.dropout else "")


def card(
    about: About, size: Size, facts: Mapping[str, Any], found: Mapping[str, Any], variants: Sequence[str]
) -> str:
    """Return the card as Markdown; ``found`` is what was measured on the test pieces."""
    recipe, training = facts["recipe"], about.training
    first = variants[0]
    losses = "\n".join(
        f"| {name} | " + " | ".join(f"{found['losses'][v][name]:.3f}" for v in variants) + " |"
        for name in found["losses"][first]
    )
    totals = " | ".join(f"{sum(found['losses'][v].values()):.3f}" for v in variants)
    sources = "\n".join(
        f"| {source.title} | {source.licence} |"
        for music in find_music(recipe["music"]).values()
        for source in music.sources
    )
    settings = in_words(found["sampling"])
    return f"""# {about.name}

{about.summary}.

## How it goes on

{
        _paragraphs(
            f'''A decoder reads music as rows of type, beat, position, pitch, duration and instrument (12
            ticks to the quarter note, 64 instruments, no drums, no velocity), and says which row comes next
            (Dong et al., "Multitrack Music Transformer", ICASSP 2023). It has {size.layers} layers of
            {size.heads}
            heads, width {size.width}, {found["parameters"]:,} numbers, and sees {size.context:,} rows. The
            published model has 6 layers of 8 heads, width 512, 19.94 million numbers; everything else is as
            published.'''
        )
    }

Graphs: {"; ".join(f"`{v}` ({WORDS[v]})" for v in variants)}.

## How good it is

Cross-entropy in nats, over the first {size.context:,} rows of {found["measured"]} of the {
        found["test"]
    } test pieces ({found["rows"]:,} rows), of the weights that ship:

| field | {" | ".join(variants)} |
| --- |{" --- |" * len(variants)}
{losses}
| sum | {totals} |
{_validated(facts)}
{
        _paragraphs(
            f'''{found["samples"]} samples from nothing by `{found["played"]}` ({settings}; chosen against the
            validation pieces), their first 64 quarter notes beside those of the test pieces; the paper's
            gap is how far its model was from its own test music. A sample lasts
            {found["sample_seconds"]:.0f} s on average at 100 quarter notes a minute. Beside them, samples by
            the same weights in 32-bit floats, from the same seed.'''
        )
    }

| measure (MusPy) | samples | test pieces | gap | the paper's gap |{
        "".join(f" by `{variant}` |" for variant in found["others"])
    }
| --- | --- | --- | --- | --- |{" --- |" * len(found["others"])}
{_measures(found)}

`concertino evaluate continuation {about.name}` measures it again, `concertino evaluate attention {
        about.name
    }`
draws what it looks at.

## Where it fails

{
        _paragraphs(
            f'''It was trained on {facts.get("machine") or machine()}, for
            {facts.get("best_step", recipe["steps"]):,} steps of
            {recipe["batch"] * max(recipe["rows"] or (size.context,)):,} rows at most, where the published one
            had up to 200,000 on a GPU{_how_far(found)}. Most of its music is songs with piano, chamber music
            and game music; of instruments that are rare there it knows little. It knows no drums, no loudness
            and no tempo.'''
        )
    }

## Data

{_paragraphs(f"Licences: {training.licence}.")}

{
        _paragraphs(
            f"{training.corpus}. The split is by work, with near duplicates on one side ({training.split})."
        )
    }

| source | licence there; what is share-alike was left out |
| --- | --- |
{sources}

## Made by

`{training.command}`. The published size, on a GPU: `{FULL}`. Licence of the plugin: {about.licence}.
Whose work the models were trained on: [CREDITS](../../offline/CREDITS.md).
"""


def _validated(facts: Mapping[str, Any]) -> str:
    """Return the loss by which the weights were chosen, as a paragraph; nothing where it is not known."""
    if "validation_loss" not in facts:
        return ""
    loss = facts["validation_loss"]
    return f"\nOn the validation pieces, by which they were chosen, the sum was {loss:.3f}.\n"


def machine() -> str:
    """Return what this machine trains on, in words."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{os.cpu_count()} cores of a processor"


def _how_far(found: Mapping[str, Any]) -> str:
    """Return what the measures say of its samples."""
    if all(found["metrics"][name]["gap"] <= abs(PAPER[name][0] - PAPER[name][1]) for name in METRICS):
        return ": it keeps key, texture and rhythm for some bars, but has little sense of form, and wanders"
    return "; by these measures its samples are farther from true music than the published model's were"


def _measures(found: Mapping[str, Any]) -> str:
    lines = []
    for name in METRICS:
        factor, unit = UNITS[name]
        one = found["metrics"][name]
        figures = [one["ours"], one["truth"], one["gap"], abs(PAPER[name][0] - PAPER[name][1])]
        figures += [other[name] for other in found["others"].values()]
        shown = " | ".join(
            f"{value * factor:.3f}" if factor == 1 else f"{value * factor:.2f}" for value in figures
        )
        lines.append(f"| {name.replace('_', ' ')} ({unit}) | {shown} |")
    return "\n".join(lines)


def _paragraphs(text: str) -> str:
    return fill(" ".join(text.split()), 110, break_on_hyphens=False)
