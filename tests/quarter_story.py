"""One exam of the quarter, in plain values, and the department's clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Berlin")
FROM, TO = date(2026, 1, 1), date(2026, 4, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One exam: its instants (UTC) and what they were of. None: it did not happen."""

    accession: str
    modality: str
    scanner: str
    first_priority: str | None
    priority: str | None
    patient_class: str
    patient: str
    ordered: datetime
    scheduled: datetime | None = None
    arrived: datetime | None = None
    started: datetime | None = None
    completed: datetime | None = None
    first_image: datetime | None = None
    stored: datetime | None = None
    opened: datetime | None = None
    dictated: datetime | None = None
    final: datetime | None = None
    reader: str | None = None
    images: int = 0
    delay_code: str | None = None
    critical_category: str | None = None
    critical_notified: datetime | None = None
    critical_acknowledged: datetime | None = None
    addended: tuple[datetime, ...] = ()
    corrected: datetime | None = None
    cancelled: datetime | None = None
    missed: datetime | None = None
    # The scanner's clock is hours ahead: what it says of start and end is wrong.
    clock_fault: bool = False
    # Images came without an accession number, and found their order at this time.
    reconciled: datetime | None = None

    @property
    def exam_id(self) -> str:
        """As the log names it."""
        return f"GENERAL|{self.accession}"

    @property
    def study(self) -> str:
        """StudyInstanceUID."""
        return f"1.2.840.99.{self.accession[1:]}"


@dataclass(frozen=True, slots=True)
class Quarter:
    """Every story, and the studies (UID, scanner, images, first image at) that never found an order."""

    stories: tuple[Story, ...]
    unmatched: tuple[tuple[str, str, int, datetime], ...] = field(default=())


def local(at: datetime) -> datetime:
    """By the department's clock."""
    return at.astimezone(ZONE)


def in_period(at: datetime | None) -> bool:
    """Whether it lies in the quarter."""
    return at is not None and FROM <= local(at).date() < TO
