"""The key ring of files: private, shared by processes without a lock, whole after kill -9.

What it promises as every ring does is in tests/contract/test_keyrings.py.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from schemas.errors import KeyDestroyed, KeyRingUnusable
from schemas.keyring import FileKeyRing

SITE_KEY = bytes(range(32))

# A process of its own: waits for the start file, then makes keys and says each only when it has it.
MAKER = f"""
import sys, time
from pathlib import Path
from schemas.keyring import FileKeyRing

ring = FileKeyRing(Path(sys.argv[1]), bytes(range({len(SITE_KEY)})))
start, first, last = Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
print("ready", flush=True)
while not start.exists():
    time.sleep(0.0005)
for number in range(first, last):
    key_id, key = ring.current_key(f"patient-{{number}}")
    print(key_id, key.hex(), flush=True)
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def ring(directory: Path) -> FileKeyRing:
    return FileKeyRing(directory, SITE_KEY)


def _maker(directory: Path, start: Path, first: int, last: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", MAKER, str(directory), str(start), str(first), str(last)]
    maker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert maker.stdout is not None
    assert maker.stdout.readline() == "ready\n"
    return maker


def test_nothing_in_the_directory_can_be_read_by_others(directory: Path, ring: FileKeyRing) -> None:
    for number in range(3):
        ring.current_key(str(number))
    ring.destroy("0")
    for path in (directory, *directory.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701])
def test_a_directory_that_others_may_enter_is_refused_with_the_command_that_helps(
    directory: Path, mode: int
) -> None:
    directory.mkdir()
    directory.chmod(mode)
    with pytest.raises(KeyRingUnusable, match=f"chmod 700 {directory}"):
        FileKeyRing(directory, SITE_KEY)


@pytest.mark.parametrize("length", [0, 16, 31, 64])
def test_a_site_key_of_another_length_is_refused_at_once(directory: Path, length: int) -> None:
    with pytest.raises(KeyRingUnusable, match=f"{length} bytes"):
        FileKeyRing(directory, bytes(length))


def test_no_file_holds_a_key_in_clear(directory: Path, ring: FileKeyRing) -> None:
    _, key = ring.current_key("patient")
    assert all(key not in path.read_bytes() for path in directory.rglob("*") if path.is_file())


def test_another_site_key_opens_nothing(directory: Path, ring: FileKeyRing) -> None:
    key_id, _ = ring.current_key("patient")
    with pytest.raises(KeyRingUnusable, match="another site key"):
        FileKeyRing(directory, bytes(32)).key(key_id)


@pytest.mark.parametrize("damage", [b"\0", b"x" * 39, b"x" * 40, b"x" * 4096])
def test_a_damaged_key_file_is_said_to_be_one(directory: Path, ring: FileKeyRing, damage: bytes) -> None:
    key_id, _ = ring.current_key("patient")
    next(directory.rglob("*.key")).write_bytes(damage)
    with pytest.raises(KeyRingUnusable, match="damaged"):
        FileKeyRing(directory, SITE_KEY).key(key_id)


def test_a_key_that_another_process_destroyed_is_gone_here_too(directory: Path, ring: FileKeyRing) -> None:
    key_id, _ = ring.current_key("patient")
    assert FileKeyRing(directory, SITE_KEY).destroy("patient") == 1
    with pytest.raises(KeyDestroyed):
        ring.key(key_id)


def test_a_second_link_left_by_a_killed_process_is_destroyed_with_the_key(
    directory: Path, ring: FileKeyRing
) -> None:
    """Killed between the link into place and the end of the file it was written to."""
    ring.current_key("patient")
    path = next(directory.rglob("*.key"))
    wrapped = path.read_bytes()
    path.with_name(f"{path.stem}.k1ll3d.new").hardlink_to(path)
    ring.destroy("patient")
    assert all(file.read_bytes() != wrapped for file in directory.rglob("*") if file.is_file())


def test_processes_that_make_the_same_keys_at_the_same_time_get_the_same(
    directory: Path, ring: FileKeyRing, tmp_path: Path
) -> None:
    start = tmp_path / "start"
    makers = [_maker(directory, start, 0, 100) for _ in range(3)]
    start.touch()
    said = [maker.communicate(timeout=120)[0].splitlines() for maker in makers]
    assert len(said[0]) == 100
    assert said[0] == said[1] == said[2]
    for line in said[0]:
        key_id, key = line.split()
        assert ring.key(key_id).hex() == key
    assert not list(directory.rglob("*.new"))


def test_kill_9_leaves_whole_keys_or_none(directory: Path, tmp_path: Path) -> None:
    start = tmp_path / "start"
    start.touch()
    said: list[str] = []
    for attempt in range(10):
        maker = _maker(directory, start, attempt * 100_000, (attempt + 1) * 100_000)
        time.sleep(0.02 + 0.011 * attempt)
        os.kill(maker.pid, signal.SIGKILL)
        lines = maker.communicate(timeout=60)[0].splitlines(keepends=True)
        said += [line for line in lines if line.endswith("\n")]
    ring = FileKeyRing(directory, SITE_KEY)
    assert len(said) > 10
    for line in said:
        key_id, key = line.split()
        assert ring.key(key_id).hex() == key
    assert {path.stat().st_size for path in directory.rglob("*.key")} == {40}
