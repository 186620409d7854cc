"""A backup of the local stack, and back: the data in one directory, keys and secrets in another.

Kept apart, neither tells who a patient is. What was erased after the backup was made stays erased when it is
restored: keys are buried that the tombstones beside the copy of the ring name.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runtime.archive import signer_of
from runtime.backups import KEYS_DIRECTORY, remember_key_backup
from runtime.erasing.tombstones import DIRECTORY, NAME, merge_tombstones, read_tombstones
from runtime.installation import Installation
from runtime.stack.errors import StackError
from runtime.stack.state import running_state
from schemas.keyring import FileKeyRing
from sinks.archive.errors import ArchiveBroken
from sinks.archive.signing import Signer, opened, public_keys
from sinks.archive.verification import Tell

BACKUP = "backup"
_LIST, _DATA, _SECRETS = "backup.json", "data", "secrets"
_APART = (KEYS_DIRECTORY, _SECRETS)
# What runs now, and what is made anew: of no use to another start.
_LEFT_OUT = ("run", "rebuild")
_PIECE_BYTES = 1024 * 1024


class BackupRefused(StackError):
    """Nothing was copied; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Copied:
    """files, bytes: of both parts together. buried: keys that a restore destroyed again."""

    files: int
    bytes: int
    buried: int = 0


def back_up(installation: Installation, place: Path, keys_place: Path, tell: Tell) -> Copied:
    """Copy a stack that is stopped. Raises BackupRefused, OSError."""
    data = installation.data
    _require_stopped(data)
    _require_apart(data, place, keys_place)
    parts = [*_files(data)]
    said: list[list[Any]] = []
    for number, path in enumerate(parts, start=1):
        inside = path.relative_to(data)
        root = keys_place if inside.parts[0] in _APART else place / _DATA
        said.append([str(inside), *_copied(path, root / inside)])
        tell("files", number, len(parts))
    body = {"made_at": datetime.now(UTC).isoformat(), "files": said}
    (place / _LIST).write_bytes(signer_of(installation).signed(BACKUP, body))
    merge_tombstones(keys_place / NAME, read_tombstones(data / DIRECTORY / NAME))
    remember_key_backup(installation, keys_place)
    return Copied(len(said), sum(size for _, size, _ in said))


def restore(place: Path, keys_place: Path, data: Path, tombstones: Sequence[Path], tell: Tell) -> Copied:
    """Copy a backup into an empty data directory. Raises BackupRefused, OSError, ValueError."""
    if data.exists() and any(data.iterdir()):
        raise BackupRefused(
            f"{data} is not empty: move it away, and name its {DIRECTORY}/{NAME} with --tombstones, "
            "so that what was erased since stays erased"
        )
    files = _listed(place, keys_place)
    _make_private(data)
    for number, (inside, size, digest) in enumerate(files, start=1):
        source = (keys_place if Path(inside).parts[0] in _APART else place / _DATA) / inside
        _restore_file(source, data / inside, size, digest, is_key=Path(inside).parts[0] == KEYS_DIRECTORY)
        tell("files", number, len(files))
    buried = _bury(data, [place / _DATA / DIRECTORY / NAME, keys_place / NAME, *tombstones])
    return Copied(len(files), sum(size for _, size, _ in files), buried)


def _files(data: Path) -> Iterator[Path]:
    for path in sorted(data.rglob("*")):
        if path.relative_to(data).parts[0] not in _LEFT_OUT and path.is_file() and not path.is_symlink():
            yield path


def _copied(source: Path, target: Path) -> tuple[int, str]:
    """Size and SHA-256 of what was copied."""
    _make_private(target.parent)
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reading, target.open("wb") as writing:
        while piece := reading.read(_PIECE_BYTES):
            digest.update(piece)
            size += len(piece)
            writing.write(piece)
    shutil.copymode(source, target)
    return size, digest.hexdigest()


def _make_private(directory: Path) -> None:
    """The directory and those above it that are missing, for nobody else to read."""
    for one in (*reversed(directory.parents), directory):
        one.mkdir(mode=0o700, exist_ok=True)


def _restore_file(source: Path, target: Path, size: int, digest: str, *, is_key: bool) -> None:
    try:
        found = _copied(source, target)
    except FileNotFoundError:
        raise BackupRefused(f"the backup lacks {source}") from None
    # A key that was destroyed in the backup is an empty file there, and stays it.
    if found != (size, digest) and not (is_key and found[0] == 0):
        raise BackupRefused(f"{source} is not what was backed up: its SHA-256 is another")


def _listed(place: Path, keys_place: Path) -> list[tuple[str, int, str]]:
    """The files of the backup, as the installation signed them: the keys are in the other part."""
    try:
        document = (place / _LIST).read_bytes()
        seed = bytes.fromhex((keys_place / _SECRETS / "archive_signing_key").read_text("ascii").strip())
        body = opened(BACKUP, document, public_keys(Signer.of(seed).public))
    except (OSError, ValueError, ArchiveBroken) as error:
        raise BackupRefused(f"{place} and {keys_place} are no backup of one installation: {error}") from error
    files = [(str(inside), int(size), str(digest)) for inside, size, digest in body["files"]]
    for inside, _, _ in files:
        if Path(inside).is_absolute() or ".." in Path(inside).parts:
            raise BackupRefused(f"the backup names {inside}, which is outside of it")
    return files


def _bury(data: Path, lists: Sequence[Path]) -> int:
    """Destroy again what was destroyed after the backup was made; how many subjects."""
    merged: dict[str, int] = {}
    for path in lists:
        for subject, generation in read_tombstones(path).items():
            merged[subject] = max(generation, merged.get(subject, 0))
    merge_tombstones(data / DIRECTORY / NAME, merged)
    with suppress(FileNotFoundError):
        site_key = bytes.fromhex((data / _SECRETS / "site_key").read_text("ascii").strip())
        if (data / KEYS_DIRECTORY).is_dir():
            ring = FileKeyRing(data / KEYS_DIRECTORY, site_key)
            for subject, generation in merged.items():
                ring.bury(subject, generation)
            return len(merged)
    return 0


def _require_stopped(data: Path) -> None:
    if running_state(data) is not None:
        raise BackupRefused(f"a stack runs on {data}: stop it first (`radstream down`)")
    if not data.is_dir():
        raise BackupRefused(f"{data} is no data directory: name it with --data")


def _require_apart(data: Path, place: Path, keys_place: Path) -> None:
    roots = [one.absolute() for one in (data, place, keys_place)]
    for one in roots:
        for other in roots:
            if one is not other and one.is_relative_to(other):
                raise BackupRefused(
                    f"{one} is in {other}: data, backup and keys each need a place of their own"
                )
    for one in roots[1:]:
        if one.exists() and any(one.iterdir()):
            raise BackupRefused(f"{one} is not empty: each backup needs a directory of its own")
        _make_private(one)
