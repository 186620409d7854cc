"""Invented data says so wherever it is shown: on every page, in every file, on the wire."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pyarrow.parquet as pq
import pytest

from dashboards.file_answers import file_answer
from dashboards.pages import PAGES, STATIC_DIR
from dashboards.provenance import Provenance
from tests.dashboard_rows import row
from tests.histories import MORNING
from tests.served_board import served_board

ROWS = [{"hour": "08", "exams": 3}]


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with served_board() as served:
        served.put(row(1))
        served.load()
        with served.client() as made:
            yield made


class Analytics:
    """Of a department with so many invented events."""

    def __init__(self, events: int) -> None:
        self._events = events

    async def ask(self, _: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        assert parameters == {"facility": "SYNTHETIC"}
        return [{"events": self._events, "first_at": MORNING, "last_at": MORNING}]


def file_of(kind: str, *, events: int) -> tuple[str, bytes]:
    provenance = Provenance(Analytics(events))  # type: ignore[arg-type]  # what it asks of it
    answer = asyncio.run(file_answer(provenance, "volume", kind, ROWS))
    return answer.headers["Content-Disposition"], bytes(answer.body)


def test_every_page_asks_whether_what_it_shows_is_invented_and_has_a_place_to_say_so(
    client: httpx.Client,
) -> None:
    for path in (*(page for page, _, _ in PAGES), f"/exams/{quote(row(1).exam_id)}"):
        page = client.get(path)
        assert page.status_code == 200, path
        assert '<script type="module" src="/static/provenance.js"></script>' in page.text, path
        assert '<span class="site">' in page.text, path
    script = (STATIC_DIR / "provenance.js").read_text()
    assert 'fetch("/api/provenance")' in script
    assert 'badge.textContent = "Synthetic"' in script
    assert '.querySelector(".bar .site")?.after(badge)' in script


def test_a_file_of_invented_figures_says_so_in_its_name_and_within() -> None:
    name, csv = file_of("csv", events=7)
    assert 'filename="synthetic-volume.csv"' in name
    assert csv.splitlines() == [b"hour,exams,data", b"08,3,synthetic"]
    name, parquet = file_of("parquet", events=7)
    assert 'filename="synthetic-volume.parquet"' in name
    assert pq.read_table(io.BytesIO(parquet)).schema.metadata[b"radstream.data"] == b"synthetic"


def test_a_file_of_a_real_department_does_not() -> None:
    name, csv = file_of("csv", events=0)
    assert 'filename="volume.csv"' in name
    assert csv.splitlines() == [b"hour,exams", b"08,3"]
    name, parquet = file_of("parquet", events=0)
    assert 'filename="volume.parquet"' in name
    assert b"radstream.data" not in (pq.read_table(io.BytesIO(parquet)).schema.metadata or {})
