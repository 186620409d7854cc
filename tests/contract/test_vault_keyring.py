"""The key ring in Vault, on a real OpenBao server: rights, TLS, tokens, outages, what is left."""

from __future__ import annotations

import base64
import hashlib
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.stack.ports import allocate_free_ports
from schemas.errors import KeyDestroyed, KeyRingUnreachable, KeyRingUnusable
from schemas.phi import Generations
from schemas.vault_config import VaultKeyRingConfig
from schemas.vault_keyring import VaultKeyRing
from tests.vault_server import VaultServer, vault_server

_PATIENT = "a" * 64


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VaultServer]:
    with vault_server(tmp_path_factory.mktemp("vault")) as server:
        yield server


def _first_secret(vault: VaultServer, subject: str) -> str:
    """Path of the subject's first key, below `secret/data/` and its like."""
    return f"radstream/keys/{hashlib.sha256(subject.encode()).hexdigest()}/1"


def test_the_pipelines_token_makes_and_opens_keys_and_cannot_destroy_one(vault: VaultServer) -> None:
    ring = VaultKeyRing(vault.config("pipeline"))
    key_id, key = ring.current_key("least-rights")
    assert VaultKeyRing(vault.config("pipeline")).current_key("least-rights") == (key_id, key)
    with pytest.raises(KeyRingUnusable, match="permission denied"):
        ring.destroy("least-rights")
    assert ring.key(key_id) == key


def test_the_erasers_token_destroys_keys_and_cannot_open_one(vault: VaultServer) -> None:
    pipeline = VaultKeyRing(vault.config("pipeline", checked_every_s=0.0))
    key_id, _ = pipeline.current_key("to-erase")
    eraser = VaultKeyRing(vault.config("erase"))
    assert eraser.generations("to-erase") == Generations(living=1, destroyed=0)
    with pytest.raises(KeyRingUnusable, match="permission denied"):
        eraser.key(key_id)
    assert eraser.destroy("to-erase") == 1
    with pytest.raises(KeyDestroyed):
        pipeline.key(key_id)


def test_vault_holds_the_key_wrapped_only_and_after_destroying_nothing_of_it(vault: VaultServer) -> None:
    ring = VaultKeyRing(vault.config("pipeline+erase"))
    _, key = ring.current_key(_PATIENT)
    path = _first_secret(vault, _PATIENT)
    secret = vault.ask("GET", f"secret/data/{path}")["data"]["data"]
    assert secret["wrapped"].startswith("vault:v1:")
    assert base64.b64encode(key).decode() not in str(secret)
    ring.destroy(_PATIENT)
    versions = vault.ask("GET", f"secret/metadata/{path}")["data"]["versions"]
    assert [version["destroyed"] for version in versions.values()] == [True]


def test_a_key_opens_after_the_transit_key_was_rotated(vault: VaultServer) -> None:
    key_id, key = VaultKeyRing(vault.config("pipeline")).current_key("rotated")
    vault.ask("POST", "transit/keys/radstream/rotate")
    ring = VaultKeyRing(vault.config("pipeline"))
    assert ring.key(key_id) == key
    assert len(ring.current_key("after-rotation")[1]) == 32


def test_an_erasure_is_noticed_at_the_next_look_and_not_asked_for_before(vault: VaultServer) -> None:
    clock = [0.0]
    ring = VaultKeyRing(vault.config("pipeline", checked_every_s=1.0), lambda: clock[0])
    key_id, key = ring.current_key("looked-after")
    VaultKeyRing(vault.config("erase")).destroy("looked-after")
    clock[0] = 0.9
    assert ring.key(key_id) == key
    clock[0] = 1.0
    with pytest.raises(KeyDestroyed):
        ring.key(key_id)
    assert ring.current_key("looked-after")[0] == "looked-after/2"


def test_an_opened_key_is_kept_for_a_bounded_time(vault: VaultServer) -> None:
    clock = [0.0]
    ring = VaultKeyRing(vault.config("pipeline", checked_every_s=1e9, kept_s=300.0), lambda: clock[0])
    key_id, key = ring.current_key("kept")
    # Destroyed by hand, without a word to anybody.
    path = _first_secret(vault, "kept")
    vault.ask("PUT", f"secret/destroy/{path}", {"versions": [1]})
    clock[0] = 299.0
    assert ring.key(key_id) == key
    clock[0] = 300.0
    with pytest.raises(KeyDestroyed):
        ring.key(key_id)


def test_a_secret_that_was_deleted_and_can_be_undeleted_is_neither_lost_nor_replaced(
    vault: VaultServer,
) -> None:
    key_id, key = VaultKeyRing(vault.config("pipeline")).current_key("deleted")
    path = _first_secret(vault, "deleted")
    vault.ask("DELETE", f"secret/data/{path}")
    with pytest.raises(KeyRingUnusable, match="undelete"):
        VaultKeyRing(vault.config("pipeline")).key(key_id)
    with pytest.raises(KeyRingUnusable, match="undelete"):
        VaultKeyRing(vault.config("pipeline")).current_key("deleted")
    vault.ask("PUT", f"secret/undelete/{path}", {"versions": [1]})
    assert VaultKeyRing(vault.config("pipeline")).key(key_id) == key


