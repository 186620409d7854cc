"""The events of a synthetic history: what the listeners would have made of the same exams, and its faults."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any

import pytest

from benchmarks.derived_keys import DerivedKeys
from producers.history.synthetic import InvalidHistory, SyntheticHistory
from producers.hl7.context import MappingConfig
from producers.hl7.mapping import map_message
from producers.hl7.parsing import parse
from producers.simulator.exam import SimulatedExam
from producers.simulator.hl7_messages import message_of
from schemas.codec import RECORD_CLASSES, Codec
from schemas.events import AcquisitionStarted, Event, FinalReportPublished, ReportAddended
from schemas.phi import open_sealed
from schemas.synthetic import SYNTHETIC_FACILITY

ENDS_AT = datetime(2026, 3, 30, tzinfo=UTC)
HISTORY = SyntheticHistory(begins_at=ENDS_AT - timedelta(days=21), ends_at=ENDS_AT, zone="Europe/Berlin")
SECRET = bytes(32)
RING = DerivedKeys()
CODEC = Codec({cls.AVRO_NAME: number for number, cls in enumerate(RECORD_CLASSES)}, str)


def exams(history: SyntheticHistory = HISTORY, count: int | None = None) -> list[SimulatedExam]:
    return list(islice(history.exams(), count))


def events(history: SyntheticHistory = HISTORY, count: int | None = None) -> Iterator[Event]:
    teller = history.teller(SECRET, RING)
    for exam in exams(history, count):
        yield from teller.events_of(exam)


@cache
def three_weeks() -> tuple[Event, ...]:
    return tuple(events())


def without_phi(event: Event) -> bytes:
    return CODEC.encode(replace(event, envelope=replace(event.envelope, phi=None)))


def stated(event: Event) -> dict[str, Any]:
    """All but who said it, in which message, when it was learned of, and the ciphertext."""
    envelope = event.envelope
    own = {name: getattr(event, name) for name in type(event).__slots__ if name != "envelope"}
    phi = None if envelope.phi is None else open_sealed(RING, envelope.event_id, envelope.phi)
    about = (envelope.exam_id, envelope.site, envelope.patient_key, envelope.swim_code, envelope.occurred_at)
    return {**own, "about": about, "phi": phi, "type": type(event)}


def test_the_same_history_has_the_same_events_byte_for_byte() -> None:
    again = SyntheticHistory(begins_at=HISTORY.begins_at, ends_at=ENDS_AT, zone="Europe/Berlin")
    assert list(map(without_phi, events(count=150))) == list(map(without_phi, events(again, count=150)))


def test_another_seed_or_another_period_has_other_accession_numbers() -> None:
    numbers = {exam.accession_number for exam in exams(count=200)}
    later = replace(HISTORY, ends_at=ENDS_AT + timedelta(hours=1))
    for other in (replace(HISTORY, seed=2), later, replace(HISTORY, exams_per_year=90_000)):
        assert numbers.isdisjoint(exam.accession_number for exam in exams(other, count=200))


def test_events_are_those_that_the_listener_makes_of_the_same_exams_messages() -> None:
    clean = HISTORY.department().without_faults()
    teller = replace(HISTORY.teller(SECRET, RING), department=replace(clean, addended_share=0.0))
    mapping = MappingConfig(site=HISTORY.site, site_secret=SECRET)
    for exam in exams(count=60):
        heard = [
            event
            for step, at in exam.timeline
            if (message := message_of(exam, step)) is not None
            for event in map_message(parse(message.content), mapping, RING, at.astimezone(UTC))
        ]
        told = [event for event in teller.events_of(exam) if event.envelope.source.protocol == "HL7v2"]
        by_type = {type(event): event for event in told}
        assert set(by_type) == {type(event) for event in heard}
        for event in heard:
            assert stated(by_type[type(event)]) == stated(event)


def test_every_event_says_that_it_is_synthetic() -> None:
    assert {event.envelope.source.facility for event in three_weeks()} == {SYNTHETIC_FACILITY}


def test_ids_are_unique_and_nothing_is_said_after_the_end_or_left_open() -> None:
    said = three_weeks()
    assert len({event.envelope.event_id for event in said}) == len(said) > 30_000
    assert all(event.envelope.recorded_at < ENDS_AT for event in said)
    assert all(exam.ends_at < ENDS_AT for exam in exams())


def test_some_events_are_late_some_clocks_are_off_and_some_reports_get_an_addendum() -> None:
    late = [
        e for e in three_weeks() if e.envelope.recorded_at - e.envelope.occurred_at > timedelta(minutes=10)
    ]
    assert late
    addenda = sum(isinstance(event, ReportAddended) for event in three_weeks())
    finals = sum(isinstance(event, FinalReportPublished) for event in three_weeks())
    assert addenda / finals == pytest.approx(HISTORY.department().addended_share, abs=0.008)
    teller = HISTORY.teller(SECRET, RING)
    weeks = [HISTORY.begins_at + timedelta(days=7 * number) for number in range(500)]
    faults = HISTORY.department().faults
    off = [off_s for week in weeks if (off_s := teller.clock_off_s("CT1", week))]
    assert len(off) / len(weeks) == pytest.approx(faults.clock_share, abs=0.02)
    assert max(map(abs, off)) <= faults.clock_off_s


def test_a_scanner_whose_clock_is_off_is_off_for_the_whole_week() -> None:
    off = replace(HISTORY.department().faults, clock_share=1.0)
    teller = replace(HISTORY.teller(SECRET, RING), department=replace(HISTORY.department(), faults=off))
    by_scanner: dict[tuple[str, int], set[timedelta]] = defaultdict(set)
    for exam in exams(count=400):
        timeline = {step.value: at for step, at in exam.timeline}
        for event in teller.events_of(exam):
            if isinstance(event, AcquisitionStarted):
                week = exam.begins_at.isocalendar().week
                by_scanner[exam.scanner, week].add(event.envelope.occurred_at - timeline["started"])
    assert by_scanner
    assert all(len(offsets) == 1 for offsets in by_scanner.values())


def test_a_history_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InvalidHistory):
        replace(HISTORY, begins_at=ENDS_AT)
    with pytest.raises(InvalidHistory):
        replace(HISTORY, exams_per_year=0)
