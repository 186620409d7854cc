"""Reconciling over the API: decisions are said in the user's name, what makes no sense is refused."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest

from dashboards.access.roles import Role
from dashboards.reconciliation import Decision, Impossible, NotSaid
from tests.dashboard_rows import row
from tests.served_board import ServedBoard, served_board

STUDY = row(1, "unmatched", exam_id="GENERAL|study|1.2", accession_number=None, study_instance_uid="1.2")
ORDERED = row(2, "ordered", patient_key=STUDY.patient_key, study_instance_uid=None)
OTHER = row(3, "arrived")


class Log:
    """Takes decisions as Kafka would; `refuse` is raised instead."""

    def __init__(self) -> None:
        self.decisions: list[Decision] = []
        self.refuse: Exception | None = None

    def __call__(self, decision: Decision) -> list[str]:
        if self.refuse is not None:
            raise self.refuse
        self.decisions.append(decision)
        return ["first", "second"]


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def board(log: Log) -> Iterator[ServedBoard]:
    with served_board(reconcile=log) as served:
        served.put(STUDY, ORDERED, OTHER)
        served.load()
        yield served


@pytest.fixture
def client(board: ServedBoard) -> Iterator[httpx.Client]:
    with board.client(Role.CLINICIAN) as made:
        yield made


def path(exam_id: str = STUDY.exam_id) -> str:
    return f"/api/exams/{quote(exam_id, safe='')}/reconciliation"


def test_a_decision_is_said_by_the_user_and_answered_with_its_events(client: httpx.Client, log: Log) -> None:
    answer = client.post(path(), json={"into": ORDERED.exam_id})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "reconciled": True,
        "from_exam_id": STUDY.exam_id,
        "into_exam_id": ORDERED.exam_id,
        "event_ids": ["first", "second"],
    }
    (decision,) = log.decisions
    assert (decision.by, decision.undo) == ("clinician", False)
    assert (decision.exam.exam_id, decision.exam.study_instance_uid) == (STUDY.exam_id, "1.2")
    assert decision.into.exam_id == ORDERED.exam_id


def test_what_was_just_said_counts_before_the_board_has_it(client: httpx.Client, log: Log) -> None:
    client.post(path(), json={"into": ORDERED.exam_id})
    client.post(path(), json={"into": ORDERED.exam_id, "undo": True})
    client.post(path(), json={"into": OTHER.exam_id})
    stood = [decision.exam.reconciled_into for decision in log.decisions]
    assert stood == [None, ORDERED.exam_id, None]


def test_an_exam_that_was_moved_is_known_after_it_left_the_board(
    board: ServedBoard, client: httpx.Client, log: Log
) -> None:
    board.put(row(1, "reconciled", exam_id=STUDY.exam_id, reconciled_into=ORDERED.exam_id))
    client.post(path(), json={"into": ORDERED.exam_id, "undo": True}).raise_for_status()
    assert log.decisions[0].exam.reconciled_into == ORDERED.exam_id


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ([], 422),
        ({"into": 7}, 422),
        ({"into": ""}, 422),
        ({"into": "x" * 300}, 422),
        ({"into": STUDY.exam_id}, 422),
        ({"into": ORDERED.exam_id, "undo": "yes"}, 422),
        ({"into": ORDERED.exam_id, "by": "someone else"}, 422),
        ({"into": "x" * 5_000}, 413),
    ],
)
def test_a_body_that_asks_for_nothing_is_refused_and_nothing_is_said(
    client: httpx.Client, log: Log, body: object, status: int
) -> None:
    answer = client.post(path(), json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert log.decisions == []


def test_what_is_no_json_is_refused(client: httpx.Client) -> None:
    assert client.post(path(), content=b"{", headers={"Content-Type": "application/json"}).status_code == 422
    assert client.post(path(), content=b"into=x").status_code == 415


def test_exams_that_are_not_known_and_decisions_that_are_impossible_are_problems(
    client: httpx.Client, log: Log
) -> None:
    # Only ClickHouse could know them, and it is away.
    assert client.post(path("GENERAL|NOBODY"), json={"into": ORDERED.exam_id}).status_code == 503
    log.refuse = Impossible("it is reconciled into another already")
    refused = client.post(path(), json={"into": ORDERED.exam_id})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:radstream:problem:cannot-reconcile")
    log.refuse = NotSaid("no broker")
    away = client.post(path(), json={"into": ORDERED.exam_id})
    assert (away.status_code, away.headers["retry-after"]) == (503, "5")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST, Role.AUDITOR, Role.ADMIN])
def test_who_may_not_reconcile_is_refused(board: ServedBoard, log: Log, role: Role) -> None:
    with board.client(role) as client:
        assert client.post(path(), json={"into": ORDERED.exam_id}).status_code == 403
        assert client.get(path()).status_code == 403
    assert httpx.post(board.url + path(), json={"into": ORDERED.exam_id}, timeout=60).status_code == 401
    assert log.decisions == []


def test_candidates_have_the_same_patient_or_the_number_that_is_asked_for(client: httpx.Client) -> None:
    found = client.get(path()).json()
    assert [one["exam_id"] for one in found["candidates"]] == [ORDERED.exam_id]
    assert found["candidates"][0]["reasons"] == ["patient"]
    assert found["complete"] is False
    asked = client.get(path(), params={"q": OTHER.accession_number}).json()
    assert [one["exam_id"] for one in asked["candidates"]] == [OTHER.exam_id]


def test_images_that_were_joined_to_an_exam_are_listed(board: ServedBoard, client: httpx.Client) -> None:
    board.put(row(1, "reconciled", exam_id=STUDY.exam_id, reconciled_into=ORDERED.exam_id))
    assert client.get(path(ORDERED.exam_id)).json()["joined"] == [STUDY.exam_id]


def test_a_dashboard_that_only_reads_says_so() -> None:
    with served_board() as served, served.client(Role.CLINICIAN) as client:
        served.put(STUDY, ORDERED)
        served.load()
        assert client.post(path(), json={"into": ORDERED.exam_id}).status_code == 501
