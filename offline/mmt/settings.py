"""The settings of the sampling that were chosen for a model, as reports and manifests say them."""

from collections.abc import Mapping
from typing import Any

from realtime.contract.continuation import CHOSEN, chosen_sampling
from realtime.music.mmt.representation import FIELDS
from realtime.music.mmt.sampling import Sampling

SETTINGS = tuple(CHOSEN)
"""Those of ``Sampling`` that matter to what is generated; a manifest has them as ``sampling_NAME_FIELD``."""


def settings_of(sampling: Sampling) -> dict[str, Any]:
    """Return the settings, each a number or one for each field."""
    return {name: getattr(sampling, name) for name in SETTINGS}


def settings_in(metrics: Mapping[str, float]) -> dict[str, Any]:
    """Return the settings that a manifest says among its metrics; none where it says none."""
    return dict(chosen_sampling(metrics))


def said(settings: Mapping[str, Any]) -> dict[str, float]:
    """Return the settings as a manifest says them among its metrics."""
    return {
        f"sampling_{name}_{field}": float(value)
        for name, values in settings.items()
        for field, value in zip(FIELDS, _each(values), strict=True)
    }


def in_words(settings: Mapping[str, Any]) -> str:
    """Return the settings as a sentence says them: the commonest value, and the fields that have another."""
    parts = []
    for name, values in settings.items():
        values = _each(values)
        common = max(values, key=values.count)
        others = [f"{f} {v:g}" for f, v in zip(FIELDS, values, strict=True) if v != common]
        parts.append(f"{name} {common:g}" + (f" ({', '.join(others)})" if others else ""))
    return ", ".join(parts)


def _each(values: Any) -> list[float]:
    return list(values) if isinstance(values, tuple | list) else [values] * len(FIELDS)