def test_a_renewed_token_is_read_again_when_the_old_one_is_refused(
    vault: VaultServer, tmp_path: Path
) -> None:
    config = vault.config("pipeline")
    file = tmp_path / "token"
    made = vault.ask("POST", "auth/token/create", {"policies": ["pipeline"]})["auth"]["client_token"]
    file.touch(0o600)
    file.write_text(made)
    ring = VaultKeyRing(vault.config("pipeline", token_file=file))
    ring.current_key("one")
    vault.ask("POST", "auth/token/revoke", {"token": made})
    with pytest.raises(
        KeyRingUnusable, match=f"permission denied; look at the policy of the token in {file}"
    ):
        ring.current_key("two")
    file.write_text(config.token_file.read_text())
    assert ring.current_key("two")[0] == "two/1"


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        ("t0k3n", 0o604, "chmod 600"),
        ("", 0o600, "no token"),
        (None, 0o600, "cannot be read"),
        ("a\nb", 0o600, "no"),
    ],
)
def test_an_unusable_token_file_is_refused_with_what_helps(
    tmp_path: Path, content: str | None, mode: int, said: str
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
        file.chmod(mode)
    with pytest.raises(KeyRingUnusable, match=said) as caught:
        VaultKeyRing(VaultKeyRingConfig(address="http://127.0.0.1:9", token_file=file))
    assert not content or content not in str(caught.value)


@pytest.mark.parametrize(
    "fields", [{"kv_mount": "nowhere"}, {"transit_mount": "nowhere"}, {"transit_key": "none"}]
)
def test_a_mount_that_is_not_there_is_no_missing_key(vault: VaultServer, fields: dict[str, str]) -> None:
    vault.ask(
        "PUT",
        "sys/policies/acl/everything",
        {"policy": 'path "*" { capabilities = ["sudo", "read", "create", "update"] }'},
    )
    with pytest.raises(KeyRingUnusable, match="look at the mounts"):
        VaultKeyRing(vault.config("everything", **fields)).current_key("patient")


def test_nobody_at_the_address_is_said_to_be_unreachable_in_time(vault: VaultServer) -> None:
    (port,) = allocate_free_ports(1)
    with pytest.raises(KeyRingUnreachable, match=f"Vault at http://127.0.0.1:{port} gives no answer"):
        VaultKeyRing(vault.config("pipeline", address=f"http://127.0.0.1:{port}", timeout_s=0.5))


def test_a_sealed_vault_and_a_killed_one_are_unreachable_and_the_ring_goes_on_afterwards(
    tmp_path: Path,
) -> None:
    with vault_server(tmp_path) as server:
        ring = VaultKeyRing(server.config("pipeline", checked_every_s=0.0, timeout_s=2.0))
        key_id, _ = ring.current_key("patient")
        server.ask("PUT", "sys/seal")
        with pytest.raises(KeyRingUnreachable, match="sealed"):
            ring.key(key_id)
        server.process.kill()
        server.process.wait()
        for _ in range(2):
            with pytest.raises(KeyRingUnreachable, match="gives no answer"):
                ring.key(key_id)


def test_tls_is_checked_against_the_given_certificates(tmp_path: Path) -> None:
    with vault_server(tmp_path, tls=True) as server:
        assert server.address.startswith("https://")
        ring = VaultKeyRing(server.config("pipeline"))
        assert ring.current_key("patient")[0] == "patient/1"
        with pytest.raises(KeyRingUnreachable, match="gives no answer: ConnectError"):
            VaultKeyRing(server.config("pipeline", ca_file=None))
        no_certificate = tmp_path / "none.pem"
        no_certificate.write_text("none")
        with pytest.raises(KeyRingUnusable, match="holds no certificates"):
            VaultKeyRing(server.config("pipeline", ca_file=no_certificate))


def test_neither_token_nor_keys_stand_in_an_error_or_a_log(
    vault: VaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    config = vault.config("pipeline")
    ring = VaultKeyRing(config)
    key_id, key = ring.current_key("secretive")
    said = repr(ring) + repr(config)
    for attempt in (
        lambda: ring.destroy("secretive"),
        lambda: VaultKeyRing(vault.config("pipeline", kv_mount="x")),
    ):
        with pytest.raises(KeyRingUnusable) as caught:
            attempt()
        said += "".join(traceback.format_exception(caught.value)) + repr(caught.value.__context__)
    said += caplog.text
    wrapped = vault.ask("GET", f"secret/data/{_first_secret(vault, 'secretive')}")["data"]["data"]["wrapped"]
    for secret in (config.token_file.read_text().strip(), base64.b64encode(key).decode(), key.hex(), wrapped):
        assert secret not in said
    assert key_id == "secretive/1"
