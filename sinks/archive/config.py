"""What the archive must be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Lock = Literal["off", "governance", "compliance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveStoreConfig:
    """The bucket of the archive.

    endpoint: `http(s)://host:port`. lock: the mode of S3's object lock; `compliance` cannot be lifted by
    anybody before `lock_days` are over. `off` for stores that have none.
    """

    endpoint: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    bucket: str
    lock: Lock
    lock_days: int
    timeout_s: float = 60.0
    connections: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLimits:
    """A file is full at `events` or `bytes` of records, or `age_s` after its first message came."""

    events: int = 10_000
    bytes: int = 8 * 1024 * 1024
    age_s: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveConfig:
    """The archive of one installation.

    compacted: those of the topics in which Kafka takes away messages as it likes.
    group_id: where Kafka is told how far the archive is; the archive itself goes on from its manifests.
    seal_s: how long a manifest may wait for a seal.
    witness_file: the last seal's number and digest, kept outside of the archive.
    """

    kafka_bootstrap: str
    store: ArchiveStoreConfig
    topics: tuple[str, ...]
    compacted: frozenset[str] = frozenset()
    group_id: str
    signing_seed: bytes = field(repr=False)
    trusted_keys: tuple[bytes, ...] = ()
    limits: FileLimits = field(default_factory=FileLimits)
    seal_s: float = 60.0
    metrics_file: Path
    witness_file: Path
