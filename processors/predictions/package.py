"""Forecasters as bytes: JSON, compressed, known by their SHA-256. Reading them runs nothing. Pure."""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from processors.predictions.baseline import Baseline
from processors.predictions.calibration import Calibration
from processors.predictions.exam import PREDICTED
from processors.predictions.features import FEATURES
from processors.predictions.forecaster import Forecasters, MilestoneForecaster
from processors.predictions.model import UnreadableModel, model_of_texts
from processors.predictions.quantiles import LEVELS

_FORMAT = 2  # 1 had seven forests of each milestone
_MOST_BYTES = 256 * 1024 * 1024
_Table = Mapping[tuple[str, ...], Any]


def packed(forecasters: Forecasters) -> bytes:
    """The same forecasters always give the same bytes."""
    said = {
        "format": _FORMAT,
        "features": list(FEATURES),
        "levels": list(LEVELS),
        "milestones": {name: _milestone(one) for name, one in forecasters.items()},
    }
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return zlib.compress(text.encode(), 6)


def digest_of(content: bytes) -> str:
    """SHA-256, 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def unpacked(content: bytes, sha256: str) -> Forecasters:
    """The forecasters that `packed` made. Raises UnreadableModel where it is not those bytes, or not ours."""
    if digest_of(content) != sha256:
        raise UnreadableModel("its bytes are not those that were stored")
    try:
        # What claims to be larger than any model of ours is not one.
        text = zlib.decompressobj().decompress(content, _MOST_BYTES)
        said = json.loads(text)
    except (zlib.error, ValueError) as error:
        raise UnreadableModel(f"it is no model: {type(error).__name__}") from error
    if not isinstance(said, dict):
        raise UnreadableModel(f"it is no model: {type(said).__name__}")
    if said.get("format") != _FORMAT or said.get("features") != list(FEATURES):
        raise UnreadableModel("another version of radstream made it")
    try:
        return {name: _read_milestone(said["milestones"][name]) for name in PREDICTED}
    except UnreadableModel:
        raise  # it says more
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableModel(f"it is incomplete: {type(error).__name__}") from error


def _milestone(one: MilestoneForecaster) -> Mapping[str, Any]:
    return {
        "baseline": _table(one.baseline.quantiles),
        "calibration": _table(one.calibration.offsets),
        "forests": None if one.model is None else list(one.model.texts()),
        "vocabulary": {name: list(words) for name, words in one.vocabulary.items()},
        "why": one.why,
    }


def _read_milestone(said: Mapping[str, Any]) -> MilestoneForecaster:
    return MilestoneForecaster(
        baseline=Baseline(_read_table(said["baseline"])),
        model=None if said["forests"] is None else model_of_texts(said["forests"]),
        vocabulary={name: tuple(words) for name, words in said["vocabulary"].items()},
        calibration=Calibration(_read_table(said["calibration"])),
        why=said["why"],
    )


def _table(table: _Table) -> list[list[Any]]:
    return [[list(group), [float(value) for value in table[group]]] for group in sorted(table)]


def _read_table(said: list[list[Any]]) -> dict[tuple[str, ...], Any]:
    found = {tuple(group): np.array(values, dtype=np.float64) for group, values in said}
    if any(len(values) != len(LEVELS) or not all(map(math.isfinite, values)) for values in found.values()):
        raise UnreadableModel("a table of it is not of numbers")
    return found
