"""A synthetic history: which exams it has, and their events. Pure but for the keys.

What is under way at its end is left out, so that nothing stands open for ever when a live department goes on
from there; and so is what would be said of the others after the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from producers.history.telling import Teller
from producers.simulator.department import DepartmentConfig
from producers.simulator.department_file import DEFAULT_DEPARTMENT, load_department
from producers.simulator.draws import digest_of
from producers.simulator.exam import SimulatedExam
from producers.simulator.hours import Hours
from producers.simulator.identities import PlanIdentity
from producers.simulator.plan import DepartmentPlan
from schemas.phi import KeyRing

_RUN = "history"


class InvalidHistory(ValueError):
    """There can be no such history; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticHistory:
    """One history: the same values are the same exams and events, for ever.

    `begins_at`, `ends_at`: UTC. `exams_per_year`: how many to expect in a year, on average; None: as many as
    the department's file says. `zone`: the department's.
    """

    begins_at: datetime
    ends_at: datetime
    seed: int = 1
    site: str = "GENERAL"
    zone: str = "UTC"
    exams_per_year: int | None = None
    department_file: Path = DEFAULT_DEPARTMENT

    def __post_init__(self) -> None:
        """Raises InvalidHistory."""
        if self.begins_at >= self.ends_at:
            raise InvalidHistory("a history begins before it ends")
        if self.exams_per_year is not None and self.exams_per_year < 1:
            raise InvalidHistory("a history has at least one exam a year")

    @property
    def identity(self) -> PlanIdentity:
        """Whose ids: those of no live run, and of no other history."""
        run = digest_of(_RUN, self.begins_at, self.ends_at, self.exams_per_year, self.zone).hex()[:16]
        return PlanIdentity(self.seed, self.site, f"{_RUN}-{run}")

    def growth(self) -> float:
        """How many times as large as the department's file says. Raises InvalidDepartment, OSError."""
        if self.exams_per_year is None:
            return 1.0
        hours = Hours(load_department(self.department_file), self._opened_at)
        span_years = (self.ends_at - self.begins_at).total_seconds() / (365.25 * 86_400)
        return self.exams_per_year * span_years / hours.expected_orders(self.ends_at)

    def department(self) -> DepartmentConfig:
        """Raises InvalidDepartment, OSError."""
        return load_department(self.department_file).grown(self.growth())

    def expected_exams(self) -> int:
        """How many exams are to be expected. Raises InvalidDepartment, OSError."""
        return round(Hours(self.department(), self._opened_at).expected_orders(self.ends_at))

    def exams(self) -> Iterator[SimulatedExam]:
        """The exams in the order of their registration. Raises InvalidDepartment, OSError."""
        for exam in DepartmentPlan(self.department(), self.identity, self._opened_at).exams():
            if exam.begins_at >= self.ends_at:
                return
            if exam.ends_at < self.ends_at:
                yield exam

    def teller(self, site_secret: bytes, ring: KeyRing) -> Teller:
        """What makes events of these exams. Raises InvalidDepartment, OSError."""
        return Teller(self.identity, self.department(), site_secret, ring, self.ends_at)

    @property
    def _opened_at(self) -> datetime:
        return self.begins_at.astimezone(ZoneInfo(self.zone))


def begins_before(ends_at: datetime, years: float) -> datetime:
    """`years` earlier, at the same hour."""
    return datetime.fromtimestamp(ends_at.timestamp() - round(years * 365.25) * 86_400, UTC)
