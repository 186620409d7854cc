"""The versions of an exam's report, and how it stands. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from processors.own_facts import Own

_STATUS: Mapping[str, str] = {
    "PreliminaryReportPublished": "preliminary",
    "FinalReportPublished": "final",
    "ReportCorrected": "corrected",
    "ReportAddended": "addended",
    "ReportCancelled": "cancelled",
}
_STEPS = frozenset(_STATUS)


@dataclass(frozen=True, slots=True)
class ReportVersions:
    """What was published. `first`, `last`: event_id of the first and the latest version."""

    status: str
    count: int
    first: str
    last: str


def report_versions(own: Own) -> ReportVersions | None:
    """The versions by when they happened; None where there is no report.

    A preliminary report that is said after the signed one does not make it preliminary again: only a
    withdrawal does away with what was signed.
    """
    said = own.among(_STEPS)
    if not said:
        return None
    standing = "cancelled"
    for fact in said:
        status = _STATUS[fact.step]
        if not (status == "preliminary" and standing not in ("preliminary", "cancelled")):
            standing = status
    return ReportVersions(standing, len(said), said[0].event_id, said[-1].event_id)
