"""What its quality manager asks: urgency, critical results, reports, patients."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from tests.quarter_measures import Row, grouped, minutes, month, percent, percentile
from tests.quarter_story import Quarter, Story, in_period


def stat_share_by_month(quarter: Quarter) -> list[Row]:
    ordered = [s for s in quarter.stories if in_period(s.ordered)]
    return [
        {
            "month": key,
            "ordered": len(group),
            "ordered_stat_percent": percent(sum(s.first_priority == "STAT" for s in group), len(group)),
            "stat_percent": percent(sum(s.priority == "STAT" for s in group), len(group)),
            "made_stat_later": sum(s.priority == "STAT" != s.first_priority for s in group),
        }
        for key, group in grouped(ordered, lambda s: month(s.ordered))
    ]


def critical_results_in_time(quarter: Quarter) -> list[Row]:
    rows = []
    told = [s for s in quarter.stories if in_period(s.critical_notified)]
    for category, group in grouped(told, lambda s: s.critical_category):
        target = {"1": 60, "2": 720}[category]
        taken = [
            m for s in group if (m := minutes(s, "critical_notified", "critical_acknowledged")) is not None
        ]
        in_time = sum(m <= target for m in taken)
        rows.append(
            {
                "category": category,
                "target_min": target,
                "notified": len(group),
                "acknowledged": len(taken),
                "in_time": in_time,
                "in_time_percent": percent(in_time, len(group)),
            }
        )
    return rows


def report_changes(quarter: Quarter) -> list[Row]:
    rows = []
    for modality, group in grouped((s for s in quarter.stories if in_period(s.final)), lambda s: s.modality):
        addenda, corrections = (
            sum(len(s.addended) for s in group),
            sum(s.corrected is not None for s in group),
        )
        rows.append(
            {
                "modality": modality,
                "signed": len(group),
                "addenda": addenda,
                "corrections": corrections,
                "addenda_per_100": percent(addenda, len(group)),
                "corrections_per_100": percent(corrections, len(group)),
            }
        )
    return rows


def _repeated(stories: Sequence[Story]) -> set[str]:
    """The exams whose patient had the same procedure in the 30 days before."""
    again = set()
    for _, group in grouped(stories, lambda s: (s.patient, s.modality)):
        in_order = sorted(group, key=lambda s: s.arrived)
        for former, latter in pairwise(in_order):
            if latter.arrived - former.arrived < timedelta(days=30):
                again.add(latter.accession)
    return again


def late_and_repeated(quarter: Quarter) -> list[Row]:
    arrivals = [s for s in quarter.stories if in_period(s.arrived)]
    again = _repeated(arrivals)
    rows = []
    for modality, group in grouped(arrivals, lambda s: s.modality):
        lateness = [m for s in group if (m := minutes(s, "scheduled", "arrived")) is not None]
        late = sum(m > 10 for m in lateness)
        rows.append(
            {
                "modality": modality,
                "with_appointment": len(lateness),
                "late": late,
                "late_percent": percent(late, len(lateness)),
                "p50_late_min": percentile(lateness, 0.5),
                "repeated": sum(s.accession in again for s in group),
            }
        )
    return rows


def missed_and_cancelled(quarter: Quarter) -> list[Row]:
    rows = []
    for modality, group in grouped(
        (s for s in quarter.stories if in_period(s.ordered)), lambda s: s.modality
    ):
        appointments = sum(s.scheduled is not None for s in group)
        missed, cancelled = (
            sum(getattr(s, name) is not None for s in group) for name in ("missed", "cancelled")
        )
        rows.append(
            {
                "modality": modality,
                "ordered": len(group),
                "appointments": appointments,
                "missed": missed,
                "cancelled": cancelled,
                "missed_percent": percent(missed, appointments),
                "cancelled_percent": percent(cancelled, len(group)),
            }
        )
    return rows
