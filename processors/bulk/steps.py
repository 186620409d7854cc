"""What each step is for a turnaround row, by its number: tables that columns of steps are looked up in."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from processors.cancellation import CANCELS, GOES_ON, WITHDRAWN_WITH
from processors.milestones import COUNTED
from processors.patients import DERIVED_STEPS, IMAGE_STEPS
from schemas.events import EVENT_CLASSES
from schemas.intervals import MILESTONES

STEPS: tuple[str, ...] = tuple(sorted(cls.__name__ for cls in EVENT_CLASSES))
NUMBER_OF_STEP = {step: number for number, step in enumerate(STEPS)}
# The columns of a matrix of milestones.
NUMBER_OF_MILESTONE = {name: number for number, name in enumerate(MILESTONES)}


def _are(steps: Collection[str]) -> npt.NDArray[np.bool_]:
    return np.array([step in steps for step in STEPS])


# Said of identities, or taking something back: what follows from them is the fold's to say.
IS_PECULIAR = _are(DERIVED_STEPS | WITHDRAWN_WITH.keys())
IS_OF_IMAGES = _are(IMAGE_STEPS)
IS_CANCELLING = _are(CANCELS)
IS_GOING_ON = _are(GOES_ON)
COUNTS_IMAGES = _are({"SeriesStored", "ImagesStored", "StudyStored"})
SERIES_STORED, STUDY_STORED = NUMBER_OF_STEP["SeriesStored"], NUMBER_OF_STEP["StudyStored"]
# The milestone that a step states; -1: none.
MILESTONE = np.array([NUMBER_OF_MILESTONE.get(COUNTED.get(step, ""), -1) for step in STEPS])
