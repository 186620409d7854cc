"""What the simulated department is: its machines, people and habits, from a TOML file."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from producers.simulator.draws import LogLogistic

DEFAULT_DEPARTMENT = Path(__file__).with_name("department.toml")
_HOURS = 24


class InvalidDepartment(ValueError):
    """The description of a department is incomplete or contradicts itself."""


@dataclass(frozen=True, slots=True)
class Procedure:
    """One thing that can be ordered: local code, name, body part (DICOM's term)."""

    code: str
    name: str
    body_part: str


@dataclass(frozen=True, slots=True)
class Modality:
    """One kind of scanner. `share` of all orders; `images`: least and most images of an exam."""

    code: str
    share: float
    scanners: int
    acquisition: LogLogistic
    reading: LogLogistic
    images: tuple[int, int]
    procedures: tuple[Procedure, ...]


@dataclass(frozen=True, slots=True)
class PatientClass:
    """One kind of patient (HL7 table 0004); `lead`: from the order to the appointment.

    A patient comes up to `early_s` before and up to `late_s` after the appointment. `priorities`: share of
    each priority, by HL7's letters S (STAT), A (ASAP), R (routine).
    """

    code: str
    share: float
    lead: LogLogistic
    early_s: float
    late_s: float
    priorities: Mapping[str, float]
    locations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DepartmentConfig:
    """One department. Shares are relative to each other; durations as in `department.toml`."""

    orders_per_hour: float
    hourly_profile: tuple[float, ...]
    readers: int
    patients: int
    cancelled_share: float
    preliminary_share: float
    corrected_share: float
    walk_in_scheduled_share: float
    registration_lead: LogLogistic
    scheduling: LogLogistic
    preparation: LogLogistic
    turnover: LogLogistic
    transfer: LogLogistic
    verification: LogLogistic
    signature: LogLogistic
    correction: LogLogistic
    classes: tuple[PatientClass, ...]
    modalities: tuple[Modality, ...]

    def __post_init__(self) -> None:
        """Raises InvalidDepartment."""
        if (
            len(self.hourly_profile) != _HOURS
            or max(self.hourly_profile) <= 0
            or min(self.hourly_profile) < 0
        ):
            raise InvalidDepartment("hourly_profile needs 24 numbers, none below and one above 0")
        if self.orders_per_hour <= 0 or self.patients < 1 or self.readers < 1:
            raise InvalidDepartment("a department needs orders, patients and a reader")
        if not self.classes or not self.modalities:
            raise InvalidDepartment("a department needs a class of patients and a modality")
        if any(modality.scanners < 1 or not modality.procedures for modality in self.modalities):
            raise InvalidDepartment("each modality needs a scanner and a procedure")

    def grown(self, factor: float) -> DepartmentConfig:
        """The same department `factor` times as large: orders, scanners and readers."""
        return replace(
            self,
            orders_per_hour=self.orders_per_hour * factor,
            readers=math.ceil(self.readers * factor),
            modalities=tuple(
                replace(modality, scanners=math.ceil(modality.scanners * factor))
                for modality in self.modalities
            ),
        )

    def without_cancellations(self) -> DepartmentConfig:
        """The same department, in which every order becomes a report."""
        return replace(self, cancelled_share=0.0)

    def at_all_hours(self) -> DepartmentConfig:
        """The same department, equally busy at all hours."""
        return replace(self, hourly_profile=(1.0,) * _HOURS)


def load_department(path: Path = DEFAULT_DEPARTMENT) -> DepartmentConfig:
    """The department that `path` describes. Raises InvalidDepartment, OSError."""
    try:
        described = tomllib.loads(path.read_text("utf-8"))
        return DepartmentConfig(**{name: _value(name, value) for name, value in described.items()})
    except (tomllib.TOMLDecodeError, TypeError, KeyError) as error:
        raise InvalidDepartment(f"{path}: {error}") from error


def _value(name: str, value: Any) -> Any:  # TOML is typed by what stands in the file
    if name == "modalities":
        return tuple(_modality(one) for one in value)
    if name == "classes":
        return tuple(_patient_class(one) for one in value)
    if isinstance(value, dict):
        return LogLogistic(**value)
    return tuple(value) if isinstance(value, list) else value


def _modality(described: dict[str, Any]) -> Modality:
    return Modality(
        code=described["code"],
        share=described["share"],
        scanners=described["scanners"],
        acquisition=LogLogistic(**described["acquisition"]),
        reading=LogLogistic(**described["reading"]),
        images=(described["images"][0], described["images"][-1]),
        procedures=tuple(Procedure(**procedure) for procedure in described["procedures"]),
    )


def _patient_class(described: dict[str, Any]) -> PatientClass:
    return PatientClass(
        code=described["code"],
        share=described["share"],
        lead=LogLogistic(**described["lead"]),
        early_s=described["early_s"],
        late_s=described["late_s"],
        priorities=described["priorities"],
        locations=tuple(described["locations"]),
    )
