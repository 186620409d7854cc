"""The auditor's page: who saw what, on the real engine, of accesses that are known."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from dashboards.access.roles import PERMISSIONS, Permission, Role
from dashboards.access.views import View, access_recorded
from runtime.governance.reading import envelope_of
from schemas.audit_codes import PATIENT_RECORD, QUERY, USER_AUTHENTICATION
from schemas.events import (
    ErasureCertified,
    ErasureConfirmed,
    ErasureRequested,
    LegalHoldReleased,
    LegalHoldSet,
    PatientErased,
    RetentionApplied,
)
from schemas.identity import subject_of_patient
from sinks.clickhouse import rows as tables
from sinks.clickhouse.columns import Placed
from sinks.clickhouse.migrate import migrate
from tests.browser import accessibility_faults, browser, complaints
from tests.clickhouse_running import DATABASE, PASSWORD, USER, clickhouse_server
from tests.dashboard_rows import NOON, row
from tests.served_board import ServedBoard, served_board

EXAM = row(1).exam_id
FORMULA = "=HYPERLINK(1)"
PATIENT = "5" * 64


def view(number: int, **fields: Any) -> View:
    given = {
        "user": "ada",
        "roles": "clinician",
        "address": "192.0.2.7",
        "code": PATIENT_RECORD,
        "what": "exam",
    }
    return View(**given | {"exam_id": f"GENERAL|A{number:05}"} | fields)


# From the earliest to the latest, a minute apart.
VIEWS = [
    *(view(number) for number in range(5)),
    view(0, user="bob", exam_id=EXAM, patient_key=PATIENT),
    view(0, code=QUERY, exam_id=None, what="worklist, stage final"),
    view(0, code=USER_AUTHENTICATION, exam_id=None, what="sign-in", user=None, roles=None, outcome="4"),
    view(0, user=FORMULA, exam_id=None, what="live board"),
]


def decided(cls: type[Any], minute: int, subject: str, key: str | None = None, **fields: Any) -> Any:
    """An event of governance, forty days ago."""
    at = NOON - timedelta(days=40, minutes=-minute)
    envelope = envelope_of(
        cls.__name__, str(minute), site="GENERAL", exam_id=subject, patient_key=key, now=at
    )
    return cls(envelope=envelope, **fields)


SUBJECT = subject_of_patient(PATIENT)
DECIDED = [
    decided(LegalHoldSet, 0, EXAM, hold_id="h1", hold_reason="COURT_ORDER", set_by="ada"),
    decided(LegalHoldReleased, 1, EXAM, hold_id="h1", release_reason="CASE_CLOSED", released_by="bob"),
    decided(
        ErasureRequested,
        2,
        SUBJECT,
        PATIENT,
        request_id="r1",
        erasure_reason="PATIENT_REQUEST",
        patient_keys=(PATIENT,),
        requested_by="ada",
        code_sha256="0" * 64,
        expires_at=NOON,
    ),
    decided(
        ErasureConfirmed,
        3,
        SUBJECT,
        PATIENT,
        request_id="r1",
        confirmed_by="bob",
        key_ids=(f"{PATIENT}/1", "study|1.2/1"),
        undecided=(),
    ),
    decided(
        PatientErased,
        4,
        SUBJECT,
        PATIENT,
        keys_destroyed=1,
        erasure_reason="PATIENT_REQUEST",
        requested_by="pseudonym-a",
        confirmed_by="pseudonym-b",
    ),
    decided(
        ErasureCertified,
        5,
        SUBJECT,
        PATIENT,
        request_id="r1",
        certificate="{}",
        certificate_sha256="0" * 64,
        is_complete=False,
    ),
    decided(
        RetentionApplied,
        6,
        "retention|GENERAL",
        rule="old images",
        store="images",
        place="studies",
        before_at=NOON,
        items_removed=12,
        bytes_removed=9,
        items_held=3,
        applied_by="carol",
    ),
]


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedBoard]:
    with clickhouse_server(tmp_path_factory.mktemp("clickhouse")) as server:
        client = server.client("default")
        migrate(client, DATABASE)
        said = [
            access_recorded(one, "GENERAL", NOON - timedelta(minutes=60 - minute), f"view {minute}")
            for minute, one in enumerate(VIEWS)
        ]
        said.append(access_recorded(view(8), "GENERAL", NOON - timedelta(days=30), "long ago"))
        placed = [Placed(event, "topic", 0, offset) for offset, event in enumerate([*said, *DECIDED])]
        client.insert_arrow(tables.EVENTS.name, tables.to_arrow(tables.EVENTS, placed))
        client.close()
        where = {"clickhouse_url": server.url, "clickhouse_user": USER, "clickhouse_password": PASSWORD}
        with served_board(**where, clickhouse_database=DATABASE) as served:
            yield served


@pytest.fixture(scope="module")
def auditor(board: ServedBoard) -> Iterator[httpx.Client]:
    with board.client(Role.AUDITOR, timeout_s=60) as made:
        yield made


def asked(auditor: httpx.Client, **parameters: object) -> dict[str, Any]:
    found = auditor.get("/api/audit", params={name: str(value) for name, value in parameters.items()})
    assert found.status_code == 200, found.text
    document: dict[str, Any] = found.json()
    return document


def test_the_latest_access_comes_first_with_who_what_and_where_from(auditor: httpx.Client) -> None:
    rows = asked(auditor)["rows"]
    assert len(rows) == len(VIEWS)
    assert rows[0]["user"] == FORMULA
    failed, query = rows[1], rows[2]
    assert (failed["user"], failed["outcome_label"], failed["kind_label"]) == (
        "",
        "refused",
        "Signed in or out",
    )
    assert (query["what"], query["roles"], query["address"]) == (
        "worklist, stage final",
        "clinician",
        "192.0.2.7",
    )


def test_it_is_asked_by_user_exam_kind_and_day(auditor: httpx.Client) -> None:
    assert {one["exam_id"] for one in asked(auditor, user="bob")["rows"]} == {EXAM}
    assert {one["user"] for one in asked(auditor, exam_of=EXAM)["rows"]} == {"ada", "bob"}
    assert [one["what"] for one in asked(auditor, access=QUERY)["rows"]] == ["worklist, stage final"]
    assert asked(auditor, **{"from": "2026-01-01", "to": "2026-03-01"})["rows"][0]["exam_id"].endswith(
        "A00008"
    )
    assert asked(auditor, user="' OR 1 = 1 --")["rows"] == []
    assert [one["what"] for one in asked(auditor, outcome="4")["rows"]] == ["sign-in"]
    assert {one["patient_key"] for one in asked(auditor, patient=PATIENT[:8])["rows"]} == {PATIENT}
    assert auditor.get("/api/audit", params={"patient": "Lindqvist"}).status_code == 400
    assert auditor.get("/api/audit", params={"outcome": "well"}).status_code == 400
    assert auditor.get("/api/audit", params={"access": "everything"}).status_code == 400


def test_what_was_decided_of_the_data_stands_among_it_with_who_and_why(auditor: httpx.Client) -> None:
    at_that_time = {"from": "2026-01-27", "to": "2026-01-29"}
    rows = asked(auditor, **at_that_time)["rows"]
    assert [(one["kind_label"], one["user"], one["what"]) for one in reversed(rows)] == [
        ("Legal hold set", "ada", "COURT_ORDER"),
        ("Legal hold released", "bob", "CASE_CLOSED"),
        ("Erasure asked for", "ada", "PATIENT_REQUEST"),
        ("Erasure decided", "bob", "2 data keys"),
        ("Patient erased", "pseudonym-b", "PATIENT_REQUEST, 1 data keys destroyed"),
        ("Erasure certified", "", "something that was searched is not closed"),
        ("Retention applied", "carol", "old images, images studies: 12 gone, 3 held"),
    ]
    assert {one["outcome_label"] for one in rows} == {"done"}
    bobs = asked(auditor, **at_that_time, user="bob")["rows"]
    assert [one["kind"] for one in bobs] == ["ErasureConfirmed", "LegalHoldReleased"]
    (certified,) = asked(auditor, **at_that_time, access="ErasureCertified", patient=PATIENT[:8])["rows"]
    assert certified["exam_id"] == SUBJECT


def test_page_by_page_nothing_is_missing_and_nothing_comes_twice(auditor: httpx.Client) -> None:
    seen: list[str] = []
    page = asked(auditor, limit=2)
    while True:
        seen += [one["id"] for one in page["rows"]]
        if page["next_cursor"] is None:
            break
        page = asked(auditor, limit=2, cursor=page["next_cursor"])
    assert seen == [one["id"] for one in asked(auditor)["rows"]]


def test_as_a_file_no_name_becomes_a_formula(auditor: httpx.Client) -> None:
    rows = list(csv.DictReader(io.StringIO(auditor.get("/api/audit.csv").text)))
    assert len(rows) == len(VIEWS)
    assert rows[0]["user"] == "'" + FORMULA
    assert auditor.get("/api/audit.parquet").content.startswith(b"PAR1")
    assert auditor.get("/api/audit.exe").status_code == 404


def test_who_asks_is_recorded_before_and_without_a_record_nothing_is_shown(board: ServedBoard) -> None:
    with board.client(Role.AUDITOR, timeout_s=60) as auditor:
        auditor.get("/api/audit", params={"user": "carol"})
        event = board.audit.events[-1]
        assert (event.event_code, event.role) == ("110101", "auditor")
        assert str(event.object).endswith(", user carol")
        board.audit.takes = False
        refused = auditor.get("/api/audit", params={"user": "dan"})
        board.audit.takes = True
        assert refused.status_code == 503
        assert refused.json()["type"] == "urn:radstream:problem:access-not-recorded"


def test_it_is_for_those_alone_who_may_see_the_audit(board: ServedBoard) -> None:
    for role in Role:
        with board.client(role, timeout_s=60) as reader:
            may = Permission.SEE_AUDIT in PERMISSIONS[role]
            wanted = 200 if may else 403
            assert reader.get("/api/audit").status_code == wanted
            assert reader.get("/audit").status_code == wanted
            assert ('href="/audit"' in reader.get("/").text) == may


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_an_auditor_finds_who_saw_an_exam(board: ServedBoard, width: int, height: int) -> None:
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": width, "height": height})
        board.sign_in(page.context, Role.AUDITOR)
        heard = complaints(page)
        page.goto(f"{board.url}/audit")
        lines = page.locator("#rows tr")
        expect(lines).to_have_count(len(VIEWS), timeout=30_000)
        expect(lines.nth(1)).to_contain_text("refused")
        page.get_by_role("textbox", name="Exam").fill(EXAM)
        expect(lines).to_have_count(2, timeout=30_000)
        expect(lines.first).to_contain_text("bob")
        expect(lines.first.get_by_role("link", name=EXAM)).to_be_visible()
        assert "exam_of=" in page.url
        page.goto(f"{board.url}/audit?from=2026-01-27&to=2026-01-29")
        expect(lines).to_have_count(len(DECIDED), timeout=30_000)
        expect(lines.last).to_contain_text("Legal hold set")
        expect(page.locator("#rows tr", has_text="Erasure certified")).to_contain_text("radstream")
        expect(page.locator("#rows tr", has_text="Patient erased")).to_contain_text(f"patient {PATIENT[:8]}")
        assert page.locator("#rows a").all_inner_texts() == [EXAM, EXAM]  # no exam has a patient's subject
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert accessibility_faults(page) == []
        assert heard == []
        page.close()
