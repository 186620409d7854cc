"""Storage commitment from request to report: tried until it is decided and the peer knows, across restarts.

on disk -> each image in catalogue and object store, or the wait is over -> decided, on disk
        -> StorageCommitted in Kafka -> the report to the peer -> closed, on disk
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from producers.dicom.commitment.check import CommitmentCheck, Finding, outcome_of
from producers.dicom.commitment.config import CommitmentConfig
from producers.dicom.commitment.delivery import ReportDelivery
from producers.dicom.commitment.due_keys import DueKeys
from producers.dicom.commitment.events import events_of
from producers.dicom.commitment.journal import CommitmentJournal, Transaction
from producers.dicom.commitment.request import CommitmentRequest, Reference
from producers.dicom.mapping import EventMaker
from producers.dicom.normalized.refusals import DuplicateInvocation
from producers.faults import place_of
from producers.publishing import EventPublisher, PublishFailed
from schemas.errors import PhiError

log = structlog.get_logger("dicom")
_WORKERS = 4
_FIRST_LOOK_S = 0.05
_LONGEST_LOOK_S = 15.0


class Commitments:
    """All requests that are not closed, worked on by a few threads."""

    def __init__(
        self,
        config: CommitmentConfig,
        *,
        journal: CommitmentJournal,
        check: CommitmentCheck,
        events: EventMaker,
        publisher: EventPublisher,
        delivery: ReportDelivery,
        now: Callable[[], datetime],
    ) -> None:
        self._config = config
        self._journal = journal
        self._check = check
        self._events = events
        self._publisher = publisher
        self._delivery = delivery
        self._now = now
        self._due = DueKeys()
        self._lock = threading.Lock()
        self._associations: dict[str, Any] = {}
        self._found: dict[str, dict[Reference, Finding]] = {}
        self._attempts: dict[str, int] = {}
        self._started_s = time.time()
        self._workers = [
            threading.Thread(target=self._work, name=f"commitment-{number}", daemon=True)
            for number in range(_WORKERS)
        ]

    def start(self) -> None:
        """Begin, with what an earlier run left."""
        for key in self._journal.open_keys():
            self._due.add(key)
        for worker in self._workers:
            worker.start()

    def take(self, request: CommitmentRequest, ae_title: str, association: Any) -> None:
        """A request, durable on return; one that comes again gets its report again.

        Raises DuplicateInvocation where the transaction is of other images, OSError.
        """
        transaction = Transaction(request=request, ae_title=ae_title, requested_s=time.time())
        with self._lock:
            known = self._journal.read(transaction.key)
            if known is None:
                self._journal.write(transaction)
            elif set(known.request.references) != set(request.references):
                raise DuplicateInvocation("the transaction is known, with other images")
            elif known.is_closed:
                self._journal.write(replace(known, is_closed=False, decided_s=time.time()))
            self._associations[transaction.key] = association
        self._due.add(transaction.key, _FIRST_LOOK_S)

    def stop(self, timeout_s: float) -> None:
        """What is open is left to the journal and the next run."""
        deadline_s = time.monotonic() + timeout_s
        self._due.close()
        for worker in self._workers:
            if worker.is_alive():
                worker.join(max(deadline_s - time.monotonic(), 0.01))

    def _work(self) -> None:
        while (key := self._due.take()) is not None:
            try:
                pause_s = self._advance(key)
            except (PublishFailed, PhiError, OSError) as error:
                log.warning("commitment delayed", transaction=key, error=str(error))
                pause_s = self._next_pause_s(key)
            except Exception as error:  # noqa: BLE001 - a fault of ours must not end the thread, and is logged
                log.error("commitment failed", transaction=key, fault=place_of(error))
                pause_s = self._config.longest_pause_s
            if pause_s is not None:
                self._due.add(key, pause_s)
            self._due.done(key)

    def _advance(self, key: str) -> float | None:
        """One step; in how many seconds the next is due, None where there is none."""
        with self._lock:
            transaction = self._journal.read(key)
        if transaction is None or transaction.is_closed:
            self._forget(key)
            return None
        if transaction.outcome is None:
            return self._decide(transaction)
        if not transaction.is_published:
            return self._publish(transaction)
        return self._report(transaction)

    def _decide(self, transaction: Transaction) -> float:
        found = self._found.setdefault(transaction.key, {})
        for reference in transaction.request.references:
            if reference not in found or not found[reference].is_final:
                found[reference] = self._check.find(reference)
        waited_s = self._since_s(transaction.requested_s)
        left_s = self._config.wait_s - waited_s
        if left_s > 0 and not all(finding.is_final for finding in found.values()):
            return min(max(waited_s / 4, self._config.look_every_s), _LONGEST_LOOK_S, left_s)
        ordered = {reference: found[reference] for reference in transaction.request.references}
        outcome = outcome_of(ordered, self._now())
        self._write(replace(transaction, outcome=outcome, decided_s=time.time()))
        log.info(
            "commitment decided",
            transaction=transaction.key,
            peer=transaction.ae_title,
            committed=len(outcome.committed),
            failed=len(outcome.failed),
        )
        return 0.0

    def _publish(self, transaction: Transaction) -> float:
        self._publisher.publish(events_of(transaction, self._events, self._now()))
        self._attempts.pop(transaction.key, None)
        self._write(replace(transaction, is_published=True))
        return 0.0

    def _report(self, transaction: Transaction) -> float | None:
        association = self._open_association(transaction.key)
        is_delivered = self._delivery.deliver(transaction, association)
        began_s = transaction.requested_s if transaction.decided_s is None else transaction.decided_s
        if not is_delivered and self._since_s(began_s) < self._config.give_up_s:
            return self._next_pause_s(transaction.key)
        self._write(replace(transaction, is_closed=True))
        self._forget(transaction.key)
        say = log.info if is_delivered else log.error
        said = "commitment reported" if is_delivered else "commitment never reported"
        say(said, transaction=transaction.key, peer=transaction.ae_title)
        return None

    def _open_association(self, key: str) -> Any | None:
        """The one that the request came on; forgotten once it has ended."""
        with self._lock:
            association = self._associations.get(key)
            if association is not None and not association.is_established:
                del self._associations[key]
                return None
            return association

    def _since_s(self, moment_s: float) -> float:
        return time.time() - max(moment_s, self._started_s)

    def _write(self, transaction: Transaction) -> None:
        with self._lock:
            self._journal.write(transaction)

    def _next_pause_s(self, key: str) -> float:
        attempts = self._attempts[key] = self._attempts.get(key, -1) + 1
        return float(min(self._config.first_pause_s * 2 ** min(attempts, 30), self._config.longest_pause_s))

    def _forget(self, key: str) -> None:
        with self._lock:
            self._associations.pop(key, None)
        self._found.pop(key, None)
        self._attempts.pop(key, None)
