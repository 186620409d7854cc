"""A stream that broke goes on where it stopped, over a real connection (HTML, section 9.2: Last-Event-ID)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx

from dashboards.openapi import document
from tests.dashboard_rows import row
from tests.served_board import ServedBoard, served_board


class Event(NamedTuple):
    """One server-sent event."""

    name: str
    data: dict[str, Any]
    event_id: str | None


def events(answer: httpx.Response) -> Iterator[Event]:
    """As a browser reads them."""
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield Event(fields["event"], json.loads(fields["data"]), fields.get("id"))
            fields = {}


def first_of_the_board(served: ServedBoard, last_event_id: str | None = None) -> Event:
    """The first event that tells of exams."""
    headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
    with served.client() as client, client.stream("GET", "/api/stream", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        return next(event for event in events(answer) if event.name in {"snapshot", "delta"})


def test_who_comes_back_hears_only_what_was_missed() -> None:
    with served_board() as served:
        served.put(row(1), row(2), row(3))
        served.load()
        before = first_of_the_board(served)
        assert (before.name, len(before.data["rows"])) == ("snapshot", 3)
        served.put(row(4))
        served.remove(row(2).exam_id)
        missed = first_of_the_board(served, before.event_id)
        assert missed.name == "delta"
        assert [card["exam_id"] for card in missed.data["rows"]] == [row(4).exam_id]
        assert missed.data["gone"] == [row(2).exam_id]
        served.put(row(5))
        later = first_of_the_board(served, missed.event_id)
        assert [card["exam_id"] for card in later.data["rows"]] == [row(5).exam_id]


def test_an_id_of_another_process_or_of_nobody_gets_the_whole_board() -> None:
    with served_board() as served:
        served.put(row(1))
        served.load()
        for unknown in ("another-life.3", "", "x", "9" * 60):
            assert first_of_the_board(served, unknown).name == "snapshot"


def test_the_document_tells_of_the_header() -> None:
    described = document("x")["paths"]["/api/stream"]["get"]
    assert ("Last-Event-ID", "header") in {(one["name"], one["in"]) for one in described["parameters"]}
    assert "text/event-stream" in described["responses"]["200"]["content"]
