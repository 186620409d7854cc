"""A listener that scanners tell of their steps, and what they tell (DICOM PS3.4, annex F)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pynetdicom import AE
from pynetdicom.association import Association

from producers.dicom.associations.checkpoint import PAUSES_FOR_SENDERS
from producers.dicom.associations.libraries import configure_libraries
from producers.dicom.associations.server import StorageServer
from producers.dicom.mapping import EventMaker, MappingConfig
from producers.dicom.mpps.events import StepEvents
from producers.dicom.mpps.journal import StepJournal
from producers.dicom.mpps.service import PERFORMED_STEP, PerformedStepService
from producers.dicom.mpps.step import PerformedStep
from producers.publishing import EventPublisher, PublisherConfig
from schemas.codec import Record
from schemas.events import Event
from schemas.keyring import FileKeyRing
from schemas.topics import EVENTS
from tests.producing import RECORDED_AT, SITE, SITE_SECRET, offline_codec, read_all
from tests.unit.test_dicom_server import config as server_config

STUDY = "1.2.840.113619.2.1"
STARTED_AT = datetime(2026, 7, 6, 7, 30, tzinfo=UTC)
ENDED_AT = datetime(2026, 7, 6, 7, 42, 30, tzinfo=UTC)
MAPPING = MappingConfig(SITE, SITE_SECRET, ZoneInfo("Europe/Berlin"))


@dataclass(frozen=True)
class Site:
    """A listener's state that outlives it."""

    directory: Path
    ring: FileKeyRing
    kafka: str

    @property
    def steps(self) -> Path:
        """Where the steps are."""
        return self.directory / "steps"

    def events(self, *exam_ids: str) -> list[Event]:
        """What the log has of the exams."""
        records: list[Record] = read_all(self.kafka, offline_codec(), EVENTS)
        return [
            record for record in records if isinstance(record, Event) and record.envelope.exam_id in exam_ids
        ]


@contextmanager
def associated(
    site: Site, bootstrap: str | None = None, ended_step: Callable[[PerformedStep], None] | None = None
) -> Iterator[Association]:
    """An association of the modality CT1 with a listener that begins and ends here."""
    configure_libraries()
    publisher = EventPublisher(
        PublisherConfig(bootstrap or site.kafka, "test-mpps", 5.0 if not bootstrap else 0.5), offline_codec()
    )
    service = PerformedStepService(
        config=MAPPING,
        ring=site.ring,
        journal=StepJournal(site.steps),
        events=StepEvents(EventMaker(MAPPING, site.ring), site.ring),
        publisher=publisher,
        now=lambda: RECORDED_AT,
        ended=ended_step or (lambda _step: None),
    )
    server = StorageServer(server_config(site.directory), lambda _s, _r: 0, lambda _s: None, [service])
    server.start()
    entity = AE(ae_title="CT1")
    entity.add_requested_context(PERFORMED_STEP)
    association = entity.associate("127.0.0.1", server.port, evt_handlers=[PAUSES_FOR_SENDERS])
    try:
        assert association.is_established
        yield association
    finally:
        association.release()
        server.stop(1.0)
        publisher.close(0.3)


def begun(*accessions: str) -> Dataset:
    """The attributes of an N-CREATE for the accession numbers; an empty one has none."""
    step = Dataset()
    step.SpecificCharacterSet = "ISO_IR 100"
    step.ScheduledStepAttributesSequence = Sequence([scheduled(accession) for accession in accessions])
    step.PatientName, step.PatientID = "Müller^Anna", "M4711"
    step.PatientBirthDate, step.PatientSex = "19700131", "F"
    step.PerformedProcedureStepID = "PPS1"
    step.PerformedStationAETitle, step.Modality = "CT1", "CT"
    step.PerformedProcedureStepStartDate, step.PerformedProcedureStepStartTime = "20260706", "093000"
    step.PerformedProcedureStepStatus = "IN PROGRESS"
    step.PerformedSeriesSequence = Sequence()
    return step


def scheduled(accession: str) -> Dataset:
    """A scheduled step."""
    item = Dataset()
    item.StudyInstanceUID, item.AccessionNumber = STUDY, accession
    return item


def ended(status: str = "COMPLETED") -> Dataset:
    """The changes of an N-SET."""
    changes = Dataset()
    changes.PerformedProcedureStepStatus = status
    changes.PerformedProcedureStepEndDate, changes.PerformedProcedureStepEndTime = "20260706", "094230"
    series = Dataset()
    series.SeriesInstanceUID = f"{STUDY}.1"
    series.ReferencedImageSequence = Sequence([Dataset(), Dataset()])
    changes.PerformedSeriesSequence = Sequence([series])
    return changes


def create(association: Association, uid: str, attributes: Dataset) -> Dataset:
    """The answer's status."""
    return association.send_n_create(attributes, PERFORMED_STEP, uid)[0]


def change(association: Association, uid: str, changes: Dataset) -> Dataset:
    """The answer's status."""
    return association.send_n_set(changes, PERFORMED_STEP, uid)[0]


def new_exam() -> str:
    """An accession number that no other test has."""
    return f"A{os.urandom(5).hex()}"
