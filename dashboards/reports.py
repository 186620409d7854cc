"""The versions of an exam's report, from its events. Pure: what a report says is PHI, and not here."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.cards import Json

_STATUS = {
    "PreliminaryReportPublished": "preliminary",
    "FinalReportPublished": "final",
    "ReportCorrected": "corrected",
    "ReportAddended": "addended",
    "ReportCancelled": "cancelled",
}
# What became of the version before it.
_AFTERWARDS = {"ReportDelivered": "delivered", "ReportViewed": "viewed", "ReportAcknowledged": "acknowledged"}


def report_versions(events: Sequence[Json]) -> list[Json]:
    """Each version in the order of the events, numbered from 1; what was taken back is not one.

    is_same_text: whether its text is that of the version before; None where one of them does not say.
    """
    retracted = {event["corrects"] for event in events if event["corrects"]}
    versions: list[Json] = []
    for event in events:
        if event["event_id"] in retracted:
            continue
        if event["type"] in _STATUS:
            versions.append(_version(event, versions[-1] if versions else None))
        elif event["type"] in _AFTERWARDS and versions:
            versions[-1].setdefault(f"{_AFTERWARDS[event['type']]}_at", event["occurred_at"])
    return versions


def _version(event: Json, before: Json | None) -> Json:
    sha256 = event["details"].get("report_sha256")
    known = before is not None and sha256 is not None and before["sha256"] is not None
    return {
        "version": 1 if before is None else before["version"] + 1,
        "status": _STATUS[event["type"]],
        "published_at": event["occurred_at"],
        "recorded_at": event["recorded_at"],
        "reader": event["details"].get("reported_by"),
        "sha256": sha256,
        "is_same_text": sha256 == before["sha256"] if known and before is not None else None,
        "event_id": event["event_id"],
    }
