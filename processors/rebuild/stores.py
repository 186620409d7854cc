"""A fold worker's local stores, looked at before it starts: whether they still go with the changelog.

A changelog that was deleted, or a Kafka that was put back to an older state, leaves stores that are newer
than it; Faust refuses to start on these. They are thrown away, and what the changelog lacks is
made again from the log.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from rocksdict import Options, Rdict

from processors.config import TABLE_NAME

# Where Faust keeps a table's partitions, and up to where a store has the changelog: pinned by a test.
_TABLES = Path("v1") / "tables"
_OFFSET_KEY = b"__faust\0offset__"
_IDENTITY = "changelog.json"


@dataclass(frozen=True, slots=True)
class Changelog:
    """The topic as Kafka has it: a deleted one that was made again has another id. ends: by partition."""

    topic_id: str
    ends: Mapping[int, int]


class Remake(Enum):
    """Whether a partition's states are made again from the log."""

    NEVER = "the changelog has them"
    UNLESS_WHOLE = "a new changelog: unless another worker has made it whole"
    ALWAYS = "the changelog has lost some"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a partition: its store goes, and maybe its states are made again from the log."""

    partition: int
    reason: str
    remake: Remake


def findings(directory: Path, changelog: Changelog, committed: Mapping[int, int]) -> Iterator[Finding]:
    """What is wrong in a worker's state directory. `committed`: where its group is in each partition."""
    known = known_topic_id(directory)
    for number, end in sorted(changelog.ends.items()):
        if known not in (None, changelog.topic_id):
            yield Finding(number, "its changelog was deleted, or is another Kafka's", Remake.UNLESS_WHOLE)
            continue
        if known is None and end == 0 and committed.get(number, 0) > 0:
            yield Finding(number, "its changelog is empty, though events were folded", Remake.UNLESS_WHOLE)
            continue
        path = store_path(directory, number)
        if not path.is_dir():
            continue
        try:
            offset = persisted_offset(path)
        except Exception as error:  # noqa: BLE001 - RocksDB's errors have no class of their own
            yield Finding(number, f"it cannot be opened ({str(error)[:80]})", Remake.NEVER)
            continue
        if offset is not None and offset >= end:
            reason = f"it is newer than its changelog ({offset}, which ends at {end})"
            yield Finding(number, reason, Remake.ALWAYS)


def persisted_offset(path: Path) -> int | None:
    """The last message of the changelog that the store at `path` has. Raises where RocksDB cannot open it."""
    store = Rdict(str(path), options=Options(raw_mode=True))
    try:
        raw = store.get(_OFFSET_KEY)
        return None if raw is None else int(raw)
    finally:
        store.close()


def store_path(directory: Path, partition: int) -> Path:
    """Where a worker's store of a partition lies."""
    return directory / _TABLES / f"{TABLE_NAME}-{partition}.db"


def wipe(directory: Path, partition: int) -> None:
    """Throw a store away."""
    shutil.rmtree(store_path(directory, partition), ignore_errors=True)


def known_topic_id(directory: Path) -> str | None:
    """The changelog that the stores in `directory` were filled from."""
    try:
        return str(json.loads((directory / _IDENTITY).read_text("ascii"))["topic_id"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember_topic_id(directory: Path, topic_id: str) -> None:
    """Note it: from now on the stores are this one's."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = directory / f".{_IDENTITY}"
    draft.write_text(json.dumps({"topic_id": topic_id}), "ascii")
    draft.replace(directory / _IDENTITY)
