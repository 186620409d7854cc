"""Calibration: quantiles moved by what was missed lately, until they hold what they promise. Pure.

Conformalized quantile regression (Romano 2019), for each level by itself and for each group: the offset is
the level's quantile of the latest residuals. The window moves on with time, so a department that changes is
followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from processors.predictions.quantiles import LEVELS, in_order
from processors.predictions.scores import groups_of

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.str_]

LEAST = 200
"""Residuals that a group needs to be judged by itself alone: with fewer, its betters have a say, too."""

Group = tuple[str, ...]
_ALL: Group = ()


@dataclass(frozen=True, slots=True)
class Calibration:
    """Offsets of log(1 + minutes) by group, each one for every level. A group is a prefix of its words."""

    offsets: Mapping[Group, Floats] = field(default_factory=dict)

    def applied(self, quantiles: Floats, *keys: Words) -> Floats:
        """`quantiles` (n, levels) in minutes, moved; `keys`: each row's words, the most telling first."""
        moved = np.log1p(np.maximum(quantiles, 0.0))
        for group, places in groups_of(*keys):
            moved[places] += self._offset(group)
        return in_order(np.expm1(np.maximum(moved, 0.0)))

    def _offset(self, group: Group) -> Floats:
        for length in range(len(group), -1, -1):
            found = self.offsets.get(group[:length])
            if found is not None:
                return found
        return np.zeros(len(LEVELS))


def calibrated(quantiles: Floats, minutes: Floats, *keys: Words) -> Calibration:
    """What the latest outcomes say of a model's `quantiles` (n, levels) in minutes."""
    missed = np.log1p(minutes)[:, None] - np.log1p(np.maximum(quantiles, 0.0))
    offsets: dict[Group, Floats] = {}
    if len(missed):
        offsets[_ALL] = _levels_of(missed)
    for length in range(1, len(keys) + 1):
        for group, places in groups_of(*keys[:length]):
            own, betters = _levels_of(missed[places]), offsets[group[:-1]]
            offsets[group] = betters + (own - betters) * min(1.0, len(places) / LEAST)
    return Calibration(offsets)


def _levels_of(missed: Floats) -> Floats:
    # The finite-sample rank of conformal prediction: (n + 1) times the level.
    count = len(missed)
    return np.array(
        [
            np.quantile(missed[:, place], min(1.0, max(0.0, level * (count + 1) / count)), method="higher")
            if level > 0.5
            else np.quantile(missed[:, place], max(0.0, (level * (count + 1) - 1) / count), method="lower")
            for place, level in enumerate(LEVELS)
        ]
    )
