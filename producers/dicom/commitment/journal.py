"""The commitment requests on disk: durable before the peer gets its success, until it has its report.

A file for each transaction, replaced as a whole. No PHI: UIDs, pseudonyms, accession numbers.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from producers.dicom.commitment.request import CommitmentRequest, Failed, Reference
from producers.dicom.entry_files import read_entry, set_aside, write_entry

log = structlog.get_logger("dicom")
_PRUNE_EVERY_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CommittedStudy:
    """What of a transaction is of one study of one exam."""

    study_instance_uid: str
    exam_id: str
    accession_number: str | None
    patient_key: str | None
    committed_count: int
    failed_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was decided, for ever. decided_at: by the department's clock, UTC."""

    committed: tuple[Reference, ...]
    failed: tuple[Failed, ...]
    studies: tuple[CommittedStudy, ...]
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One request of one peer. requested_s, decided_s: seconds since the epoch, by the wall's clock.

    is_published: Kafka has the events. is_closed: the peer has its report, or was tried for long enough.
    """

    request: CommitmentRequest
    ae_title: str
    requested_s: float
    outcome: Outcome | None = None
    decided_s: float | None = None
    is_published: bool = False
    is_closed: bool = False

    @property
    def key(self) -> str:
        """Names it, and its file: two peers may use one UID, and a title may have any sign."""
        return f"{self.request.transaction_uid}-{hashlib.sha256(self.ae_title.encode()).hexdigest()[:16]}"


class CommitmentJournal:
    """A directory with one file for each transaction. Calls on one transaction must not overlap."""

    def __init__(self, directory: Path, keep_s: float) -> None:
        """keep_s: how long a transaction is known after it was written last. Raises OSError."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._keep_s = keep_s
        self._pruned_s = time.monotonic()
        self._prune()

    def write(self, transaction: Transaction) -> None:
        """Durable on return. Raises OSError."""
        record = asdict(transaction)
        if transaction.outcome is not None:
            record["outcome"]["decided_at"] = transaction.outcome.decided_at.isoformat()
        write_entry(self._path(transaction.key), record)
        if time.monotonic() - self._pruned_s > _PRUNE_EVERY_S:
            self._prune()

    def read(self, key: str) -> Transaction | None:
        """The transaction, or None where there is none; a damaged one is set aside. Raises OSError."""
        path = self._path(key)
        try:
            return _transaction(read_entry(path))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            set_aside(path)
            log.error("commitment request damaged, set aside", file=path.name)
            return None

    def open_keys(self) -> Iterator[str]:
        """Of what an earlier run left to do."""
        for path in sorted(self._directory.glob("*.json")):
            found = self.read(path.stem)
            if found is not None and not found.is_closed:
                yield found.key

    def _path(self, key: str) -> Path:
        """Keys have digits, dots and a hash: `with_suffix` would take a part of the UID for one."""
        return self._directory / f"{key}.json"

    def _prune(self) -> None:
        self._pruned_s = time.monotonic()
        for path in self._directory.iterdir():
            try:
                if time.time() - path.stat().st_mtime > self._keep_s:
                    path.unlink()
            except FileNotFoundError:
                continue  # another thread's write has moved it


def _transaction(record: dict[str, Any]) -> Transaction:
    request, outcome = record["request"], record["outcome"]
    references = tuple(Reference(**reference) for reference in request["references"])
    return Transaction(
        **{
            **record,
            "request": CommitmentRequest(request["transaction_uid"], references),
            "outcome": None if outcome is None else _outcome(outcome),
        }
    )


def _outcome(record: dict[str, Any]) -> Outcome:
    return Outcome(
        committed=tuple(Reference(**reference) for reference in record["committed"]),
        failed=tuple(
            Failed(Reference(**failure["reference"]), int(failure["reason"])) for failure in record["failed"]
        ),
        studies=tuple(CommittedStudy(**study) for study in record["studies"]),
        decided_at=datetime.fromisoformat(record["decided_at"]),
    )
