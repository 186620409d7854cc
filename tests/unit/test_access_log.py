"""Who sees names: recorded before they go out, and not shown where that cannot be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from dashboards.access.access import open_access
from dashboards.access.errors import NotRecorded
from dashboards.access.log import AccessLog
from dashboards.access.recorder import KafkaRecorder
from dashboards.access.roles import Role
from dashboards.access.views import View
from schemas.audit_codes import PATIENT_RECORD
from schemas.keyring import FileKeyRing
from schemas.phi import open_sealed
from schemas.registry import connect_codec
from tests.dashboard_rows import row, sealed
from tests.served_board import (
    Recorded,
    ServedBoard,
    bearer,
    key_directory,
    key_ring,
    served_board,
    token,
    user,
)

NAME = "Lindqvist, Erik"
EXAM = f"/api/exams/{quote(row(1).exam_id)}"


@pytest.fixture
def board(tmp_path: Path) -> Iterator[ServedBoard]:
    ring = FileKeyRing(key_directory(tmp_path), b"k" * 32)
    with served_board(key_ring=key_ring(tmp_path)) as served:
        served.put(sealed(row(1), ring, "Lindqvist^Erik"), row(2))
        served.load()
        yield served


def first_rows(answer: httpx.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    """Event and data of each frame of a stream."""
    event = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            event = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield event, json.loads(line.removeprefix("data: "))


def texts(client: httpx.Client) -> list[str]:
    """Everything that shows patients, as it was answered."""
    with client.stream("GET", "/api/stream") as answer:
        frames = first_rows(answer)
        stream = next(json.dumps(data) for event, data in frames if event == "snapshot")
    pages = ("/", "/worklist", f"/exams/{quote(row(1).exam_id)}")
    return [stream, *(client.get(path).text for path in ("/api/worklist", EXAM, "/api/board", *pages))]


def test_a_clinician_sees_names_and_each_view_is_recorded_before_it(board: ServedBoard) -> None:
    with board.client(Role.CLINICIAN) as clinician:
        assert clinician.get("/api/worklist?stage=ordered&q=lindqvist").json()["items"][0]["patient"] == NAME
        assert clinician.get(EXAM).json()["exam"]["patient_id"] == "4711"
        with clinician.stream("GET", "/api/stream") as answer:
            frames = first_rows(answer)
            assert next(frames)[1]["phi"]["shown"] is True
    said = [(event.event_code, event.object, event.envelope.exam_id) for event in board.audit.events]
    assert said == [
        ("110112", "worklist, stage ordered, with a text", "dashboard|GENERAL"),
        ("110110", "exam", row(1).exam_id),
        ("110110", "live board", "dashboard|GENERAL"),
    ]
    for event in board.audit.events:
        assert (event.user, event.role, event.network_address) == ("clinician", "clinician", "127.0.0.1")
        assert (event.action, event.outcome) == ("E" if event.event_code == "110112" else "R", "0")
        assert "indqvist" not in repr(event)
    whose = [event.envelope.patient_key for event in board.audit.events]
    assert whose == [None, row(1).patient_key, None]
    assert [event.envelope.phi is None for event in board.audit.events] == [True, False, True]


def test_who_was_seen_is_sealed_for_whoever_may_know_later(board: ServedBoard, tmp_path: Path) -> None:
    with board.client(Role.CLINICIAN) as clinician:
        clinician.get(EXAM)
    (event,) = board.audit.events
    sealed_phi, ring = event.envelope.phi, FileKeyRing(key_directory(tmp_path), b"k" * 32)
    assert sealed_phi is not None
    opened = open_sealed(ring, event.envelope.event_id, sealed_phi)
    assert (opened.patient_name, opened.patient_id, opened.birth_date) == ("Lindqvist^Erik", "4711", None)


def test_one_view_is_recorded_once_in_five_minutes_and_anothers_again(board: ServedBoard) -> None:
    for _ in range(3):
        with board.client(Role.CLINICIAN) as clinician:
            clinician.get(EXAM)
    with board.client() as other:
        other.get(EXAM)
    assert [event.user for event in board.audit.events] == ["clinician", user(board.settings)]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.CLINICIAN])
def test_nobody_elses_answers_hold_a_name_and_nothing_is_recorded(board: ServedBoard, role: Role) -> None:
    with board.client(role) as reader:
        for text in texts(reader):
            assert "indqvist" not in text
            assert "4711" not in text
            assert "19610412" not in text
        assert reader.get("/api/worklist?q=lindqvist").json()["items"] == []
        assert reader.get("/api/worklist").json()["phi"]["withheld"] == "role"
        assert "Your role does not see names" in reader.get("/").text
    assert board.audit.events == []


def test_while_the_access_cannot_be_recorded_clinicians_see_pseudonyms_and_why(board: ServedBoard) -> None:
    board.audit.takes = False
    with board.client(Role.CLINICIAN) as clinician:
        for text in texts(clinician):
            assert "indqvist" not in text
        phi = clinician.get(EXAM).json()["phi"]
        assert phi["withheld"] == "not-recorded"
        assert "Kafka" in phi["why"]
        board.audit.takes = True
        assert clinician.get(EXAM).json()["exam"]["patient"] == NAME


def test_who_comes_back_with_another_sight_gets_the_whole_board_anew(board: ServedBoard) -> None:
    """A stream that goes on after its last event must not mix names and pseudonyms."""

    def first(client: httpx.Client, last_event_id: str | None) -> tuple[str, str]:
        headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
        with client.stream("GET", "/api/stream", headers=headers) as answer:
            seen_id = ""
            for line in answer.iter_lines():
                if line.startswith("id: "):
                    seen_id = line.removeprefix("id: ")
                if line.startswith("data: ") and '"rows"' in line:
                    return seen_id, line
        raise AssertionError("no board came")

    with board.client(Role.VIEWER) as viewer, board.client(Role.CLINICIAN) as clinician:
        last, pseudonyms = first(viewer, None)
        _, names = first(clinician, last)
    assert NAME not in pseudonyms
    assert NAME in names


def test_a_stream_ends_with_its_session_and_with_its_token(board: ServedBoard) -> None:
    secret = token(board.settings, Role.VIEWER)
    access = open_access(board.settings.access)
    with httpx.stream("GET", f"{board.url}/api/stream", headers=bearer(secret), timeout=60) as answer:
        frames = first_rows(answer)
        assert next(frames)[0] == "status"
        for known in access.tokens.all():
            if known.user == "viewer":
                access.tokens.revoke(known.token_id)
        for _ in frames:
            pass  # it ends, though the server goes on
    assert httpx.get(f"{board.url}/healthz", timeout=60).status_code == 200
    assert httpx.get(f"{board.url}/api/stream", headers=bearer(secret), timeout=60).status_code == 401
    access.close()


def test_without_kafka_nothing_counts_as_recorded() -> None:
    connect = partial(connect_codec, "http://127.0.0.1:9")
    log = AccessLog("GENERAL", lambda: datetime.now(UTC), KafkaRecorder(connect, "127.0.0.1:9"))
    view = View(user="ada", roles="clinician", address="", code=PATIENT_RECORD, what="exam", exam_id="G|A1")
    for _ in range(2):
        with pytest.raises(NotRecorded):
            log.record(view)
    log.close()


def test_what_was_not_recorded_is_not_remembered_as_recorded() -> None:
    audit = Recorded(takes=False)
    log = AccessLog("GENERAL", lambda: datetime.now(UTC), audit)
    view = View(user="ada", roles="clinician", address="", code=PATIENT_RECORD, what="exam", exam_id="G|A1")
    with pytest.raises(NotRecorded):
        log.record(view)
    audit.takes = True
    log.record(view)
    assert len(audit.events) == 1
