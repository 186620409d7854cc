"""Forecasts of open exams, as the topic has them, and as pages get them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from schemas.forecast_features import FEATURES
from schemas.intervals import BY_NAME, MILESTONES
from schemas.views import DueRow, PredictionRow, WorklistRow

Json = dict[str, Any]
_LAST = "final"
_OVER = frozenset({"cancelled", "reconciled", "unmatched"})
_NOTHING: Mapping[str, PredictionRow] = {}


class Forecasts:
    """The latest of each milestone to come, by exam."""

    def __init__(self) -> None:
        self._of: dict[str, dict[str, PredictionRow]] = {}

    def put(self, prediction_id: str, row: PredictionRow | None) -> str:
        """Take what the topic says; the id of the exam that it is about."""
        exam_id, _, milestone = prediction_id.rpartition("|")
        if row is not None:
            self._of.setdefault(exam_id, {})[milestone] = row
        elif (known := self._of.get(exam_id)) is not None:
            known.pop(milestone, None)
            if not known:
                del self._of[exam_id]
        return exam_id

    def put_until(self, waiting: deque[PredictionRow], at: datetime) -> set[str]:
        """Take from `waiting`, which is in the order of its making, what was made by `at`; of which exams."""
        found: set[str] = set()
        while waiting and waiting[0].made_at <= at:
            row = waiting.popleft()
            found.add(self.put(row.prediction_id, row))
        return found

    def retain(self, prediction_ids: frozenset[str]) -> list[str]:
        """Only these are in the topic; the ids of the exams of those that are not."""
        known = [row.prediction_id for rows in self._of.values() for row in rows.values()]
        return [self.put(one, None) for one in known if one not in prediction_ids]

    def of(self, exam_id: str) -> Mapping[str, PredictionRow]:
        """What is forecast of an exam, by milestone."""
        return self._of.get(exam_id, _NOTHING)


def still_coming(rows: Mapping[str, PredictionRow], row: WorklistRow) -> Mapping[str, PredictionRow]:
    """Of the forecasts of an exam those of what has not come, by its `row`.

    The topic takes them out a moment after the row, or long after it, where nobody forecasts.
    """
    if row.final_at is not None or row.stage in _OVER:
        return _NOTHING
    return {name: one for name, one in rows.items() if getattr(row, f"{name}_at", None) is None}


def card_fields(rows: Mapping[str, PredictionRow], due: DueRow | None) -> Json:
    """What a line of the worklist shows: when the exam will be done, and whether what is due will be late."""
    fields: Json = {}
    last = rows.get(_LAST)
    if last is not None:
        fields |= {
            "expected_at": last.p50_at,
            "expected_from_at": last.p10_at,
            "expected_until_at": last.p90_at,
            "forecast_at": last.made_at,
        }
        if last.fallback_reason is not None:
            fields["forecast_fallback"] = last.fallback_reason
    if due is not None:
        # By other targets than it is judged by, as after they were changed, it is another question.
        same = (due.interval, due.due_at)
        late = [row.breach_probability for row in rows.values() if (row.interval, row.due_at) == same]
        if late and late[0] is not None:
            fields["late_probability"] = round(late[0], 3)
    return fields


def told(rows: Mapping[str, PredictionRow]) -> list[Json]:
    """Every milestone to come of one exam, the soonest first."""
    return [_told(row) for row in sorted(rows.values(), key=lambda one: (one.p50_at, one.milestone))]


def _told(row: PredictionRow) -> Json:
    known = MILESTONES.get(row.milestone)
    interval = None if row.interval is None else BY_NAME.get(row.interval)
    return {
        "milestone": row.milestone,
        "label": row.milestone if known is None else known.label,
        "made_at": row.made_at,
        "p10_at": row.p10_at,
        "p50_at": row.p50_at,
        "p90_at": row.p90_at,
        "interval": row.interval,
        "interval_label": row.interval if interval is None else interval.label,
        "due_at": row.due_at,
        "breach_probability": row.breach_probability,
        "reasons": [FEATURES.get(name, name) for name in row.reasons],
        "model": row.model,
        "fallback_reason": row.fallback_reason,
    }
