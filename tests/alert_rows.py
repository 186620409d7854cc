"""Exams, targets and desks for the tests of alerts: minute by minute of one morning."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from processors.alerts.desk import AlertDesk, Said
from processors.alerts.known_exam import known_exam
from processors.alerts.targets import Version, content_hash
from processors.alerts.targets_file import parse_targets
from processors.facts import to_us
from schemas.views import AlertRow, DueRow, PredictionRow, WorklistRow
from tests.histories import MORNING

EXAM = "GENERAL|A1"
KEEP_US = 30 * 86_400 * 1_000_000
TARGETS = """
[[target]]
interval = "report_turnaround"
priority = "STAT"
due_min = 60
warn_before_min = 15

[[target]]
interval = "report_turnaround"
due_min = 240
warn_before_min = 60

[[target]]
interval = "order_to_start"
due_min = 120
warn_before_min = 30
"""


def at(minutes: float) -> datetime:
    """That many minutes into the morning."""
    return MORNING + timedelta(minutes=minutes)


def us(minutes: float) -> int:
    """The same in microseconds since the epoch."""
    return to_us(at(minutes))


def row(events: int, exam_id: str = EXAM, *, stage: str = "ordered", **fields: object) -> WorklistRow:
    """A row made from so many events; instants are minutes into the morning."""
    instants = {name: at(value) for name, value in fields.items() if name.endswith("_at")}  # type: ignore[arg-type]  # numbers
    others = {name: value for name, value in fields.items() if not name.endswith("_at")}
    last = max(instants.values(), default=MORNING)
    return WorklistRow(
        exam_id=exam_id,
        site=str(others.pop("site", "GENERAL")),
        stage=stage,
        series_count=0,
        instance_count=0,
        unmatched=False,
        event_count=events,
        last_occurred_at=last,
        last_recorded_at=last,
        **instants,  # type: ignore[arg-type]  # as above
        **others,  # type: ignore[arg-type]  # each test gives what it means
    )


def version(minutes: float = -600, text: str = TARGETS) -> Version:
    """Targets that came into force so many minutes into the morning; else long before it."""
    targets = parse_targets(text)
    digest = content_hash(targets)
    return Version(us(minutes), f"{digest[:8]}@{minutes}", digest, targets)


class Desk:
    """A desk, and its topic as it stands and as it was written."""

    def __init__(
        self,
        *versions: Version,
        topic: dict[str, AlertRow] | None = None,
        due: dict[str, DueRow] | None = None,
    ) -> None:
        self.desk = AlertDesk(KEEP_US)
        self.topic: dict[str, AlertRow] = dict(topic or {})
        self.due: dict[str, DueRow] = dict(due or {})
        self.forecasts: dict[str, PredictionRow] = {}
        self.written: list[Said] = []
        self.due_written = 0
        for one in versions or (version(),):
            self.desk.take_version(one)
        for alert in self.topic.values():
            self.desk.take_said(alert)
        for row_due in self.due.values():
            self.desk.due.take_said(row_due)
        self.offset = 0

    def take(self, *rows: WorklistRow, minutes: float = 0.0) -> None:
        """The worklist has these rows at that minute."""
        for one in rows:
            self.offset += 1
            self.desk.take_exam(known_exam(one, self.offset), us(minutes))

    def hear(self, *rows: PredictionRow) -> None:
        """The topic of forecasts has these rows."""
        for one in rows:
            self.forecasts[one.prediction_id] = one
            self.desk.take_forecast(one.prediction_id, one)

    def unsay(self, row: PredictionRow) -> None:
        """The topic of forecasts has no such row any more."""
        self.forecasts.pop(row.prediction_id, None)
        self.desk.take_forecast(row.prediction_id, None)

    def settle(self, minutes: float) -> list[str]:
        """Time is so many minutes into the morning: the states that are said."""
        said = self.desk.settle(us(minutes))
        self.written += said
        for alert_id, alert in said:
            if alert is None:
                del self.topic[alert_id]
            else:
                self.topic[alert_id] = alert
        for exam_id, row_due in self.desk.due.settle():
            self.due_written += 1
            if row_due is None:
                del self.due[exam_id]
            else:
                self.due[exam_id] = row_due
        return ["forgotten" if alert is None else alert.state for _, alert in said]

    def restarted(self, rows: Iterable[WorklistRow], *versions: Version, minutes: float) -> Desk:
        """Another desk on the same topics."""
        new = Desk(*versions, topic=self.topic, due=self.due)
        new.take(*rows, minutes=minutes)
        new.hear(*self.forecasts.values())
        return new

    def live(self) -> set[tuple[str, str]]:
        """What anyone has to care about: alert and state."""
        return {
            (one.alert_id, one.state) for one in self.topic.values() if one.state in ("warned", "breached")
        }

    def missed(self) -> set[tuple[str, str, object]]:
        """What missed its target, with when it ended."""
        found = (one for one in self.topic.values() if one.state in ("breached", "resolved"))
        return {(one.alert_id, one.state, one.closed_at) for one in found}

    def dues(self) -> dict[str, tuple[str, object]]:
        """What is due next of each exam: interval and time."""
        return {exam_id: (row_due.interval, row_due.due_at) for exam_id, row_due in self.due.items()}


def forecast(
    made: float, likely: float | None, late_since: float | None = None, **fields: Any
) -> PredictionRow:
    """Of the final report of EXAM, due at 60: made at that minute; since when it has been said to be late."""
    known = {"exam_id": EXAM, "milestone": "final", "interval": "report_turnaround", "model": "m1"} | fields
    due = known.pop("due", 60)
    return PredictionRow(
        prediction_id=f"{known['exam_id']}|{known['milestone']}",
        site="GENERAL",
        made_at=at(made),
        p10_at=at(made + 10),
        p50_at=at(made + 30),
        p90_at=at(made + 90),
        due_at=None if due is None else at(due),
        breach_probability=likely,
        reasons=("unread",),
        late_since_at=None if late_since is None else at(late_since),
        **known,
    )
