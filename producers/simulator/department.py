"""What the simulated department is: its machines, people and habits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from producers.simulator.draws import LogLogistic
from producers.simulator.modality import Modality

_HOURS = 24
_WEEKDAYS = 7
_MONTHS = 12
_ALL_DAYS = tuple(range(_WEEKDAYS))
_LATE = LogLogistic(median_s=3600, shape=2.0, max_s=86400)


class InvalidDepartment(ValueError):
    """The description of a department is incomplete or contradicts itself."""


@dataclass(frozen=True, slots=True)
class PatientClass:
    """One kind of patient (HL7 table 0004); `lead`: from the order to the appointment.

    A patient comes up to `early_s` before and up to `late_s` after the appointment. `priorities`: share of
    each priority, by HL7's letters S (STAT), A (ASAP), R (routine). `hourly_profile`, `weekday_profile`:
    orders beside the busiest hour and day; `holiday_share`: orders of a holiday beside a working day's.
    `mix`: what of a modality's share is different for this class, as a factor.
    """

    code: str
    share: float
    lead: LogLogistic
    early_s: float
    late_s: float
    priorities: Mapping[str, float]
    locations: tuple[str, ...]
    hourly_profile: tuple[float, ...]
    weekday_profile: tuple[float, ...]
    holiday_share: float
    mix: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReaderGroup:
    """Radiologists with the same shift: `readers` of them, who read `reads` and nothing else.

    `from_h` to `to_h` by the department's clock, on each of `weekdays` (0 is Monday; a holiday counts as a
    Sunday); up to the next day where `to_h` is not above `from_h`.
    """

    name: str
    readers: int
    reads: tuple[str, ...]
    from_h: int
    to_h: int
    weekdays: tuple[int, ...] = _ALL_DAYS


@dataclass(frozen=True, slots=True)
class Faults:
    """What a real feed gets wrong.

    `missing`: share of exams of which a step is never said, by its name. `late_share` of all that is said is
    learned of `late` afterwards. `clock_share` of a scanner's weeks have its clock off by up to
    `clock_off_s`, either way.
    """

    missing: Mapping[str, float] = field(default_factory=dict)
    late_share: float = 0.0
    late: LogLogistic = _LATE
    clock_share: float = 0.0
    clock_off_s: int = 0


@dataclass(frozen=True, slots=True)
class DepartmentConfig:
    """One department. Shares are relative to each other; durations as in `department.toml`."""

    orders_per_hour: float
    monthly_profile: tuple[float, ...]
    holidays: tuple[str, ...]
    absent_share: float
    patients: int
    cancelled_share: float
    preliminary_share: float
    corrected_share: float
    addended_share: float
    walk_in_scheduled_share: float
    registration_lead: LogLogistic
    scheduling: LogLogistic
    preparation: LogLogistic
    turnover: LogLogistic
    transfer: LogLogistic
    verification: LogLogistic
    signature: LogLogistic
    correction: LogLogistic
    addition: LogLogistic
    faults: Faults
    classes: tuple[PatientClass, ...]
    modalities: tuple[Modality, ...]
    readers: tuple[ReaderGroup, ...]

    def __post_init__(self) -> None:
        """Raises InvalidDepartment."""
        if self.orders_per_hour <= 0 or self.patients < 1:
            raise InvalidDepartment("a department needs orders and patients")
        if not self.classes or not self.modalities:
            raise InvalidDepartment("a department needs a class of patients and a modality")
        if any(modality.scanners < 1 or not modality.procedures for modality in self.modalities):
            raise InvalidDepartment("each modality needs a scanner and a procedure")
        for one in self.classes:
            _check_profile(f"hourly_profile of class {one.code}", one.hourly_profile, _HOURS)
            _check_profile(f"weekday_profile of class {one.code}", one.weekday_profile, _WEEKDAYS)
        _check_profile("monthly_profile", self.monthly_profile, _MONTHS)
        read = {code for group in self.readers if group.readers > 0 for code in group.reads}
        if unread := sorted({modality.code for modality in self.modalities} - read):
            raise InvalidDepartment(f"nobody reads {', '.join(unread)}")

    def grown(self, factor: float) -> DepartmentConfig:
        """The same department `factor` times as large: orders, patients, scanners and readers."""
        return replace(
            self,
            orders_per_hour=self.orders_per_hour * factor,
            patients=math.ceil(self.patients * factor),
            readers=tuple(
                replace(group, readers=max(1, round(group.readers * factor))) for group in self.readers
            ),
            modalities=tuple(
                replace(modality, scanners=max(1, round(modality.scanners * factor)))
                for modality in self.modalities
            ),
        )

    def without_faults(self) -> DepartmentConfig:
        """The same department, in which every order becomes a report, every step is said, nothing breaks."""
        return replace(
            self,
            cancelled_share=0.0,
            absent_share=0.0,
            faults=Faults(),
            modalities=tuple(replace(modality, breakdowns=None) for modality in self.modalities),
        )

    def at_all_hours(self) -> DepartmentConfig:
        """The same department, equally busy and staffed at all hours of all days."""
        hourly, weekdays = (1.0,) * _HOURS, (1.0,) * _WEEKDAYS
        return replace(
            self,
            monthly_profile=(1.0,) * _MONTHS,
            holidays=(),
            classes=tuple(
                replace(one, hourly_profile=hourly, weekday_profile=weekdays) for one in self.classes
            ),
            readers=tuple(
                replace(group, from_h=0, to_h=_HOURS, weekdays=_ALL_DAYS) for group in self.readers
            ),
        )


def _check_profile(name: str, profile: tuple[float, ...], length: int) -> None:
    """Raises InvalidDepartment."""
    if len(profile) != length or max(profile) <= 0 or min(profile) < 0:
        raise InvalidDepartment(f"{name} needs {length} numbers, none below and one above 0")
