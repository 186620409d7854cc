"""How forests grow: the parameters of LightGBM, chosen by loss against time (docs/adr/0028-forecasts.md)."""

from __future__ import annotations

from collections.abc import Mapping

_PARAMETERS: Mapping[str, object] = {
    "objective": "quantile",
    "learning_rate": 0.15,
    "num_leaves": 47,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "cat_smooth": 20.0,
    "max_cat_threshold": 32,
    "max_bin": 127,
    "num_threads": 1,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}

# What moved a forecast is read off the median's trees, and costs by the square of how deep they are.
_MEDIAN_LEAVES = 31


def parameters_of(level: float) -> dict[str, object]:
    """Of the forest of one level."""
    chosen = {**_PARAMETERS, "alpha": level}
    return chosen | {"num_leaves": _MEDIAN_LEAVES} if level == 0.5 else chosen
