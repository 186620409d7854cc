"""The API over HTTP: answers, problem documents, headers; with ClickHouse away, as it may be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from dashboards.live import FeedState
from schemas.keyring import FileKeyRing
from tests.dashboard_rows import NOON, row, sealed
from tests.served_board import ServedBoard, key_directory, key_ring, served_board


@pytest.fixture(scope="module")
def board() -> Iterator[ServedBoard]:
    with served_board() as served:
        served.put(*(row(number, "ordered" if number < 4 else "arrived") for number in range(6)))
        served.load()
        yield served


@pytest.fixture(scope="module")
def client(board: ServedBoard) -> Iterator[httpx.Client]:
    with board.client() as made:
        yield made


def problem(answer: httpx.Response, status: int) -> dict[str, object]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, object] = answer.json()
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document


def test_the_board_counts_every_stage_and_names_the_oldest_exam(client: httpx.Client) -> None:
    answer = client.get("/api/board").json()
    counts = {stage["stage"]: stage["exams"] for stage in answer["stages"]}
    assert counts["ordered"] == 4
    assert counts["arrived"] == 2
    assert sum(counts.values()) == 6
    assert answer["stages"][0]["oldest"]["exam_id"] == row(0).exam_id
    assert answer["day"] == "2026-03-09"
    assert answer["site"] == "GENERAL"


def test_the_worklist_is_filtered_and_paged(client: httpx.Client) -> None:
    first = client.get("/api/worklist", params={"stage": "ordered", "limit": 3}).json()
    assert first["total"] == 4
    assert first["items"][0]["priority"] == "STAT"
    rest = client.get("/api/worklist", params={"stage": "ordered", "cursor": first["next_cursor"]}).json()
    assert [item["accession"] for item in rest["items"]] == ["A00003"]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    "question",
    [
        "/api/worklist?stage=lost",
        "/api/worklist?limit=many",
        "/api/worklist?limit=0",
        "/api/worklist?limit=99999999999999999999",
        "/api/worklist?cursor=abc",
        "/api/turnaround?day=yesterday",
        "/api/turnaround?interval=forever",
    ],
)
def test_a_question_that_makes_no_sense_is_answered_with_a_problem(
    client: httpx.Client, question: str
) -> None:
    problem(client.get(question), 400)


def test_nothing_there_and_wrong_method_are_problems(client: httpx.Client) -> None:
    problem(client.get("/api/nothing"), 404)
    problem(client.post("/api/board"), 405)


def test_an_exam_on_the_board_is_shown_while_clickhouse_is_away(client: httpx.Client) -> None:
    exam_id = row(1).exam_id
    answer = client.get(f"/api/exams/{quote(exam_id, safe='')}").json()
    assert answer["exam"]["exam_id"] == exam_id
    assert answer["found_in"] == "board"
    assert answer["analytics"]["available"] is False
    assert answer["analytics"]["unavailable_since"]


def test_what_only_clickhouse_knows_is_a_problem_that_says_since_when_it_is_away(
    client: httpx.Client,
) -> None:
    for path in ("/api/turnaround", f"/api/exams/{quote(row(1).exam_id)}/timeline", "/api/exams/GENERAL|old"):
        answer = client.get(path)
        document = problem(answer, 503)
        assert document["type"] == "urn:radstream:problem:analytics-unavailable"
        assert document["unavailable_since"]
        assert int(answer.headers["retry-after"]) > 0


def test_every_answer_carries_the_security_headers_and_stays_out_of_caches(client: httpx.Client) -> None:
    for path in ("/", "/api/board", "/api/nothing", f"/exams/{quote(row(1).exam_id)}"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"


def test_static_files_are_asked_for_again_by_their_etag(client: httpx.Client) -> None:
    first = client.get("/static/board.js")
    assert first.headers["cache-control"] == "no-cache"
    again = client.get("/static/board.js", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


def test_an_answer_that_has_not_changed_is_not_sent_again(board: ServedBoard, client: httpx.Client) -> None:
    for path in ("/api/board", "/api/alerts", "/api/worklist"):
        first = client.get(path)
        again = client.get(path, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    tag = client.get("/api/worklist").headers["etag"]
    board.put(row(5, "final"))
    changed = client.get("/api/worklist", headers={"If-None-Match": tag})
    board.put(row(5, "arrived"))
    assert changed.status_code == 200


def test_pages_hold_no_script_and_no_style_of_their_own(client: httpx.Client) -> None:
    for path in ("/", f"/exams/{quote(row(1).exam_id)}"):
        page = client.get(path).text
        assert "style=" not in page
        assert "onclick" not in page
        assert "<script>" not in page
        assert "http://" not in page
        assert "https://" not in page


def test_a_hostile_exam_id_becomes_text(board: ServedBoard, client: httpx.Client) -> None:
    hostile = 'GENERAL|"><script>alert(1)</script>/../x'
    board.put(row(99, exam_id=hostile, accession_number='"><script>alert(1)</script>'))
    page = client.get(f"/exams/{quote(hostile, safe='')}")
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    board.remove(hostile)


def test_another_name_for_this_address_is_refused(client: httpx.Client, board: ServedBoard) -> None:
    problem(client.get("/api/board", headers={"Host": "evil.example"}), 421)
    port = board.url.rpartition(":")[2]
    assert client.get("/api/board", headers={"Host": f"localhost:{port}"}).status_code == 200


def test_a_person_who_asks_for_nothing_gets_a_page(client: httpx.Client) -> None:
    answer = client.get("/nothing", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


def test_the_stream_sends_status_snapshot_and_deltas_with_ids(board: ServedBoard) -> None:
    with board.client() as client, client.stream("GET", "/api/stream") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith("event")) == "event: status"
        assert next(line for line in lines if line.startswith("id: ")).startswith(f"id: {board.live.life}-")
        assert next(line for line in lines if line.startswith("event")) == "event: snapshot"
        assert len(json.loads(next(lines).removeprefix("data: "))["rows"]) == 6
        board.put(row(5, "in_progress"))
        assert next(line for line in lines if line.startswith("event")) == "event: delta"
        assert json.loads(next(lines).removeprefix("data: "))["rows"][0]["stage"] == "in_progress"


def test_health_and_readiness_are_told_apart() -> None:
    with served_board() as served, served.client() as client:
        assert client.get("/healthz").json() == {"alive": True}
        document = problem(client.get("/readyz"), 503)
        assert document["type"] == "urn:radstream:problem:not-ready"
        served.load()
        assert client.get("/readyz").json()["ready"] is True
        served.report(FeedState.STALE)
        assert client.get("/readyz").json()["feed"]["state"] == "stale"


def test_names_are_shown_where_the_key_ring_opens_them(tmp_path: Path) -> None:
    ring = FileKeyRing(key_directory(tmp_path), b"k" * 32)
    with served_board(key_ring=key_ring(tmp_path)) as served, served.client() as client:
        served.put(sealed(row(1), ring, "Lindqvist^Erik"), row(2))
        answer = client.get("/api/worklist", params={"q": "lindqvist"})
        assert [item["patient"] for item in answer.json()["items"]] == ["Lindqvist, Erik"]
        assert answer.headers["cache-control"] == "no-store"
        assert "PHI" in client.get("/").text


def test_the_day_is_the_departments() -> None:
    late = NOON.replace(hour=23, minute=30).astimezone(timezone(timedelta(hours=1)))
    with served_board(now=lambda: late) as served, served.client() as client:
        before_midnight = NOON.replace(hour=22, minute=59)
        after_midnight = NOON.replace(hour=23, minute=1)
        served.put(row(1, "final", since=before_midnight), row(2, "final", since=after_midnight))
        answer = client.get("/api/worklist", params={"stage": "final"}).json()
        assert [item["accession"] for item in answer["items"]] == ["A00002"]
        assert client.get("/api/board").json()["day"] == "2026-03-10"


def test_an_erasure_reaches_the_open_boards_within_seconds(tmp_path: Path) -> None:
    ring = FileKeyRing(key_directory(tmp_path), b"k" * 32)
    item = sealed(row(1), ring, "Lindqvist^Erik")
    assert item.patient_key is not None
    with served_board(key_ring=key_ring(tmp_path)) as served:
        served.put(item, sealed(row(2), ring, "Tanaka^Yuki"))
        served.load()
        with served.client() as client, client.stream("GET", "/api/stream") as answer:
            told = _frames(answer)
            assert {shown.get("patient") for shown in next(told)["rows"]} == {
                "Lindqvist, Erik",
                "Tanaka, Yuki",
            }
            ring.destroy(item.patient_key)
            (shown,) = next(told)["rows"]
        assert shown["exam_id"] == item.exam_id
        assert shown["erased"] is True
        assert "patient" not in shown
        with served.client() as client:
            assert client.get("/api/worklist", params={"q": "lindqvist"}).json()["items"] == []
            assert client.get(f"/api/exams/{item.exam_id}").json()["exam"]["erased"] is True


def _frames(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    """The data of the stream's snapshots and deltas."""
    event = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            event = line.removeprefix("event: ")
        elif line.startswith("data: ") and event in {"snapshot", "delta"}:
            yield json.loads(line.removeprefix("data: "))
