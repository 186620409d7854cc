"""Storage commitment as a part of the listener: what it needs, opened and closed in order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from producers.dicom.archive.archive import ImageArchive
from producers.dicom.catalogue.catalogue import Catalogue
from producers.dicom.commitment.check import CommitmentCheck
from producers.dicom.commitment.commitments import Commitments
from producers.dicom.commitment.config import CommitmentConfig
from producers.dicom.commitment.delivery import ReportDelivery
from producers.dicom.commitment.journal import CommitmentJournal
from producers.dicom.commitment.service import CommitmentService
from producers.dicom.config import DicomConfig
from producers.dicom.mapping import EventMaker
from producers.publishing import EventPublisher

_DIRECTORY = "commitments"
_KEEP_S = 7 * 24 * 3600.0
_ANSWER_S = 10.0
_STOP_S = 1.0


@contextmanager
def committing(
    config: DicomConfig, catalogue: Catalogue, events: EventMaker, publisher: EventPublisher
) -> Iterator[CommitmentService]:
    """The service, with what an earlier run left under way. Raises OSError."""
    archive = ImageArchive(config.archive)
    commitments = Commitments(
        CommitmentConfig(wait_s=config.commitment_wait_s, give_up_s=config.commitment_give_up_s),
        journal=CommitmentJournal(
            config.state_directory / _DIRECTORY, max(_KEEP_S, 2 * config.commitment_give_up_s)
        ),
        check=CommitmentCheck(catalogue, archive.holds),
        events=events,
        publisher=publisher,
        delivery=ReportDelivery(config.ae_title, config.peers, _ANSWER_S),
        now=config.now,
    )
    commitments.start()
    try:
        yield CommitmentService(commitments)
    finally:
        commitments.stop(_STOP_S)
        archive.close()
