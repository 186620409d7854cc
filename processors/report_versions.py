"""The versions of an exam's report, and how it stands. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from processors.cancellation import when
from processors.patients import Said

_STATUS: Mapping[str, str] = {
    "PreliminaryReportPublished": "preliminary",
    "FinalReportPublished": "final",
    "ReportCorrected": "corrected",
    "ReportAddended": "addended",
    "ReportCancelled": "cancelled",
}


@dataclass(frozen=True, slots=True)
class ReportVersions:
    """What was published. `first`, `last`: event_id of the first and the latest version."""

    status: str
    count: int
    first: str
    last: str


def report_versions(own: Iterable[Said]) -> ReportVersions | None:
    """The versions by when they happened; None where there is no report.

    A preliminary report that is said after the signed one does not make it preliminary again: only a
    withdrawal does away with what was signed.
    """
    said = sorted(
        (*when(fact), event_id, _STATUS[fact.step]) for event_id, fact in own if fact.step in _STATUS
    )
    if not said:
        return None
    standing = "cancelled"
    for *_, status in said:
        if not (status == "preliminary" and standing not in ("preliminary", "cancelled")):
            standing = status
    return ReportVersions(standing, len(said), said[0][2], said[-1][2])
