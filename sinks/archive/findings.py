"""What a verification found. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from sinks.archive.errors import ArchiveBroken


class FaultKind(Enum):
    """What is wrong with an object."""

    MISSING = "missing"
    ALTERED = "altered"
    SIGNATURE = "signature"
    ORDER = "order"
    TRUNCATED = "truncated"
    EVENTS = "events"
    KAFKA = "kafka"
    CLICKHOUSE = "clickhouse"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `name`: the object. `offset`: from which message on nothing is proven, where that can be
    said.
    """

    kind: FaultKind
    name: str
    what: str
    offset: int | None = None


@dataclass(slots=True)
class Findings:
    """What was checked, and what was found.

    absent: offsets within files that have no message, by topic: compaction took it, or Kafka gave none.
    lost: offsets that Kafka had deleted before they were archived, `topic/partition: first-last`; recorded by
    the archive itself, so no fault of it. unsealed: manifests that no seal covers yet. strangers: objects
    that no manifest names. compared: messages that Kafka still has, and that were compared with it.
    let_go: SHA-256 by name of the files that rules let go. expired: those of them that are gone: no fault.
    """

    seals: int = 0
    manifests: int = 0
    files: int = 0
    events: int = 0
    bytes: int = 0
    expired: int = 0
    unsealed: int = 0
    compared: int = 0
    last_seal: str = ""
    let_go: Mapping[str, str] = field(default_factory=dict)
    absent: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, kind: FaultKind, name: str, what: str, offset: int | None = None) -> None:
        """One more fault."""
        self.faults.append(Fault(kind, name, what, offset))

    def broken(self, name: str, error: ArchiveBroken, offset: int | None = None) -> None:
        """A document or a file that could not be opened."""
        signed = any(word in str(error) for word in ("sign", "trust"))
        self.fault(FaultKind.SIGNATURE if signed else FaultKind.ALTERED, name, str(error), offset)
