"""The forecaster: of each milestone a model where there is one, or else the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from processors.predictions.baseline import Baseline
from processors.predictions.calibration import Calibration
from processors.predictions.examples import Examples
from processors.predictions.features import CATEGORIES
from processors.predictions.model import QuantileModel, Vocabulary, matrix_of

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.str_]
_MODALITY = CATEGORIES.index("modality")


def groups_judged(examples: Examples) -> tuple[Words, Words, Words]:
    """What a forecast is calibrated by, the most telling first: modality, priority, phase."""
    return examples.words[:, _MODALITY], examples.priority, examples.phase.astype(np.str_)


class Said(NamedTuple):
    """What is forecast of n examples, in minutes: (n, levels), NaN where nothing is known.

    by_model: (n) whether it is the model that says so. plain: (n, levels) what the baseline says.
    """

    minutes: Floats
    by_model: npt.NDArray[np.bool_]
    plain: Floats


@dataclass(frozen=True, slots=True)
class MilestoneForecaster:
    """How one milestone is forecast. `model` is None where there were too few examples; `why` says so."""

    baseline: Baseline
    model: QuantileModel | None = None
    vocabulary: Vocabulary = field(default_factory=dict)
    calibration: Calibration = field(default_factory=Calibration)
    why: str = ""

    def predicted(self, examples: Examples) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """(n, levels): minutes left, NaN where nothing is known; and whether it is the model that says so."""
        said = self.said(examples)
        return said.minutes, said.by_model

    def said(self, examples: Examples) -> Said:
        """The same, beside the baseline, which speaks of a modality that the model was never shown."""
        plain = self.baseline.predicted(examples)
        if self.model is None or not len(examples):
            return Said(plain, np.zeros(len(examples), dtype=np.bool_), plain)
        known = np.isin(examples.words[:, _MODALITY], np.array(self.vocabulary["modality"], dtype=np.str_))
        calibrated = self.calibration.applied(self.raw(examples), *groups_judged(examples))
        return Said(np.where(known[:, None], calibrated, plain), known, plain)

    def raw(self, examples: Examples) -> Floats:
        """What the model says before it is calibrated. Raises ValueError without a model."""
        if self.model is None:
            raise ValueError("there is no model of this milestone")
        return self.model.predicted(self.matrix(examples))

    def matrix(self, examples: Examples) -> Floats:
        """The features as the model takes them."""
        return matrix_of(examples.words, examples.numbers, self.vocabulary)


Forecasters = Mapping[str, MilestoneForecaster]
"""By milestone."""
