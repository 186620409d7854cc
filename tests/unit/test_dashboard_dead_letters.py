"""Dead letters on the pages: which are listed, and what driving and dismissing them comes to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.access.roles import Role
from dashboards.dead_letters.desk import DeskUnavailable, Letter, Outcome
from dashboards.dead_letters.listing import ALL, LetterQuestion, hourly, page
from dashboards.dead_letters.office import Office, RunUnderWay
from dashboards.paging import read_cursor
from runtime.dead_letters.desk import LetterDesk
from runtime.dead_letters.reading import read_letters
from runtime.installation import Installation
from runtime.settings import Settings
from runtime.stack.ports import allocate_free_ports
from schemas.deadletters import DeadLetter
from schemas.identity import pseudonym
from schemas.keyring_config import FileKeyRingConfig, open_key_ring
from schemas.parts import Source
from schemas.sealed_letters import dead_letter_of
from sinks.delivering.saying import Speaker
from tests.producing import mock_kafka, offline_codec
from tests.served_board import ServedBoard, served_board

AT = datetime(2026, 3, 9, 12, tzinfo=UTC)
_UNKNOWN = "00000000-0000-0000-0000-000000000000"


def letter(number: int, origin: str = "hl7", *, count: int = 1, resolution: str | None = None) -> Letter:
    return Letter(
        dead_letter_id=f"{number:08}",
        recorded_at=AT - timedelta(minutes=number // 2),
        origin=origin,
        reason="MissingAccession" if number % 2 else "UnknownMessageType",
        detail="no accession number",
        system="RIS",
        facility="NORTH",
        protocol="HL7v2",
        source_message_id=str(number),
        destination=None,
        content_type="x-application/hl7-v2+er7",
        sealed_bytes=100,
        is_whole=True,
        count=count,
        resolution=resolution,
    )


LETTERS = st.lists(
    st.builds(
        letter,
        st.integers(0, 99),
        st.sampled_from(("hl7", "dicom")),
        count=st.integers(1, 3),
        resolution=st.sampled_from((None, "hl7-accepted", "dismissed")),
    ),
    unique_by=lambda one: one.dead_letter_id,
    max_size=30,
)
QUESTIONS = st.builds(
    LetterQuestion,
    state=st.sampled_from(("open", "retried", "resolved", "dismissed", ALL)),
    origin=st.sampled_from((None, "hl7", "fold")),
    reason=st.sampled_from((None, "MissingAccession")),
    text=st.sampled_from((None, "ris no", "other")),
)


@given(LETTERS, QUESTIONS, st.integers(1, 7))
def test_pages_have_each_letter_that_is_asked_for_once_the_latest_first(
    letters: list[Letter], question: LetterQuestion, limit: int
) -> None:
    ordered = sorted(letters, key=lambda one: (one.recorded_at, one.dead_letter_id), reverse=True)
    seen: list[str] = []
    after: tuple[str, str] | None = None
    while True:
        found = page(ordered, question, after, limit)
        seen += [one["dead_letter_id"] for one in found["items"]]
        if found["next_cursor"] is None:
            break
        at, last_id = read_cursor(found["next_cursor"], (str, str))
        after = (at, last_id)
    assert seen == [one.dead_letter_id for one in ordered if question.takes(one)]
    assert sum(found["totals"].values()) == len(letters)


def test_a_letter_that_failed_again_is_open_still() -> None:
    again, closed = letter(1, count=2), letter(2, count=2, resolution="dismissed")
    assert (again.state, closed.state) == ("retried", "dismissed")
    assert LetterQuestion(state="open").takes(again)
    assert not LetterQuestion(state="open").takes(closed)


def test_letters_are_counted_by_the_hour_in_which_they_were_written() -> None:
    letters = [letter(0), letter(10, "dicom"), letter(130), letter(100_000)]
    counts = [hour["letters"] for hour in hourly(letters, AT + timedelta(minutes=30), 3)]
    assert counts == [0, 1, 2]


class SlowDesk:
    """A desk that waits for the test at each letter."""

    def __init__(self) -> None:
        self.may_go = threading.Event()
        self.away = False
        self.driven: list[str] = []

    def letters(self) -> Sequence[Letter]:
        return [letter(number) for number in range(4)]

    def payload(self, dead_letter_id: str) -> bytes:
        return dead_letter_id.encode()

    def retry(self, dead_letter_id: str, by: str) -> Outcome:
        assert self.may_go.wait(30)
        if self.away:
            raise DeskUnavailable("Kafka gives no answer")
        self.driven.append(dead_letter_id)
        is_even = int(dead_letter_id) % 2 == 0
        return Outcome(
            dead_letter_id=dead_letter_id, resolution="hl7-accepted" if is_even else None, answer=by
        )

    def dismiss(self, dead_letter_id: str, by: str) -> Outcome:
        return Outcome(dead_letter_id=dead_letter_id, resolution="dismissed", answer=by)


def test_a_run_goes_letter_by_letter_and_a_second_one_has_to_wait() -> None:
    async def go() -> dict[str, Any]:
        desk = SlowDesk()
        office = Office(desk)
        run = office.start("retry", ["00000000", "00000001", "00000002"], "ida")
        with pytest.raises(RunUnderWay, match=run.run_id):
            office.start("retry", ["00000003"], "ida")
        assert run.reading()["state"] == "running"
        desk.may_go.set()
        await office.finished()
        assert desk.driven == ["00000000", "00000001", "00000002"]
        assert office.run(run.run_id) is run
        return run.reading()

    found = asyncio.run(go())
    assert (found["state"], found["total"], found["taken"], found["refused"]) == ("finished", 3, 2, 1)
    assert found["results"][0]["dead_letter_id"] == "00000001"


def test_a_run_stops_where_kafka_is_away_and_says_so() -> None:
    async def go() -> dict[str, Any]:
        desk = SlowDesk()
        desk.away = True
        desk.may_go.set()
        office = Office(desk)
        run = office.start("retry", ["00000000", "00000001"], "ida")
        await office.finished()
        return run.reading()

    found = asyncio.run(go())
    assert (found["state"], found["taken"] + found["refused"]) == ("stopped", 0)
    assert "Kafka" in found["stopped"]


@pytest.fixture
def kafka() -> Iterator[str]:
    with mock_kafka() as address:
        yield address


@pytest.fixture
def installation(kafka: str, tmp_path: Path) -> Installation:
    (nobody_listens,) = allocate_free_ports(1)
    return Installation(Settings(data=tmp_path, kafka_bootstrap=kafka, hl7_port=nobody_listens))


@pytest.fixture
def written(installation: Installation, kafka: str) -> list[DeadLetter]:
    """Two letters of an HL7 listener."""
    ring = open_key_ring(installation.key_ring_config())
    letters = [
        dead_letter_of(
            ring,
            identity=("test", str(number)),
            origin="hl7",
            reason="MissingAccession",
            detail="no accession number",
            source=Source(system="RIS", facility="NORTH", protocol="HL7v2"),
            source_message_id=str(number),
            content_type="x-application/hl7-v2+er7",
            payload=b"MSH|^~\\&|RIS|NORTH|||2026||ADT^A04|1|P|2.5\r",
            recorded_at=AT + timedelta(seconds=number),
        )
        for number in range(2)
    ]
    speaker = Speaker(kafka, offline_codec(), "test")
    speaker.say(letters)
    speaker.close()
    return letters


@pytest.fixture
def served(installation: Installation, written: list[DeadLetter]) -> Iterator[ServedBoard]:
    ring = installation.key_ring_config()
    assert isinstance(ring, FileKeyRingConfig)
    desk = LetterDesk(installation, offline_codec)
    with served_board(letter_desk=desk, key_ring=ring) as board:
        yield board


@pytest.fixture
def api(served: ServedBoard) -> Iterator[httpx.Client]:
    with served.client(timeout_s=60) as client:
        yield client


def test_letters_are_listed_without_what_was_sealed(api: httpx.Client, written: list[DeadLetter]) -> None:
    found = api.get("/api/deadletters", params={"limit": "1"}).json()
    assert (found["total"], found["totals"]["open"]) == (2, 2)
    assert [one["dead_letter_id"] for one in found["items"]] == [written[1].dead_letter_id]
    rest = api.get("/api/deadletters", params={"cursor": found["next_cursor"]}).json()
    assert [one["dead_letter_id"] for one in rest["items"]] == [written[0].dead_letter_id]
    one = api.get(f"/api/deadletters/{written[0].dead_letter_id}")
    assert "ciphertext" not in one.text
    assert one.json()["source_message_id"] == "0"


def test_what_nobody_takes_stays_open_and_the_answer_says_what_would_help(
    api: httpx.Client, written: list[DeadLetter]
) -> None:
    answer = api.post(f"/api/deadletters/{written[0].dead_letter_id}/retry").json()
    assert (answer["taken"], answer["resolution"]) == (False, None)
    assert "radstream status" in answer["why_not"]
    assert api.get("/api/deadletters").json()["totals"]["open"] == 2


def test_a_letter_that_is_dismissed_is_closed_in_kafka_under_a_pseudonym_of_who_did_it(
    api: httpx.Client, written: list[DeadLetter], installation: Installation
) -> None:
    letter_id = written[0].dead_letter_id
    answer = api.post(f"/api/deadletters/{letter_id}/dismiss").json()
    assert (answer["taken"], answer["resolution"]) == (True, "dismissed")
    resolved = read_letters(installation.kafka_bootstrap, offline_codec())[letter_id].resolved
    assert resolved is not None
    me = api.get("/api/session").json()
    who = pseudonym(installation.secret_key("site_secret"), "operator", me["user"])
    assert (resolved.resolution, resolved.resolved_by) == ("dismissed", who)
    assert api.get("/api/deadletters", params={"state": "dismissed"}).json()["total"] == 1
    again = api.post(f"/api/deadletters/{letter_id}/dismiss").json()
    assert (again["taken"], again["why_not"]) == (False, "it was closed before: dismissed")


def test_a_run_closes_all_that_the_filter_takes(api: httpx.Client, written: list[DeadLetter]) -> None:
    none = {"action": "dismiss", "reason": "Other"}
    assert api.post("/api/deadletters/runs", json=none).json()["total"] == 0
    begun = api.post("/api/deadletters/runs", json={"action": "dismiss", "origin": "hl7"})
    assert (begun.status_code, begun.json()["total"]) == (202, 2)
    while (run := api.get(begun.headers["location"]).json())["state"] == "running":
        pass
    assert (run["state"], run["taken"]) == ("finished", 2)
    assert api.get("/api/deadletters").json()["total"] == 0


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", f"/api/deadletters/{_UNKNOWN}", None, 404),
        ("POST", f"/api/deadletters/{_UNKNOWN}/retry", None, 404),
        ("GET", "/api/deadletters/runs/none", None, 404),
        ("GET", "/api/deadletters?state=lost", None, 400),
        ("GET", "/api/deadletters?limit=0", None, 400),
        ("GET", "/api/deadletters?cursor=x", None, 400),
        ("POST", "/api/deadletters/runs", b"{", 422),
        ("POST", "/api/deadletters/runs", b'{"action": "burn"}', 422),
        ("POST", "/api/deadletters/runs", b'{"action": "retry", "orign": "hl7"}', 422),
        ("POST", "/api/deadletters/runs", b'{"action": "retry", "origin": 1}', 422),
        ("POST", "/api/deadletters/runs", b" " * 70_000, 413),
    ],
)
def test_what_cannot_be_done_is_a_problem_document(
    api: httpx.Client, method: str, path: str, body: bytes | None, status: int
) -> None:
    answer = api.request(method, path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_nobody_else_may(served: ServedBoard, written: list[DeadLetter]) -> None:
    letter_id = written[0].dead_letter_id
    for role in (Role.VIEWER, Role.CLINICIAN, Role.ANALYST, Role.AUDITOR):
        with served.client(role, timeout_s=60) as client:
            assert client.get("/api/deadletters").status_code == 403, role
            assert client.post(f"/api/deadletters/{letter_id}/retry").status_code == 403, role
            assert client.post("/api/deadletters/runs", json={"action": "retry"}).status_code == 403, role


def test_what_was_sealed_stays_sealed_for_who_may_not_see_patients(
    served: ServedBoard, written: list[DeadLetter]
) -> None:
    letter_id = written[0].dead_letter_id
    with served.client(Role.ADMIN, timeout_s=60) as client:
        assert client.get(f"/api/deadletters/{letter_id}").json()["may_open"] is False
        assert client.get(f"/api/deadletters/{letter_id}/payload").status_code == 403


def test_without_kafka_the_answer_says_which_part_is_away(tmp_path: Path) -> None:
    gone = Installation(Settings(data=tmp_path, kafka_bootstrap="127.0.0.1:9"))
    desk = LetterDesk(gone, offline_codec)
    with served_board(letter_desk=desk) as board, board.client(timeout_s=60) as client:
        answer = client.get("/api/deadletters")
    assert answer.status_code == 503
    assert "Kafka" in answer.json()["detail"]
