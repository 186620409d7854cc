"""Which history is loaded: the one that was asked for, or the rest of one that was interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from producers.history.manifest import Manifest, read_manifests
from producers.history.synthetic import SyntheticHistory, begins_before
from runtime.backfill.synthetic import is_opening, manifest_of, manifest_path
from runtime.department_time import busy_hour_until, first_event_at
from runtime.installation import Installation
from runtime.outbound import read_destinations, read_dicom_destinations


class HistoryRefused(Exception):
    """This history is not loaded here; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was asked for. `exams`: a year, or None, as many as the department has; `until`: see `choose`."""

    years: float = 1.0
    exams: int | None = None
    seed: int = 1
    until: datetime | None = None


def choose(installation: Installation, choice: Choice) -> Manifest:
    """What to load, and how far it is already.

    Without `until` an interrupted history goes on; a new one ends where what is there begins, or else at a
    busy hour, from which on a simulated department goes on.
    Raises HistoryRefused, InvalidHistory, ManifestDamaged, InvalidDepartment, OSError, ClickHouse's errors.
    """
    require_no_destinations(installation)
    now = installation.now()()
    if choice.until is not None and choice.until > now:
        raise HistoryRefused(f"{choice.until:%Y-%m-%d %H:%M} UTC is not over yet: a history ends in the past")
    known = [one for one in read_manifests(manifest_path(installation.data)) if not is_opening(one)]
    if choice.until is None:
        interrupted = [one for one in known if not one.is_complete]
        if interrupted:
            return interrupted[-1]
        if known:
            raise HistoryRefused(_already(known[-1]))
    return manifest_of(installation, _history(installation, choice))


def require_no_destinations(installation: Installation) -> None:
    """Old reports are no news. Raises HistoryRefused where they would be sent to other systems."""
    names = [
        *(one.name for one in read_destinations(installation)),
        *(one.name for one in read_dicom_destinations(installation)),
    ]
    if names:
        raise HistoryRefused(
            f"reports and studies go out to {', '.join(names)}: a history would be sent there, too; "
            "load it before there are destinations (docs/predictions.md)"
        )


def _history(installation: Installation, choice: Choice) -> SyntheticHistory:
    settings = installation.settings
    ends_at = choice.until or ends_before(_begun(installation), installation.now()(), settings.zone)
    return SyntheticHistory(
        begins_at=begins_before(ends_at, choice.years),
        ends_at=ends_at,
        seed=choice.seed,
        site=settings.site,
        zone=settings.zone,
        exams_per_year=choice.exams,
    )


def ends_before(begun: Sequence[datetime], now: datetime, zone: str) -> datetime:
    """Where a new history ends: where what is there begins, else at a busy hour; a full hour, UTC.

    begun: when each part of what is there begins.
    Raises InvalidDepartment, OSError.
    """
    full_hour = min([now, *begun]).replace(minute=0, second=0, microsecond=0)
    return full_hour if begun else busy_hour_until(full_hour, zone)


def _begun(installation: Installation) -> list[datetime]:
    """When its exams begin, and what `up --simulate` has not yet made whole of its past."""
    begun = [one.history.begins_at for one in read_manifests(manifest_path(installation.data))]
    first = first_event_at(installation)
    return begun if first is None else [first, *begun]


def _already(manifest: Manifest) -> str:
    history = manifest.history
    return (
        f"a history of {manifest.exams:,} exams from {history.begins_at:%Y-%m-%d} to "
        f"{history.ends_at:%Y-%m-%d} is loaded already; name --until to load another beside it"
    )
