"""The quality page's figures, on the real engine, of a history whose faults are known."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sinks.clickhouse.migrate import migrate
from tests.clickhouse_running import DATABASE, PASSWORD, USER, clickhouse_server
from tests.quality_history import exam, fill
from tests.served_board import served_board

Api = httpx.Client
RIS, CT1, US7 = ("RIS", "GENERAL", "HL7v2"), ("CT1", "", "DICOM"), ("US7", "", "DICOM")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with clickhouse_server(tmp_path_factory.mktemp("clickhouse")) as server:
        client = server.client("default")
        migrate(client, DATABASE)
        fill(client)
        client.close()
        where = {"clickhouse_url": server.url, "clickhouse_user": USER, "clickhouse_password": PASSWORD}
        with (
            served_board(**where, clickhouse_database=DATABASE) as served,
            served.client(timeout_s=60, under="/api/quality") as made,
        ):
            yield made


def asked(api: Api, path: str, **parameters: object) -> dict[str, Any]:
    found = api.get(path, params={name: str(value) for name, value in parameters.items()})
    assert found.status_code == 200, found.text
    document: dict[str, Any] = found.json()
    return document


def by_source(rows: list[dict[str, Any]], *names: str) -> dict[tuple[Any, ...], Any]:
    return {
        (row["system"], row["facility"], row["protocol"]): tuple(row[name] for name in names) for row in rows
    }


def faulty(rows: list[dict[str, Any]]) -> dict[tuple[str, str], tuple[int, int]]:
    return {(row["system"], row["fault"]): (row["faulty"], row["exams"]) for row in rows if row["faulty"]}


def test_what_finished_exams_lack_is_counted_by_who_sent_their_order(api: Api) -> None:
    assert faulty(asked(api, "/missing")["rows"]) == {
        ("RIS", "arrived"): (1, 4),
        ("RIS", "some_images"): (1, 4),
        ("US7", "ordered"): (1, 1),
        ("US7", "patient"): (1, 1),
    }


def test_late_is_what_came_after_more_than_the_bound(api: Api) -> None:
    rows = asked(api, "/late")["rows"]
    assert by_source(rows, "events", "late", "max_s")[RIS] == (6, 2, 1200.0)
    assert by_source(rows, "p50_s")[CT1] == (-1.0,)
    assert by_source(asked(api, "/late", bound_s=299)["rows"], "late")[RIS] == (3,)


def test_an_event_is_repeated_that_stands_at_two_places_not_one_that_was_inserted_twice(api: Api) -> None:
    rows = asked(api, "/duplicates")["rows"]
    assert by_source(rows, "events", "copies") == {RIS: (2, 3), CT1: (1, 1)}


def test_contradictions_are_counted_by_kind(api: Api) -> None:
    assert faulty(asked(api, "/contradictions")["rows"]) == {
        ("RIS", "clock_fault"): (1, 4),
        ("RIS", "interval_excluded"): (1, 4),
        ("RIS", "final_before_completed"): (1, 4),
        ("RIS", "patient_mismatch"): (1, 4),
    }


def test_a_clock_is_compared_with_ours(api: Api) -> None:
    clocks = by_source(asked(api, "/clocks")["rows"], "median_s", "ahead", "faults")
    assert clocks[US7] == (600.0, 1, 1)
    assert clocks[CT1] == (1.0, 1, 0)
    stations = {row["station"]: (row["faulty"], row["exams"]) for row in asked(api, "/scanners")["rows"]}
    assert stations == {"CT1": (1, 4), "US7": (0, 1)}


def test_the_summary_adds_them_up(api: Api) -> None:
    found = {row["part"]: (row["count"], row["of"]) for row in asked(api, "/summary")["rows"]}
    assert found == {
        "missing": (3, 5),
        "late": (2, 8),
        "duplicates": (4, 8),
        "contradictions": (2, 5),
        "clocks": (1, 8),
    }


def test_the_period_and_the_filters_choose(api: Api) -> None:
    a_month_ago = {"from": "2026-02-01", "to": "2026-02-28"}
    assert faulty(asked(api, "/missing", **a_month_ago)["rows"]) == {("RIS", "arrived"): (1, 1)}
    assert asked(api, "/duplicates", **a_month_ago)["rows"] == []
    assert {row["system"] for row in asked(api, "/late", system="US7")["rows"]} == {"US7"}
    assert {row["system"] for row in asked(api, "/late", facility="")["rows"]} == {"CT1", "US7"}
    assert asked(api, "/late", site="ELSEWHERE")["rows"] == []
    sources = asked(api, "/choices")["sources"]
    assert [one["system"] for one in sources] == ["CT1", "RIS", "US7"]


@pytest.mark.parametrize(
    ("path", "parameters", "exams"),
    [
        ("/missing/behind", {"fault": "arrived"}, [exam(2)]),
        ("/missing/behind", {"fault": "ordered"}, [exam(5)]),
        ("/late/behind", {}, [exam(1), exam(2)]),
        ("/duplicates/behind", {}, [exam(1), exam(4), exam(9)]),
        ("/contradictions/behind", {"fault": "patient_mismatch"}, [exam(3)]),
        ("/clocks/behind", {}, [exam(5)]),
        ("/scanners/behind", {"station": "CT1"}, [exam(4)]),
    ],
)
def test_each_figure_leads_to_what_is_behind_it(
    api: Api, path: str, parameters: dict[str, str], exams: list[str]
) -> None:
    found = asked(api, path, **parameters)
    assert sorted(row["exam_id"] for row in found["rows"]) == exams
    assert found["next_cursor"] is None


def test_as_many_stand_behind_a_figure_as_it_says(api: Api) -> None:
    for part in ("missing", "contradictions"):
        for row in asked(api, f"/{part}")["rows"]:
            source = {name: row[name] for name in ("system", "facility", "protocol")}
            behind = asked(api, f"/{part}/behind", fault=row["fault"], **source)["rows"]
            assert len(behind) == row["faulty"], row


def test_pages_follow_one_another_and_the_file_has_all(api: Api) -> None:
    seen: list[str] = []
    cursor = ""
    while True:
        page = asked(api, "/late/behind", bound_s=1, limit=1, cursor=cursor)
        seen += [row["id"] for row in page["rows"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    text = api.get("/late/behind.csv", params={"bound_s": "1"}).text
    assert [row["id"] for row in csv.DictReader(io.StringIO(text))] == seen
    assert len(seen) == len(set(seen)) == 3


def test_what_makes_no_sense_is_told_so(api: Api) -> None:
    assert api.get("/nothing").status_code == 404
    for path in ("/missing/behind?fault=none", "/late?bound_s=0", "/late?from=2026-03-09&to=2026-03-01"):
        found = api.get(path)
        assert found.status_code == 400, path
        assert found.headers["content-type"] == "application/problem+json"


def test_what_has_not_changed_is_not_sent_again(api: Api) -> None:
    tag = api.get("/late").headers["etag"]
    assert api.get("/late", headers={"If-None-Match": tag}).status_code == 304
