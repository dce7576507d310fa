"""From trained weights to the continuation that ships: settings chosen, measured, and said in its card."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from offline.mmt import settings
from offline.mmt.choosing import choose
from offline.mmt.data import beginning
from offline.mmt.evaluation import field_losses, sample
from offline.mmt.export import REFERENCE, About, export_continuation, file_of
from offline.mmt.graph_reading import rounded
from offline.mmt.metrics import METRICS, mean_metrics
from offline.mmt.model import parameter_count
from offline.mmt.readers import GraphModel, TorchModel
from offline.mmt.report import evenly, load_side, measured
from offline.mmt.representations import REPRESENTATIONS
from offline.mmt.ship_card import card, described
from offline.mmt.trained import KEPT, build, keep_facts, read_kept, read_trained
from offline.weights import FOLDER
from realtime.contract.plugin import load_plugin
from realtime.music.mmt.representation import Notes
from realtime.music.mmt.sampling import Sampling

NAME = "mmt"
VARIANTS = (KEPT, "int8")
"""The first is the manifest's own; the second is what plays."""
CALIBRATION = 24
"""Training pieces from which ranges are measured."""
CHOOSING = 24
"""Samples for each of the settings that are tried."""
SIDES = ("train", "validation", "test")
PARITY_PIECES, TOLERANCE = 4, 2e-3
"""Test pieces that graph and model are compared on, and the largest difference of a score."""


def ship(
    weights: Path | None,
    into: Path,
    *,
    name: str = NAME,
    kept: bool = False,
    variants: Sequence[str] = VARIANTS,
    sampling: Mapping[str, Any] | None = None,
    samples: int = 100,
    pieces: int = 0,
    threads: int = 1,
    data: Path | None = None,
    progress: bool = True,
) -> tuple[Path, dict[str, Any]]:
    """Export a continuation to ``into``/``name``; return that folder, and what was measured on the test side.

    ``weights`` are a run's checkpoint or weights; None takes those that ship, which the graph of 16 bits
    keeps. Numbers are those of the weights rounded to 16 bits. Settings of the sampling are ``sampling``,
    else those that the facts of the run say, else they are chosen against the validation pieces. ``kept``
    writes the file of facts that ships.
    ``pieces`` is how many test pieces losses are taken over; 0: all.

    Raises:
        ValueError: the weights are missing or damaged, the graph does not give the model's scores, or the
            weights are to be kept without the variant that keeps them.
        PluginError: the plugin does not pass its own verification.
        OSError: the music is not there, or a folder can't be written.
    """
    if kept and KEPT not in variants:
        raise ValueError(f"the weights are kept in the variant {KEPT}: add it to the variants")
    torch.set_num_threads(threads)
    kept_facts = FOLDER / f"{name}.json"
    if weights is None:
        arrays, facts = read_kept(into / name / file_of(KEPT), kept_facts)
    else:
        arrays, facts = read_trained(weights)
        arrays = rounded(arrays)
    model, form = build(arrays, facts)
    if form is not REPRESENTATIONS["mmt"]:
        raise ValueError(f"{weights} reads {form.title} tokens, which the host does not play")
    music = facts["recipe"]["music"]
    sides = {side: load_side(music, side, data=data, progress=progress) for side in SIDES}
    calibration = [beginning(notes, model.size.context)[:-1] for notes in evenly(sides["train"], CALIBRATION)]
    about = About(name, "", described(facts, {side: len(found) for side, found in sides.items()}))
    with TemporaryDirectory() as work:
        draft = export_continuation(
            arrays,
            model.size,
            replace(about, summary="Draft"),
            Path(work),
            variants=dict.fromkeys([*variants, REFERENCE]),
            calibration=calibration,
        )
        exact = GraphModel(load_plugin(draft), REFERENCE, threads)
        check_parity(TorchModel(model, form, name), exact, evenly(sides["test"], PARITY_PIECES))
        models = {variant: GraphModel(load_plugin(draft), variant, threads) for variant in variants}
        if sampling or "sampling" not in facts:
            played = models[variants[-1]]
            best = sampling or choose(played, sides["validation"], CHOOSING, progress=progress)[0]
            facts["sampling"] = {name: best[name] for name in settings.SETTINGS}
        found = measure(models, exact, sides["test"], facts["sampling"], samples, pieces, progress=progress)
    found |= {"parameters": parameter_count(model)}
    about = replace(
        about,
        summary=f"Goes on from what was played, for any ensemble: {facts['recipe']['size']} Multitrack Music "
        f"Transformer, {found['parameters'] / 1e6:.1f} million numbers",
        metrics=metrics(found),
    )
    about = replace(about, card=card(about, model.size, facts, found, list(variants)))
    folder = export_continuation(arrays, model.size, about, into, variants=variants, calibration=calibration)
    if kept:
        keep_facts(kept_facts, facts)
    return folder, found


def check_parity(
    model: TorchModel, graph: GraphModel, pieces: Sequence[Notes], tolerance: float = TOLERANCE
) -> float:
    """Return the largest difference of a score over pieces between the model and the graph.

    Raises:
        ValueError: it is larger than ``tolerance``.
    """
    largest = 0.0
    for notes in pieces:
        rows = beginning(notes, model.context)[:-1]
        largest = max(largest, float(np.abs(model.scores(rows) - graph.scores(rows)).max()))
    if largest > tolerance:
        raise ValueError(
            f"the graph's scores differ from the model's by up to {largest:.1e}: the export is broken"
        )
    return largest


def measure(
    models: Mapping[str, GraphModel],
    exact: GraphModel,
    test: Sequence[Notes],
    chosen: Mapping[str, Any],
    samples: int,
    pieces: int,
    *,
    progress: bool,
) -> dict[str, Any]:
    """Return losses of each variant, and measures of samples of the last one beside the test pieces'.

    What ``exact``, the graph of 32-bit floats, makes of the same settings and seed is told as well.
    """
    losses, rows = {}, 0
    for variant, model in models.items():
        losses[variant], rows = field_losses(
            model, tqdm(evenly(test, pieces), f"losses, {variant}", disable=not progress)
        )
    truth = mean_metrics(test)
    last = list(models)[-1]
    generated = sample(models[last], samples, Sampling(**chosen), progress=progress)
    others = {REFERENCE: mean_metrics(sample(exact, samples, Sampling(**chosen), progress=progress).notes)}
    return {
        "losses": losses,
        "rows": rows,
        "test": len(test),
        "measured": len(evenly(test, pieces)),
        "played": last,
        "sampling": dict(chosen),
        "others": others,
    } | measured(generated, truth)


def metrics(found: Mapping[str, Any]) -> dict[str, float]:
    """Return what the manifest says of the measures."""
    said = {"parameters": float(found["parameters"]), "sample_seconds": found["sample_seconds"]}
    for variant, losses in found["losses"].items():
        said[f"loss_{variant}"] = sum(losses.values())
    for name in METRICS:
        said |= {name: found["metrics"][name]["ours"], f"{name}_test": found["metrics"][name]["truth"]}
        said |= {f"{name}_{variant}": other[name] for variant, other in found["others"].items()}
    said |= settings.said(found["sampling"])
    return {name: round(float(value), 4) for name, value in said.items() if np.isfinite(value)}
