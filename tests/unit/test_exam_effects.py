"""What each event changed, as the exam's page tells it: the fold's own answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.changes import LoggedEvent
from dashboards.reports import report_versions
from runtime.exam_effects import MOST_EVENTS, effects
from schemas.events import Event
from sinks.clickhouse.rows import event_payload
from tests.finished_exam import finished_exam


def logged(event: Event) -> LoggedEvent:
    """As ClickHouse has it."""
    envelope = event.envelope
    return LoggedEvent(
        event_id=envelope.event_id,
        event_type=type(event).__name__,
        exam_id=envelope.exam_id,
        occurred_at=envelope.occurred_at,
        recorded_at=envelope.recorded_at,
        site=envelope.site,
        patient_key=envelope.patient_key,
        corrects=envelope.corrects,
        fields=orjson.loads(event_payload(event)),
    )


EVENTS = [logged(event) for event in finished_exam()]


def test_every_event_of_a_full_history_is_read_and_told() -> None:
    told = effects(EVENTS)
    assert set(told) == {event.event_id for event in EVENTS}
    first = {change.field: (change.before, change.after) for change in told[EVENTS[0].event_id].changes}
    assert first["stage"] == (None, "ordered")
    assert first["priority"] == (None, "ROUTINE")
    changed = next(event for event in EVENTS if event.event_type == "PriorityChanged")
    fields = {change.field: (change.before, change.after) for change in told[changed.event_id].changes}
    assert fields["priority"] == ("ROUTINE", "STAT")
    final = next(event for event in EVENTS if event.event_type == "FinalReportPublished")
    assert "report_turnaround" in told[final.event_id].measured


@settings(max_examples=8)
@given(st.permutations(EVENTS))
def test_the_order_in_which_they_are_given_changes_nothing(events: list[LoggedEvent]) -> None:
    assert effects(events) == effects(EVENTS)


def test_the_second_of_two_that_say_the_same_changed_nothing() -> None:
    arrived = next(event for event in EVENTS if event.event_type == "PatientArrived")
    again = replace(
        arrived,
        event_id="00000000-0000-5000-8000-000000000000",
        occurred_at=arrived.occurred_at + timedelta(minutes=1),
        recorded_at=EVENTS[-1].recorded_at + timedelta(days=1),
    )
    assert effects([*EVENTS, again])[again.event_id].changes == ()


def test_what_cannot_be_read_and_too_many_are_left_untold() -> None:
    later = replace(EVENTS[0], event_type="OfALaterVersion")
    assert effects([later]) == {}
    assert effects(EVENTS[:1] * (MOST_EVENTS + 1)) == {}


def test_report_versions_are_numbered_and_say_whether_the_text_changed() -> None:
    def event(number: int, kind: str, sha256: str | None, corrects: str | None = None) -> dict[str, object]:
        at = EVENTS[0].occurred_at + timedelta(minutes=number)
        details = {"report_sha256": sha256, "reported_by": "reader-1"}
        return {
            "event_id": str(number),
            "type": kind,
            "occurred_at": at,
            "recorded_at": at,
            "corrects": corrects,
            "details": details,
        }

    told = report_versions(
        [
            event(1, "PreliminaryReportPublished", "aa"),
            event(2, "FinalReportPublished", "aa"),
            event(3, "ReportViewed", None),
            event(4, "ReportCorrected", "bb"),
            event(5, "ReportAddended", "cc"),
            event(6, "EventCorrected", None, corrects="5"),
        ]
    )
    assert [(one["version"], one["status"], one["is_same_text"]) for one in told] == [
        (1, "preliminary", None),
        (2, "final", True),
        (3, "corrected", False),
    ]
    assert "viewed_at" in told[1]
    assert "viewed_at" not in told[2]
