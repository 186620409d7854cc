"""Signing in over HTTP: sessions, CSRF, what each role is answered."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import httpx
import pytest

from dashboards.access.access import open_access
from dashboards.access.roles import Role
from tests.dashboard_rows import row
from tests.served_board import PASSWORD, ServedBoard, served_board, user

HTML = {"Accept": "text/html"}
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def board() -> Iterator[ServedBoard]:
    with served_board() as served:
        served.put(row(1))
        served.load()
        yield served


@pytest.fixture
def browser(board: ServedBoard) -> Iterator[httpx.Client]:
    """A browser without a session."""
    with httpx.Client(base_url=board.url, timeout=60) as made:
        yield made


def sign_in(
    browser: httpx.Client, name: str, password: str = PASSWORD, then: str = "/", **headers: str
) -> httpx.Response:
    form = {"name": name, "password": password, "next": then}
    return browser.post("/sign-in", data=form, headers=SAME_ORIGIN | headers)


def csrf_token(browser: httpx.Client) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', browser.get("/", headers=HTML).text)
    assert found is not None
    return found[1]


def test_who_is_not_signed_in_gets_the_sign_in_page_or_a_problem_document(browser: httpx.Client) -> None:
    page = browser.get("/exams/GENERAL|A1?x=1", headers=HTML)
    assert page.status_code == 303
    assert page.headers["location"] == "/sign-in?next=" + quote("/exams/GENERAL|A1?x=1", safe="")
    for path in ("/api/board", "/api/stream", "/api/openapi.json", f"/api/exams/{row(1).exam_id}"):
        answer = browser.get(path)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == "Bearer"
    assert browser.get("/healthz").status_code == 200
    assert browser.get("/sign-in").status_code == 200


def test_name_and_password_begin_a_session_that_leads_where_one_wanted_to_go(
    board: ServedBoard, browser: httpx.Client
) -> None:
    name = user(board.settings, Role.CLINICIAN)
    answer = sign_in(browser, name, then="/exams/GENERAL|A1?x=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == quote("/exams/GENERAL|A1?x=1", safe="/?=|").replace("|", "%7C")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"radstream-{urlsplit(board.url).port}=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    session = browser.get("/api/session").json()
    assert session["user"] == name
    assert session["roles"] == ["clinician"]
    assert "see_phi" in session["permissions"]
    assert 0 < session["ends_in_s"] <= 1_800
    assert name in browser.get("/", headers=HTML).text


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(
    board: ServedBoard, browser: httpx.Client
) -> None:
    name = user(board.settings, Role.VIEWER)
    known, unknown = sign_in(browser, name, "wrong"), sign_in(browser, "nobody", "wrong")
    assert known.status_code == unknown.status_code == 401
    assert known.text == unknown.text
    assert "wrong" in known.text
    assert not browser.cookies


def test_signing_in_gives_another_session_and_signing_out_ends_it(
    board: ServedBoard, browser: httpx.Client
) -> None:
    name = user(board.settings, Role.VIEWER)
    sign_in(browser, name)
    (before,) = browser.cookies.jar
    sign_in(browser, name)
    (after,) = browser.cookies.jar
    assert before.value != after.value
    access = open_access(board.settings.access)
    assert access.sessions.find(str(before.value)) is None
    assert browser.post("/sign-out", headers=SAME_ORIGIN).status_code == 204
    assert access.sessions.find(str(after.value)) is None
    access.close()
    assert browser.get("/api/session").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
def test_another_sites_form_begins_no_session(
    board: ServedBoard, browser: httpx.Client, headers: dict[str, str]
) -> None:
    form = {"name": user(board.settings, Role.VIEWER), "password": PASSWORD}
    assert browser.post("/sign-in", data=form, headers=headers).status_code == 403
    assert not browser.cookies


def test_what_changes_something_needs_the_sessions_token_and_a_page_of_ours(
    board: ServedBoard, browser: httpx.Client
) -> None:
    sign_in(browser, user(board.settings, Role.VIEWER))
    token = {"X-CSRF-Token": csrf_token(browser)}
    origin = {"Origin": board.url}
    asked = "/sign-in/activity"
    assert browser.post(asked, headers=SAME_ORIGIN | token).status_code == 204
    assert browser.post(asked, headers=origin | token).status_code == 204
    for headers in (
        {},
        token,
        SAME_ORIGIN,
        SAME_ORIGIN | {"X-CSRF-Token": "guessed"},
        origin | token | {"Sec-Fetch-Site": "cross-site"},
    ):
        refused = browser.post(asked, headers=headers)
        assert refused.status_code == 403
        assert refused.headers["content-type"] == "application/problem+json"


def test_a_programs_token_needs_no_csrf_token_since_no_browser_sends_it(board: ServedBoard) -> None:
    with board.client(Role.VIEWER) as program:
        assert program.post("/sign-in/activity").status_code == 204
        assert program.get("/api/session").json()["ends_in_s"] is None


def test_a_token_that_is_not_known_is_refused_though_there_is_a_session(
    board: ServedBoard, browser: httpx.Client
) -> None:
    sign_in(browser, user(board.settings, Role.VIEWER))
    assert browser.get("/api/board", headers={"Authorization": "Bearer radstream_x"}).status_code == 401


def test_roles_decide_what_is_answered(board: ServedBoard) -> None:
    with board.client(Role.VIEWER) as viewer:
        assert viewer.get("/api/board").status_code == 200
        refused = viewer.get("/api/turnaround/summary")
        assert refused.status_code == 403
        assert "ask analytics" in refused.json()["detail"]
        picture = viewer.get(f"/api/exams/{quote(row(1).exam_id)}/images/1.2/picture")
        assert picture.status_code == 403
        page = viewer.get("/turnaround", headers=HTML)
        assert page.status_code == 403
        assert page.headers["content-type"].startswith("text/html")
    with board.client(Role.ANALYST) as analyst:
        assert analyst.get("/turnaround", headers=HTML).status_code == 200


def test_a_wall_screen_needs_no_session_where_a_setting_says_so(board: ServedBoard) -> None:
    anonymous = board.settings.access.__class__(
        database=board.settings.access.database, anonymous_role=Role.VIEWER
    )
    with served_board(access=anonymous) as served, httpx.Client(base_url=served.url, timeout=60) as screen:
        assert screen.get("/api/board").status_code == 200
        assert screen.get("/api/turnaround/summary").status_code == 403
        assert screen.post("/sign-in/activity", headers=SAME_ORIGIN).status_code == 403
        assert 'href="/sign-in"' in screen.get("/", headers=HTML).text


def test_only_the_sign_in_page_has_a_form_that_may_be_sent(board: ServedBoard, browser: httpx.Client) -> None:
    assert "form-action 'self'" in browser.get("/sign-in").headers["content-security-policy"]
    with board.client() as client:
        for path in ("/", "/turnaround", "/api/board"):
            assert "form-action 'none'" in client.get(path).headers["content-security-policy"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"x" * 10_000, "application/x-www-form-urlencoded", 413),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a=1" for _ in range(50)), "application/x-www-form-urlencoded", 400),
        (b"{}", "application/json", 415),
    ],
)
def test_a_form_that_is_none_is_refused(
    browser: httpx.Client, content: bytes, kind: str, status: int
) -> None:
    answer = browser.post("/sign-in", content=content, headers=SAME_ORIGIN | {"Content-Type": kind})
    assert answer.status_code == status


def audited(board: ServedBoard, count: int) -> list[tuple[str | None, str | None, str, str | None]]:
    """The first `count` events of signing in and out; they are recorded after the answer."""
    deadline_s = time.monotonic() + 60
    while len(board.audit.events) < count:
        assert time.monotonic() < deadline_s, board.audit.events
        time.sleep(0.02)
    assert {event.event_code for event in board.audit.events} == {"110114"}
    return [(event.user, event.role, event.outcome, event.object) for event in board.audit.events]


def test_signing_in_and_out_and_failing_to_is_recorded_and_no_unknown_name_is() -> None:
    with served_board() as board, httpx.Client(base_url=board.url, timeout=60) as browser:
        name = user(board.settings, Role.VIEWER)
        sign_in(browser, "my secret password", "x")
        audited(board, 1)
        sign_in(browser, name, "wrong")
        audited(board, 2)
        sign_in(browser, name)
        audited(board, 3)
        browser.post("/sign-out", headers=SAME_ORIGIN)
        assert audited(board, 4) == [
            (None, None, "4", "sign-in of an unknown name"),
            ("viewer", None, "4", "sign-in"),
            ("viewer", "viewer", "0", "sign-in"),
            ("viewer", "viewer", "0", "sign-out"),
        ]


def test_who_guesses_has_to_wait_and_is_told_for_how_long() -> None:
    with served_board() as board, httpx.Client(base_url=board.url, timeout=60) as browser:
        name = user(board.settings, Role.VIEWER)
        # Each attempt beyond the free ones costs twice as long as the one before: soon one comes too early.
        while (refused := sign_in(browser, name, "wrong")).status_code == 401:
            pass
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert "Try again in" in refused.text
        assert not browser.cookies


def test_signing_in_goes_on_while_it_cannot_be_recorded() -> None:
    with served_board() as board, httpx.Client(base_url=board.url, timeout=60) as browser:
        board.audit.takes = False
        assert sign_in(browser, user(board.settings, Role.VIEWER)).status_code == 303
        assert browser.get("/api/board").status_code == 200
