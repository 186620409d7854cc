"""The radiation dose that a performed procedure step says (DICOM PS3.3 section C.4.16): pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from pydicom.dataset import Dataset

from producers.dicom.elements import text_of
from producers.dicom.normalized.refusals import InvalidValue

_DAP_UNITS_PER_GYCM2 = 10.0  # (0018,115E) is in dGy·cm²


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """What the step says of radiation; units as in DoseReported."""

    ctdivol_mgy: float | None = None
    dap_gycm2: float | None = None
    exposure_count: int | None = None
    fluoroscopy_s: float | None = None

    @property
    def is_known(self) -> bool:
        """Whether it says anything."""
        return self != Dose()

    def and_then(self, said: Dose) -> Dose:
        """What is known after `said`: it counts where it says something."""
        known = {name: getattr(said, name) for name in Dose.__slots__}
        return replace(self, **{name: value for name, value in known.items() if value is not None})


def dose_in(data_set: Dataset) -> Dose:
    """Radiation dose (PS3.3 section C.4.16). Raises InvalidValue where a number is none."""
    irradiations = data_set.get("ExposureDoseSequence") or ()
    ctdivols = [
        dose for dose in (_number(item, "CTDIvol", float) for item in irradiations) if dose is not None
    ]
    area_dose = _number(data_set, "ImageAndFluoroscopyAreaDoseProduct", float)
    return Dose(
        ctdivol_mgy=max(ctdivols, default=None),
        dap_gycm2=None if area_dose is None else area_dose / _DAP_UNITS_PER_GYCM2,
        exposure_count=_number(data_set, "TotalNumberOfExposures", int),
        fluoroscopy_s=_number(data_set, "TotalTimeOfFluoroscopy", float),
    )


def _number(data_set: Dataset, keyword: str, read: Callable[[str], Any]) -> Any:
    text = text_of(data_set, keyword)
    if text is None:
        return None
    try:
        number = read(text)
    except ValueError:
        raise InvalidValue(f"{keyword} is no number") from None
    if not math.isfinite(number) or number < 0:
        raise InvalidValue(f"{keyword} is no amount")
    return number
