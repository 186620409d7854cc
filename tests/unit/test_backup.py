"""A backup and back: whole or refused, keys apart, and what was erased since stays erased."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from runtime.backing_up import BackupRefused, back_up, restore
from runtime.backups import destroy_in_backups, known_key_backups
from runtime.erasing.tombstones import NAME, add_tombstones, read_tombstones
from runtime.installation import Installation
from runtime.settings import Settings
from schemas.keyring import FileKeyRing
from schemas.keyring_config import open_key_ring
from schemas.phi import Generations

ANNA, BERTA = "a" * 64, "b" * 64
GONE, LIVES = Generations(living=0, destroyed=1), Generations(living=1, destroyed=0)


def _tell(_what: str, _done: int, _all: int) -> None:
    """Nobody looks."""


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    found = Installation(Settings(data=tmp_path / "data"))
    (found.data / "kafka").mkdir(parents=True)
    (found.data / "kafka" / "0.log").write_bytes(bytes(3_000_000))
    (found.data / "run").mkdir()
    (found.data / "run" / "stack.json.old").write_text("{}")
    ring = open_key_ring(found.key_ring_config())
    ring.current_key(ANNA)
    ring.current_key(BERTA)
    found.secret_key("archive_signing_key")
    return found


def _ring(data: Path) -> FileKeyRing:
    return FileKeyRing(data / "keys", bytes.fromhex((data / "secrets" / "site_key").read_text().strip()))


def test_what_comes_back_is_what_there_was_but_for_what_runs(
    installation: Installation, tmp_path: Path
) -> None:
    done = back_up(installation, tmp_path / "b", tmp_path / "k", _tell)
    assert not {"keys", "secrets"} & {path.name for path in (tmp_path / "b" / "data").iterdir()}
    back = tmp_path / "again"
    assert restore(tmp_path / "b", tmp_path / "k", back, [], _tell).files == done.files
    assert (back / "kafka" / "0.log").read_bytes() == (installation.data / "kafka" / "0.log").read_bytes()
    assert not (back / "run").exists()
    assert _ring(back).generations(ANNA) == LIVES
    assert (back / "secrets" / "site_key").stat().st_mode & 0o077 == 0


def test_an_erasure_reaches_the_copies_of_the_ring_and_names_those_that_it_cannot(
    installation: Installation, tmp_path: Path
) -> None:
    for name in ("1", "2"):
        back_up(installation, tmp_path / f"b{name}", tmp_path / f"k{name}", _tell)
    (tmp_path / "k2").rename(tmp_path / "vault")
    assert known_key_backups(installation) == (tmp_path / "k1", tmp_path / "k2")
    assert destroy_in_backups(installation, [f"{ANNA}/1"]) == [str(tmp_path / "k2")]
    assert read_tombstones(tmp_path / "k1" / NAME) == {ANNA: 1}
    restore(tmp_path / "b1", tmp_path / "k1", tmp_path / "again", [], _tell)
    assert _ring(tmp_path / "again").generations(ANNA) == GONE
    assert _ring(tmp_path / "again").generations(BERTA) == LIVES


def test_an_old_copy_of_the_ring_brings_back_no_key_that_the_tombstones_name(
    installation: Installation, tmp_path: Path
) -> None:
    back_up(installation, tmp_path / "b", tmp_path / "k", _tell)
    later = tmp_path / "later" / NAME
    add_tombstones(later, [f"{ANNA}/1"])
    assert restore(tmp_path / "b", tmp_path / "k", tmp_path / "again", [later], _tell).buried == 1
    assert _ring(tmp_path / "again").generations(ANNA) == GONE
    assert read_tombstones(tmp_path / "again" / "erasures" / NAME) == {ANNA: 1}


def test_a_backup_that_is_damaged_or_anothers_is_refused(installation: Installation, tmp_path: Path) -> None:
    back_up(installation, tmp_path / "b", tmp_path / "k", _tell)
    copied = tmp_path / "b" / "data" / "kafka" / "0.log"
    copied.write_bytes(copied.read_bytes() + b"x")
    with pytest.raises(BackupRefused, match=r"0\.log is not what was backed up"):
        restore(tmp_path / "b", tmp_path / "k", tmp_path / "again", [], _tell)
    listed = tmp_path / "b" / "backup.json"
    said, _, mark = listed.read_bytes().partition(b"\n")
    body = orjson.loads(said)
    body["files"].append(["../outside", 0, ""])
    listed.write_bytes(orjson.dumps(body) + b"\n" + mark)
    with pytest.raises(BackupRefused, match="signature is wrong"):
        restore(tmp_path / "b", tmp_path / "k", tmp_path / "other", [], _tell)


def test_places_that_are_not_apart_or_are_full_are_refused(
    installation: Installation, tmp_path: Path
) -> None:
    data = installation.data
    for place, keys in ((data / "b", tmp_path / "k"), (tmp_path / "b", tmp_path / "b" / "k")):
        with pytest.raises(BackupRefused, match="a place of their own"):
            back_up(installation, place, keys, _tell)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(BackupRefused, match="not empty"):
        back_up(installation, tmp_path / "full", tmp_path / "k", _tell)
    back_up(installation, tmp_path / "b", tmp_path / "k2", _tell)
    with pytest.raises(BackupRefused, match="--tombstones"):
        restore(tmp_path / "b", tmp_path / "k2", data, [], _tell)
