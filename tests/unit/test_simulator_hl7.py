"""The messages: readable by a foreign parser, consistent within an exam, the same bytes every time."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

import hl7lw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.simulator.department_file import load_department
from producers.simulator.exam import SimulatedExam, Step
from producers.simulator.hl7_messages import Hl7Message, message_of
from producers.simulator.hl7_segments import escaped, segment
from producers.simulator.identities import PlanIdentity
from producers.simulator.plan import DepartmentPlan
from producers.timestamps import parse_timestamp
from schemas.synthetic import SYNTHETIC_FACILITY

DEPARTMENT = load_department()
PARSER = hl7lw.Hl7Parser()


def exams(count: int, seed: int = 1) -> list[SimulatedExam]:
    opened_at = datetime(2026, 1, 5, 6, tzinfo=UTC)
    plan = DepartmentPlan(DEPARTMENT, PlanIdentity(seed, "GENERAL", "r"), opened_at)
    return list(islice(plan.exams(), count))


def messages(exam: SimulatedExam) -> list[Hl7Message]:
    sent = (message_of(exam, step) for step, _ in exam.timeline)
    return [message for message in sent if message is not None]


def parsed(message: Hl7Message) -> hl7lw.Hl7Message:
    return PARSER.parse_message(message.content.decode("utf-8"))


def exam_with(step: Step, *, scheduled_with_order: bool = False) -> SimulatedExam:
    return next(
        exam
        for exam in exams(400)
        if exam.at(step) is not None and exam.scheduled_with_order is scheduled_with_order
    )


@given(seed=st.integers(min_value=0, max_value=1 << 31))
@settings(max_examples=15, deadline=None)
def test_every_message_is_parsed_and_all_of_one_exam_agree(seed: int) -> None:
    for exam in exams(8, seed):
        sent = [parsed(message) for message in messages(exam)]
        assert {one["PID-3.1"] for one in sent} == {exam.patient.mrn}
        assert {one["PV1-19.1"] for one in sent} == {exam.visit_number}
        about_exam = sent[1:]
        for field in ("OBR-18", "OBR-3.1", "ORC-3.1"):
            assert {one[field] for one in about_exam} == {exam.accession_number}
        assert {one["ZDS-1.1"] for one in about_exam} == {exam.study_uid}
        assert {one["OBR-24"] for one in about_exam} == {exam.modality}
        assert {one["OBR-27.6"] for one in about_exam} == {exam.priority}


@given(seed=st.integers(min_value=0, max_value=1 << 31))
@settings(max_examples=10, deadline=None)
def test_times_run_forward_through_an_exam(seed: int) -> None:
    for exam in exams(8, seed):
        sent_at = [parse_timestamp(parsed(message)["MSH-7"], UTC) for message in messages(exam)]
        assert sent_at == sorted(sent_at)
        assert len(set(sent_at)) == len(sent_at)


@given(seed=st.integers(min_value=0, max_value=1 << 31))
@settings(max_examples=10, deadline=None)
def test_the_same_exam_gives_the_same_bytes(seed: int) -> None:
    first = [message.content for exam in exams(4, seed) for message in messages(exam)]
    again = [message.content for exam in exams(4, seed) for message in messages(exam)]
    assert first == again


def test_the_scanner_is_named_by_its_ae_title_once_the_exam_is_on_it() -> None:
    exam = exam_with(Step.FINAL)
    orders = {one.step: parsed(one) for one in messages(exam) if one.trigger.startswith("ORM")}
    named = {step for step, order in orders.items() if any(one.name == "IPC" for one in order.segments)}
    assert named == {Step.STARTED, Step.COMPLETED}
    assert {orders[step]["IPC-9"] for step in named} == {exam.scanner}
    assert {orders[step]["IPC-1.1"] for step in named} == {exam.accession_number}


def test_segments_end_with_carriage_return_and_nothing_else() -> None:
    for message in messages(exams(1)[0]):
        assert message.content.endswith(b"\r")
        assert b"\n" not in message.content
        assert parsed(message)["MSH-18"] == "UNICODE UTF-8"
        assert parsed(message)["MSH-12"] == "2.5.1"


@pytest.mark.parametrize(
    ("step", "control", "status"),
    [
        (Step.ORDERED, "NW", ""),
        (Step.SCHEDULED, "SC", "SC"),
        (Step.ARRIVED, "SC", "AR"),
        (Step.STARTED, "SC", "IP"),
        (Step.COMPLETED, "SC", "CM"),
        (Step.CANCELLED, "CA", "CA"),
    ],
)
def test_each_step_of_an_order_has_its_control_code(step: Step, control: str, status: str) -> None:
    exam = exam_with(step)
    message = message_of(exam, step)
    assert message is not None
    read = parsed(message)
    assert (read["MSH-9"], read["ORC-1"], read["ORC-5"] or "") == ("ORM^O01^ORM_O01", control, status)
    assert parse_timestamp(read["ORC-9"], UTC) == exam.at(step)


@pytest.mark.parametrize(
    ("step", "status"),
    [(Step.DICTATED, "R"), (Step.PRELIMINARY, "P"), (Step.FINAL, "F"), (Step.CORRECTED, "C")],
)
def test_each_report_has_its_status_its_time_and_its_text(step: Step, status: str) -> None:
    exam = exam_with(step)
    message = message_of(exam, step)
    assert message is not None
    read = parsed(message)
    assert (read["MSH-9"], read["OBR-25"]) == ("ORU^R01^ORU_R01", status)
    assert parse_timestamp(read["OBR-22"], UTC) == exam.at(step)
    assert read["OBR-32.1.1"] == exam.reader.code
    lines = read.get_segments("OBX")
    assert len(lines) >= 4
    assert all(line[2] == "TX" and line[5] and line[11] == status for line in lines)


def test_acquisition_times_are_told_once_they_are_known() -> None:
    exam = exam_with(Step.FINAL)
    arrived, started, completed = (
        message_of(exam, step) for step in (Step.ARRIVED, Step.STARTED, Step.COMPLETED)
    )
    assert arrived is not None
    assert started is not None
    assert completed is not None
    assert not parsed(arrived)["OBR-7"]
    assert parse_timestamp(parsed(started)["OBR-7"], UTC) == exam.at(Step.STARTED)
    assert not parsed(started)["OBR-8"]
    assert parse_timestamp(parsed(completed)["OBR-8"], UTC) == exam.at(Step.COMPLETED)


def test_an_order_that_names_its_start_tells_of_two_events() -> None:
    exam = exam_with(Step.FINAL, scheduled_with_order=True)
    order = message_of(exam, Step.ORDERED)
    assert order is not None
    assert order.events == 2
    assert parse_timestamp(parsed(order)["OBR-27.4"], UTC) == exam.scheduled_for
    assert Step.SCHEDULED not in dict(exam.timeline)
    other = message_of(exam_with(Step.SCHEDULED), Step.ORDERED)
    assert other is not None
    assert other.events == 1
    assert not parsed(other)["OBR-27.4"]


@given(text=st.text(alphabet=st.sampled_from("ab|^&~\\\r\né")))
def test_free_text_never_breaks_a_segment(text: str) -> None:
    line = segment("OBX", {1: "1", 5: escaped(text)})
    assert line.count("|") in (1, 5)
    assert not set(escaped(text)) & set("|^&~\r\n")


def test_every_message_of_the_live_simulator_says_that_it_is_synthetic() -> None:
    said = [message.content.decode().split("|")[3] for exam in exams(3) for message in messages(exam)]
    assert set(said) == {SYNTHETIC_FACILITY}
