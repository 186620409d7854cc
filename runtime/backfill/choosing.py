"""Which history is loaded: the one that was asked for, or the rest of one that was interrupted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from producers.history.manifest import Manifest, read_manifests
from producers.history.synthetic import SyntheticHistory, begins_before
from runtime.analytics import analytics_client
from runtime.backfill.synthetic import is_opening, manifest_of, manifest_path
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

    Without `until` an interrupted history goes on; a new one ends where what is there begins, or now.
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
    ends_at = choice.until or _beginning_of_what_is_there(installation)
    return SyntheticHistory(
        begins_at=begins_before(ends_at, choice.years),
        ends_at=ends_at,
        seed=choice.seed,
        site=settings.site,
        zone=settings.zone,
        exams_per_year=choice.exams,
    )


def _beginning_of_what_is_there(installation: Installation) -> datetime:
    client = analytics_client(installation)
    try:
        rows = client.query("SELECT min(occurred_at) FROM events HAVING count() > 0").result_rows
    finally:
        client.close()
    now = installation.now()()
    first = min(now, rows[0][0].replace(tzinfo=UTC)) if rows else now
    return first.replace(minute=0, second=0, microsecond=0)


def _already(manifest: Manifest) -> str:
    history = manifest.history
    return (
        f"a history of {manifest.exams:,} exams from {history.begins_at:%Y-%m-%d} to "
        f"{history.ends_at:%Y-%m-%d} is loaded already; name --until to load another beside it"
    )
