"""Which ID tokens begin a session, and which roles they give; every other one is refused."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from dashboards.access.oidc.claims import read_id_token, roles_in, user_of
from dashboards.access.oidc.config import OidcConfig, is_safe_address
from dashboards.access.oidc.errors import SignInRefused
from dashboards.access.oidc.pending import PendingSignIns
from dashboards.access.roles import Role

ISSUER, NONCE = "https://login.example", "n-0S6_WzA2Mj"
SECRET = "the client's secret, long enough for a key of HS256"
CONFIG = OidcConfig(
    issuer=ISSUER,
    client_id="radstream",
    client_secret=SECRET,
    role_of={"radiology": Role.CLINICIAN, "it": Role.ADMIN},
    roles_claim="realm_access.roles",
)
KEY, OTHER = ECKey.generate_key("P-256", {"kid": "1"}), RSAKey.generate_key(2048, {"kid": "1"})
KEYS = KeySet([KEY])


def claims(**changed: Any) -> dict[str, Any]:
    """What a good token says; None leaves a claim out."""
    now = int(time.time())
    good = {
        "iss": ISSUER,
        "sub": "248289761001",
        "aud": "radstream",
        "exp": now + 300,
        "iat": now,
        "nonce": NONCE,
        "preferred_username": "ada",
        "realm_access": {"roles": ["radiology", "staff"]},
    }
    return {name: value for name, value in (good | changed).items() if value is not None}


def token(key: Any = KEY, alg: str = "ES256", **changed: Any) -> str:
    return jwt.encode({"alg": alg, "kid": "1"}, claims(**changed), key, algorithms=[alg])


def unsigned() -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part(claims())}."


def test_a_good_token_gives_its_user_and_the_mapped_roles() -> None:
    user = user_of(read_id_token(token(), KEYS, CONFIG, NONCE), CONFIG)
    assert (user.name, user.roles) == ("oidc:ada", frozenset({Role.CLINICIAN}))


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example"},
        {"iss": ISSUER + "/"},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": ["radstream", "another"]},
        {"aud": ["radstream", "another"], "azp": "another"},
        {"azp": "another"},
        {"exp": 1_000_000},
        {"exp": "soon"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"aud": None},
        {"iss": None},
    ],
    ids=str,
)
def test_a_token_for_another_moment_place_or_person_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(SignInRefused):
        read_id_token(token(**changed), KEYS, CONFIG, NONCE)


def test_a_token_for_many_is_taken_where_it_names_us_as_the_party() -> None:
    assert read_id_token(token(aud=["radstream", "another"], azp="radstream"), KEYS, CONFIG, NONCE)


def test_a_token_that_the_provider_did_not_sign_is_refused() -> None:
    forged = (
        token(ECKey.generate_key("P-256", {"kid": "1"})),
        token(OTHER, "RS256"),
        token(OctKey.import_key(SECRET), "HS256"),
        unsigned(),
        token()[:-4] + "AAAA",
        "",
        "a.b.c",
    )
    for one in forged:
        with pytest.raises(SignInRefused):
            read_id_token(one, KEYS, CONFIG, NONCE)


@pytest.mark.parametrize(
    ("given_roles", "roles"),
    [
        ({"realm_access": {"roles": ["radiology", "it"]}}, {Role.CLINICIAN, Role.ADMIN}),
        ({"realm_access": {"roles": "it"}}, {Role.ADMIN}),
        ({"realm_access": {"roles": ["admin", "clinician", 7, None]}}, set()),
        ({"realm_access": ["radiology"]}, set()),
        ({"realm_access": None}, set()),
        ({"roles": ["radiology"]}, set()),
    ],
)
def test_only_mapped_values_of_the_named_claim_are_roles(given_roles: Any, roles: set[Role]) -> None:
    assert roles_in(given_roles, CONFIG) == roles


@given(
    st.dictionaries(st.text(), st.recursive(st.none() | st.text() | st.integers(), st.lists, max_leaves=5))
)
def test_no_claims_at_all_break_the_mapping(said: dict[str, Any]) -> None:
    assert roles_in(said, CONFIG) <= set(Role)


def test_who_has_no_role_or_a_name_that_cannot_be_written_stays_out() -> None:
    with pytest.raises(SignInRefused, match="no role here"):
        user_of(claims(realm_access={"roles": ["canteen"]}), CONFIG)
    with pytest.raises(SignInRefused, match="cannot be written"):
        user_of(claims(preferred_username="ada\x1b[2J"), CONFIG)
    assert user_of(claims(preferred_username=None), CONFIG).name == "oidc:248289761001"


def test_a_sign_in_is_taken_once_in_time_by_the_browser_that_began_it() -> None:
    now_s = [0.0]
    pending = PendingSignIns(lambda: now_s[0])
    state, browser, begun = pending.begin("https://here/callback", "/")
    assert len({state, browser, begun.nonce, begun.verifier}) == 4
    assert 43 <= len(begun.verifier) <= 128  # RFC 7636, section 4.1
    assert pending.take(state, "another browser") is None
    assert pending.take("another state", browser) is None
    assert pending.take(state, browser) is begun
    assert pending.take(state, browser) is None
    state, browser, _ = pending.begin("https://here/callback", "/")
    now_s[0] = 600.0
    assert pending.take(state, browser) is None


@pytest.mark.parametrize(
    ("address", "is_safe"),
    [
        ("https://login.example", True),
        ("http://127.0.0.1:8080", True),
        ("http://localhost", True),
        ("http://login.example", False),
        ("https://", False),
        ("ftp://login.example", False),
        ("javascript:alert(1)", False),
        ("", False),
    ],
)
def test_secrets_go_over_https_or_stay_on_this_machine(address: str, *, is_safe: bool) -> None:
    assert is_safe_address(address) == is_safe
