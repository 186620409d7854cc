"""What its analysts ask: images, readers, shifts, delays, clocks, identity, alerts."""

from __future__ import annotations

from datetime import datetime, timedelta

from schemas.intervals import INTERVALS
from tests.quarter_measures import DOUBTFUL, Row, grouped, measured, month, of, percent, percentile
from tests.quarter_story import Quarter, Story, in_period, local

_HOUR = timedelta(hours=1)


def images_per_exam(quarter: Quarter) -> list[Row]:
    done = [s for s in quarter.stories if in_period(s.completed) and s.images]
    rows: list[Row] = []
    means: dict[str, float] = {}
    for (modality, first_day), group in grouped(done, lambda s: (s.modality, month(s.completed))):
        images = sum(s.images for s in group)
        mean = images / len(group)
        growth = None if modality not in means else 100 * (mean / means[modality] - 1)
        means[modality] = mean
        rows.append(
            {
                "modality": modality,
                "month": first_day,
                "exams": len(group),
                "images": images,
                "images_per_exam": mean,
                "growth_percent": growth,
            }
        )
    return rows


def readers(quarter: Quarter) -> list[Row]:
    rows = []
    for reader, group in grouped(
        measured(quarter, "completed", "final", "final"), lambda pair: pair[0].reader
    ):
        days = len({local(story.final).date() for story, _ in group})
        rows.append(
            {
                "reader_begins": reader[:8],
                "signed": len(group),
                "days": days,
                "signed_per_day": len(group) / days,
                "p50_min": percentile(of(group), 0.5),
                "stat_percent": percent(sum(story.priority == "STAT" for story, _ in group), len(group)),
            }
        )
    return rows


def _shift(at: datetime | None) -> str:
    assert at is not None
    hour, weekday = local(at).hour, local(at).isoweekday()
    if hour < 7 or hour >= 19:
        return "night"
    return "weekend" if weekday > 5 else "day"


def night_against_day(quarter: Quarter) -> list[Row]:
    found = measured(quarter, "completed", "final", "completed")
    return [
        {
            "shift": shift,
            "exams": len(group),
            "p50_min": percentile(of(group), 0.5),
            "p90_min": percentile(of(group), 0.9),
        }
        for shift, group in grouped(found, lambda pair: _shift(pair[0].completed))
    ]


def first_image_to_opened(quarter: Quarter) -> list[Row]:
    found = measured(quarter, "first_image", "opened", "opened", lambda s: not s.clock_fault)
    return [
        {
            "modality": modality,
            "exams": len(group),
            "p50_min": percentile(of(group), 0.5),
            "p90_min": percentile(of(group), 0.9),
        }
        for modality, group in grouped(found, lambda pair: pair[0].modality)
    ]


def delays_by_code(quarter: Quarter) -> list[Row]:
    found = measured(quarter, "arrived", "started", "arrived")
    return [
        {"delay": code, "exams": len(group), "p50_wait_min": percentile(of(group), 0.5)}
        for code, group in grouped(found, lambda pair: pair[0].delay_code or "none")
    ]


def _not_measured(story: Story) -> int:
    """How many intervals a wrong clock costs."""
    known = {
        name
        for name in ("ordered", "scheduled", "arrived", "started", "completed", "first_image", "stored")
        if getattr(story, name) is not None
    } | {"opened", "dictated", "final", "result"}
    return sum(
        spec.start in known
        and spec.end in known
        and bool(DOUBTFUL & {spec.start, spec.end})
        and spec.priority in (None, story.priority)
        for spec in INTERVALS
    )


def clock_faults_by_scanner(quarter: Quarter) -> list[Row]:
    rows = []
    for scanner, group in grouped((s for s in quarter.stories if in_period(s.started)), lambda s: s.scanner):
        wrong = [s for s in group if s.clock_fault]
        rows.append(
            {
                "scanner": scanner,
                "exams": len(group),
                "with_fault": len(wrong),
                "fault_percent": percent(len(wrong), len(group)),
                "not_measured": sum(map(_not_measured, wrong)),
            }
        )
    return rows


def unmatched_and_reconciled(quarter: Quarter) -> list[Row]:
    rows = []
    for modality, group in grouped(
        (s for s in quarter.stories if in_period(s.first_image)), lambda s: s.modality
    ):
        found = sum(s.reconciled is not None for s in group)
        alone = sum(scanner.startswith(modality) for _, scanner, _, _ in quarter.unmatched)
        rows.append(
            {
                "modality": modality,
                "exams_with_images": len(group),
                "came_alone_and_found": found,
                "still_alone": alone,
                "alone_percent": percent(found + alone, len(group) + alone),
            }
        )
    return rows


def alerts_by_interval(quarter: Quarter) -> list[Row]:
    urgent = [
        s
        for s in quarter.stories
        if s.priority == "STAT" and s.completed and not s.clock_fault and in_period(s.completed + _HOUR)
    ]
    rows = []
    for modality, group in grouped(urgent, lambda s: s.modality):
        missed = [s for s in group if s.final is None or s.final > s.completed + _HOUR]
        over = [(s.final - s.completed - _HOUR).total_seconds() / 60 for s in missed if s.final]
        rows.append(
            {
                "interval": "report_turnaround",
                "modality": modality,
                "alerts": len(group),
                "missed": len(missed),
                "missed_percent": percent(len(missed), len(group)),
                "p50_over_min": percentile(over, 0.5),
                "still_open": sum(s.final is None for s in group),
            }
        )
    return rows
