"""Exams whose forecasts are known, with what came of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from schemas.forecast_record import FORECAST
from schemas.views import PredictionRow, WorklistRow
from tests.dashboard_rows import NOON, row

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
_STEPS = ("arrived", *FORECAST)
_MODALITIES = ("CT", "MR", "CR")
_TARGET = timedelta(minutes=60)


@dataclass(frozen=True)
class Story:
    """One exam as it stands, and every forecast that was made of it."""

    exam: WorklistRow
    forecasts: tuple[PredictionRow, ...]

    def at(self, step: str) -> datetime | None:
        """When it came to a step."""
        found: datetime | None = getattr(self.exam, f"{step}_at")
        return found


def stories(count: int = 700, seed: int = 3) -> list[Story]:
    """Of the last 38 days until noon; some are open, some have no preliminary report, some were cancelled."""
    random = Random(seed)
    return [_story(number, random) for number in range(count)]


def _story(number: int, random: Random) -> Story:
    modality = random.choice(_MODALITIES)
    at = NOON - timedelta(minutes=random.uniform(0, 38 * 24 * 60))
    steps: dict[str, datetime] = {}
    has_preliminary = random.random() < 0.7
    for step in _STEPS:
        if step != "preliminary" or has_preliminary:
            at += timedelta(minutes=random.lognormvariate(3.3, 0.6))
            if at < NOON:
                steps[f"{step}_at"] = at
    is_cancelled = random.random() < 0.03
    if is_cancelled:
        steps.pop("final_at", None)
    stage = "cancelled" if is_cancelled else "final" if "final_at" in steps else "stored"
    exam = row(
        number,
        stage,
        modality=modality,
        priority=random.choice(["STAT", "ROUTINE", None]),
        **steps,
    )
    return Story(exam, tuple(_forecasts(exam, random)))


def _forecasts(exam: WorklistRow, random: Random) -> Iterator[PredictionRow]:
    """At each step, and twice between; a few of an older version: three quantiles and no baseline."""
    reached = [exam.arrived_at, exam.started_at, exam.study_stored_at, exam.preliminary_at, exam.final_at]
    instants = [
        one + timedelta(minutes=random.uniform(0.1, 3) + later)
        for one in reached
        if one is not None
        for later in (0, 12, 31)
    ]
    for made_at in sorted(instants):
        for milestone in FORECAST:
            came = getattr(exam, f"{milestone}_at")
            if came is None or came > made_at or random.random() < 0.1:
                yield _forecast(exam, milestone, made_at, random)


def _forecast(exam: WorklistRow, milestone: str, made_at: datetime, random: Random) -> PredictionRow:
    middle = random.lognormvariate(3.4, 0.3)
    minutes = [middle * factor for factor in (0.3, 0.45, 0.7, 1, 1.5, 2.2, 3)]
    at = [made_at + timedelta(minutes=one) for one in minutes]
    has_target = milestone == "final" and exam.study_stored_at is not None
    due_at = exam.study_stored_at + _TARGET if has_target and exam.study_stored_at else None
    is_old = random.random() < 0.1
    return PredictionRow(
        prediction_id=f"{exam.exam_id}|{milestone}",
        exam_id=exam.exam_id,
        site=exam.site,
        modality=exam.modality,
        priority=exam.priority,
        milestone=milestone,
        made_at=made_at,
        p05_at=None if is_old else at[0],
        p10_at=at[1],
        p25_at=None if is_old else at[2],
        p50_at=at[3],
        p75_at=None if is_old else at[4],
        p90_at=at[5],
        p95_at=None if is_old else at[6],
        interval="report_turnaround" if has_target else None,
        due_at=due_at,
        breach_probability=random.random() if has_target else None,
        reasons=(),
        model=random.choice(["baseline", "20260301T000000Z-0badcafe"]),
        baseline_min=None if is_old else tuple(1.4 * one for one in minutes),
        baseline_probability=random.random() if has_target and not is_old else None,
    )
