"""StorageCommitted, for each study of a transaction: pure; the same outcome gives the same ids."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from producers.dicom.commitment.journal import CommittedStudy, Transaction
from producers.dicom.mapping import EventMaker, Subject
from schemas.events import StorageCommitted
from schemas.parts import Phi


def events_of(transaction: Transaction, events: EventMaker, recorded_at: datetime) -> list[StorageCommitted]:
    """None before it is decided. Who the patient is stands in the images' own events."""
    outcome = transaction.outcome
    studies = () if outcome is None else outcome.studies
    return [_committed(transaction, study, events, recorded_at) for study in studies]


def _committed(
    transaction: Transaction, study: CommittedStudy, events: EventMaker, recorded_at: datetime
) -> StorageCommitted:
    outcome = transaction.outcome
    identity = (
        transaction.request.transaction_uid,
        transaction.ae_title,
        study.study_instance_uid,
        study.exam_id,
        str(study.committed_count),
        str(study.failed_count),
    )
    envelope = events.envelope(
        StorageCommitted,
        identity,
        Subject(study.exam_id, None, Phi()),
        transaction.ae_title,
        occurred_at=recorded_at if outcome is None else outcome.decided_at,
        recorded_at=recorded_at,
    )
    return StorageCommitted(
        # Of the pseudonym alone: an empty name would be the last that was said of the patient.
        envelope=replace(envelope, patient_key=study.patient_key),
        accession_number=study.accession_number,
        study_instance_uid=study.study_instance_uid,
        transaction_uid=transaction.request.transaction_uid,
        committed_count=study.committed_count,
        failed_count=study.failed_count,
        requested_by_ae_title=transaction.ae_title,
    )
