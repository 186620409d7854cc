"""Signing in at an OpenID provider: a real one, in a process of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from dashboards.access.config import AccessConfig
from dashboards.access.oidc.config import OidcConfig
from dashboards.access.roles import Role
from runtime.stack.ports import allocate_free_ports
from tests.browser import browser as chromium
from tests.browser import complaints
from tests.openid_provider import OpenIdProvider, openid_provider
from tests.served_board import ServedBoard, served_board
from tests.sink_running import until

_SECRET = "a secret"


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    with openid_provider() as running:
        running.person("ada", preferred_username="ada.lovelace", realm={"roles": ["radiologist", "staff"]})
        running.person("bob", preferred_username="bob", realm={"roles": ["canteen"]})
        yield running


def access_config(directory: Path, issuer: str) -> AccessConfig:
    role_of = {"radiologist": Role.CLINICIAN, "it": Role.ADMIN}
    oidc = OidcConfig(
        issuer=issuer,
        client_id="radstream",
        client_secret=_SECRET,
        role_of=role_of,
        roles_claim="realm.roles",
        label="General Hospital",
    )
    return AccessConfig(database=directory / "access.sqlite", oidc=oidc)


@pytest.fixture
def board(provider: OpenIdProvider, tmp_path: Path) -> Iterator[ServedBoard]:
    with served_board(access=access_config(tmp_path, provider.issuer)) as served:
        yield served


@pytest.fixture
def browser(board: ServedBoard) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=board.url, timeout=30) as made:
        yield made


def there(browser: httpx.Client, next_path: str = "/") -> str:
    """The provider's page that signing in leads to."""
    answer = browser.get("/sign-in/oidc", params={"next": next_path})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_there_and_back_begins_a_session_with_the_mapped_roles(
    provider: OpenIdProvider, board: ServedBoard, browser: httpx.Client
) -> None:
    address = there(browser, "/exams/GENERAL%7CA1")
    asked = parse_qs(urlsplit(address).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{board.url}/sign-in/oidc/callback"]
    back = browser.get(provider.consent(address, "ada"))
    assert back.status_code == 303
    assert back.headers["location"] == "/exams/GENERAL%7CA1"
    session = browser.get("/api/session").json()
    assert session["user"] == "oidc:ada.lovelace"
    assert session["roles"] == ["clinician"]
    until(lambda: bool(board.audit.events))  # recorded after the answer
    (event,) = board.audit.events
    assert (event.event_code, event.outcome, event.user) == ("110114", "0", "oidc:ada.lovelace")


def test_who_has_no_role_here_is_told_so_and_gets_no_session(
    provider: OpenIdProvider, board: ServedBoard, browser: httpx.Client
) -> None:
    back = browser.get(provider.consent(there(browser), "bob"))
    assert back.status_code == 403
    assert "bob has no role here" in back.text
    assert browser.get("/api/session").status_code == 401
    until(lambda: bool(board.audit.events))  # recorded after the answer
    (event,) = board.audit.events
    assert (event.event_code, event.outcome, event.user) == ("110114", "4", None)


def test_who_denies_at_the_provider_gets_no_session(provider: OpenIdProvider, browser: httpx.Client) -> None:
    back = browser.get(provider.consent(there(browser), None))
    assert back.status_code == 403
    assert browser.get("/api/session").status_code == 401


def test_an_answer_is_taken_once_and_by_the_browser_that_asked(
    provider: OpenIdProvider, board: ServedBoard, browser: httpx.Client
) -> None:
    """Else someone could be signed in as someone else without noticing (RFC 6749, section 10.12)."""
    address = provider.consent(there(browser), "ada")
    with httpx.Client(timeout=30) as another:
        assert another.get(address).status_code == 403
        assert another.get(f"{board.url}/api/session").status_code == 401
    assert browser.get(address).status_code == 303
    assert browser.get(address).status_code == 403


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("code", "another", 403),
        ("state", "another", 403),
        ("iss", "https://evil.example", 403),
    ],
)
def test_an_answer_that_was_tampered_with_begins_no_session(
    provider: OpenIdProvider, browser: httpx.Client, name: str, value: str, status: int
) -> None:
    address = httpx.URL(provider.consent(there(browser), "ada")).copy_set_param(name, value)
    assert browser.get(address).status_code == status
    assert browser.get("/api/session").status_code == 401


def test_without_its_pkce_verifier_a_stolen_code_is_worth_nothing(
    provider: OpenIdProvider, browser: httpx.Client
) -> None:
    address = httpx.URL(provider.consent(there(browser), "ada"))
    form = {
        "grant_type": "authorization_code",
        "code": address.params["code"],
        "client_id": "radstream",
        "client_secret": _SECRET,
        "redirect_uri": str(address.copy_with(query=None)),
    }
    assert httpx.post(f"{provider.issuer}/oauth2/token", data=form, timeout=60).status_code == 400


def test_a_provider_that_is_away_is_told_of_and_local_users_can_sign_in(tmp_path: Path) -> None:
    (port,) = allocate_free_ports(1)
    config = access_config(tmp_path, f"http://127.0.0.1:{port}")
    with served_board(access=config) as served, httpx.Client(base_url=served.url, timeout=30) as browser:
        answer = browser.get("/sign-in/oidc")
        assert answer.status_code == 502
        assert "gives no answer" in answer.text
        assert 'name="password"' in answer.text


def test_a_provider_that_calls_itself_otherwise_is_not_trusted(
    provider: OpenIdProvider, tmp_path: Path
) -> None:
    config = access_config(tmp_path, provider.issuer)
    assert config.oidc is not None
    other = replace(
        config, oidc=replace(config.oidc, issuer=provider.issuer.replace("127.0.0.1", "localhost") + "/")
    )
    with served_board(access=other) as served, httpx.Client(base_url=served.url, timeout=30) as browser:
        answer = browser.get("/sign-in/oidc")
        assert answer.status_code == 502
        assert "calls itself" in answer.text


@pytest.mark.browser
def test_in_a_browser_the_button_leads_there_and_back(provider: OpenIdProvider, board: ServedBoard) -> None:
    with chromium() as launched:
        page = launched.new_page()
        page.goto(f"{board.url}/worklist")
        page.get_by_role("link", name="Sign in with General Hospital").click()
        page.wait_for_url(re.compile(re.escape(provider.issuer)))
        page.get_by_placeholder("sub").fill("ada")
        page.get_by_role("button", name="Authorize").click()
        page.wait_for_url(f"{board.url}/worklist")
        heard = complaints(page)  # the provider's own page is not ours
        page.reload()
        page.get_by_text("oidc:ada.lovelace").wait_for()
        assert heard == []
        page.close()
