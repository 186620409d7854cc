"""What a department's operations ask: turnaround, waits, scanners, the unread."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from tests.quarter_measures import Row, grouped, measured, month, of, percent, percentile
from tests.quarter_story import FROM, TO, ZONE, Quarter, Story, local

_HOUR = timedelta(hours=1)


def report_turnaround_by_month(quarter: Quarter) -> list[Row]:
    found = measured(quarter, "completed", "final", "final")
    return [
        {
            "month": key[0],
            "modality": key[1],
            "exams": len(group),
            "p50_min": percentile(of(group), 0.5),
            "p90_min": percentile(of(group), 0.9),
            "p95_min": percentile(of(group), 0.95),
        }
        for key, group in grouped(found, lambda pair: (month(pair[0].final), pair[0].modality))
    ]


def emergency_ct_against_target(quarter: Quarter) -> list[Row]:
    found = of(
        measured(quarter, "ordered", "final", "final", lambda s: (s.modality, s.patient_class) == ("CT", "E"))
    )
    return [
        {
            "exams": len(found),
            "p50_min": percentile(found, 0.5),
            "p90_min": percentile(found, 0.9),
            "within_target_percent": percent(sum(m <= 180 for m in found), len(found)),
        }
    ]


def _target(story: Story) -> int:
    if story.priority == "STAT":
        return 60
    if story.patient_class == "E":
        return 120
    if story.priority == "ASAP":
        return 240
    return 720 if story.patient_class == "I" else 1440


def share_within_target(quarter: Quarter) -> list[Row]:
    found = measured(quarter, "completed", "final", "final")
    rows = []
    for key, group in grouped(
        found, lambda pair: (pair[0].priority or "ROUTINE", pair[0].patient_class, _target(pair[0]))
    ):
        within = sum(taken <= key[2] for taken in of(group))
        rows.append(
            {
                "asked_as": key[0],
                "patient_class": key[1],
                "target_min": key[2],
                "exams": len(group),
                "within": within,
                "within_percent": percent(within, len(group)),
            }
        )
    return rows


def outpatient_waits_by_weekday(quarter: Quarter) -> list[Row]:
    found = measured(quarter, "arrived", "started", "arrived", lambda s: s.patient_class == "O")
    return [
        {
            "weekday": weekday,
            "exams": len(group),
            "p50_min": percentile(of(group), 0.5),
            "p90_min": percentile(of(group), 0.9),
            "over_45_min": sum(taken > 45 for taken in of(group)),
        }
        for weekday, group in grouped(found, lambda pair: local(pair[0].arrived).isoweekday())
    ]


def scanner_utilisation(quarter: Quarter) -> list[Row]:
    rows = []
    for scanner, group in grouped(
        measured(quarter, "started", "completed", "started"), lambda pair: pair[0].scanner
    ):
        days = len({local(story.started).date() for story, _ in group})
        busy = sum(of(group))
        rows.append(
            {
                "scanner": scanner,
                "days": days,
                "exams": len(group),
                "exams_per_day": len(group) / days,
                "busy_min": busy,
                "used_percent": 100 * busy / (days * 600),
            }
        )
    return rows


def idle_gaps(quarter: Quarter) -> list[Row]:
    gaps: dict[str, list[float]] = defaultdict(list)
    done = measured(quarter, "started", "completed", "started")
    for (scanner, _), group in grouped(
        (story for story, _ in done), lambda s: (s.scanner, local(s.started).date())
    ):
        in_order = sorted(group, key=lambda s: s.started)
        for former, latter in pairwise(in_order):
            gaps[scanner].append((latter.started - former.completed).total_seconds() / 60)
    return [
        {"scanner": scanner, "gaps": len(long), "idle_min": sum(long), "longest_min": max(long)}
        for scanner, all_gaps in sorted(gaps.items())
        if (long := [gap for gap in all_gaps if gap > 15])
    ]


def unread_backlog_by_hour(quarter: Quarter) -> list[Row]:
    waiting = [
        (s.completed, s.final)
        for s in quarter.stories
        if s.completed is not None and (s.final is None or s.completed < s.final)
    ]
    at_hour: dict[int, list[int]] = defaultdict(list)
    at = datetime.combine(FROM, datetime.min.time(), ZONE).astimezone(UTC)
    end = datetime.combine(TO, datetime.min.time(), ZONE).astimezone(UTC)
    while at < end:
        unread = sum(completed <= at and (final is None or at < final) for completed, final in waiting)
        at_hour[local(at).hour].append(unread)
        at += _HOUR
    return [
        {"hour_of_day": hour, "unread_mean": sum(counts) / len(counts), "unread_max": max(counts)}
        for hour, counts in sorted(at_hour.items())
    ]
