"""Secrets: made once, readable by their owner alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runtime.stack.errors import SecretError
from runtime.stack.secrets import MAKERS, read_or_create


@pytest.mark.parametrize("name", MAKERS)
def test_a_secret_is_made_once_with_mode_0600_in_a_directory_of_mode_0700(tmp_path: Path, name: str) -> None:
    secret = read_or_create(tmp_path, name)
    path = tmp_path / "secrets" / name
    assert len(secret) >= 20
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert read_or_create(tmp_path, name) == secret
    assert [file.name for file in path.parent.iterdir()] == [name]


def test_secrets_differ_between_data_directories(tmp_path: Path) -> None:
    assert read_or_create(tmp_path / "a", "s3_secret_key") != read_or_create(tmp_path / "b", "s3_secret_key")


def test_site_keys_are_32_bytes_in_hexadecimal(tmp_path: Path) -> None:
    assert len(bytes.fromhex(read_or_create(tmp_path, "site_key"))) == 32
    assert len(bytes.fromhex(read_or_create(tmp_path, "site_secret"))) == 32


def test_starts_at_once_all_see_the_same_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        seen = list(pool.map(lambda _: read_or_create(tmp_path, "clickhouse_password"), range(64)))
    assert len(set(seen)) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_secret_open_to_others_is_refused_with_the_command_that_closes_it(
    tmp_path: Path, mode: int
) -> None:
    read_or_create(tmp_path, "site_key")
    path = tmp_path / "secrets" / "site_key"
    path.chmod(mode)
    with pytest.raises(SecretError, match=f"chmod 600 {path}"):
        read_or_create(tmp_path, "site_key")


def test_an_empty_secret_is_refused_and_not_replaced(tmp_path: Path) -> None:
    read_or_create(tmp_path, "site_key")
    path = tmp_path / "secrets" / "site_key"
    path.write_text("")
    with pytest.raises(SecretError, match="empty"):
        read_or_create(tmp_path, "site_key")
    assert path.read_text() == ""
