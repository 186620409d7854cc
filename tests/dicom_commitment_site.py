"""A listener that is asked for storage commitment, and the modality that asks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE, evt
from pynetdicom.association import Association

from producers.dicom.archive.archive import ArchiveUnavailable
from producers.dicom.associations.checkpoint import PAUSES_FOR_SENDERS
from producers.dicom.associations.libraries import configure_libraries
from producers.dicom.associations.peers import Peer, Peers
from producers.dicom.associations.server import StorageServer
from producers.dicom.catalogue.catalogue import CatalogueInstance
from producers.dicom.commitment.check import CommitmentCheck
from producers.dicom.commitment.commitments import Commitments
from producers.dicom.commitment.config import CommitmentConfig
from producers.dicom.commitment.delivery import (
    STORAGE_COMMITMENT,
    STORAGE_COMMITMENT_INSTANCE,
    ReportDelivery,
)
from producers.dicom.commitment.journal import CommitmentJournal
from producers.dicom.commitment.service import CommitmentService
from producers.dicom.mapping import EventMaker, MappingConfig
from producers.publishing import EventPublisher, PublisherConfig
from schemas.events import StorageCommitted
from schemas.keyring import FileKeyRing
from schemas.topics import EVENTS
from tests.producing import RECORDED_AT, SITE, SITE_KEY, SITE_SECRET, offline_codec, read_all
from tests.unit.test_dicom_server import config as server_config

CT, MR, VERIFICATION = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.1.1"
MODALITY = "CT1"
SHA256 = "ab" * 32


@dataclass
class Store:
    """What catalogue and object store have; both may be away."""

    known: dict[str, CatalogueInstance] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    is_away: bool = False

    def instance(self, sop_instance_uid: str) -> CatalogueInstance | None:
        return self.known.get(sop_instance_uid)

    def is_read(self) -> bool:
        return True

    def holds(self, object_key: str, sha256: str) -> bool:
        if self.is_away:
            raise ArchiveUnavailable("object store: away")
        return object_key in self.held and sha256 == SHA256

    def add(self, study: str, *, is_held: bool = True, uid: str | None = None) -> str:
        """An image of the study, a new one where none is named."""
        uid = uid or str(generate_uid())
        self.known[uid] = CatalogueInstance(
            sop_instance_uid=uid,
            sop_class_uid=CT,
            study_instance_uid=study,
            series_instance_uid=f"{study}.1",
            transfer_syntax_uid=str(ExplicitVRLittleEndian),
            object_key=uid,
            size_bytes=100,
            sha256=SHA256,
            patient_key="key-of-patient",
            exam_id=f"{SITE}|{study}",
            accession_number=study,
        )
        if is_held:
            self.held.add(uid)
        return uid


@dataclass
class Modality:
    """Takes reports, on whichever association they come."""

    reports: list[tuple[int, Dataset]] = field(default_factory=list)
    came: threading.Condition = field(default_factory=threading.Condition)
    statuses: list[int] = field(default_factory=list)
    answering: list[threading.Thread] = field(default_factory=list)

    def on_report(self, event: Any) -> tuple[int, None]:
        self.answering.append(threading.current_thread())
        with self.came:
            status = self.statuses.pop(0) if self.statuses else 0x0000
            if status == 0x0000:
                self.reports.append((event.event_type, event.event_information))
                self.came.notify_all()
        return status, None

    @property
    def handlers(self) -> list[Any]:
        return [(evt.EVT_N_EVENT_REPORT, self.on_report)]

    def await_reports(self, count: int = 1) -> list[tuple[int, Dataset]]:
        """Once there are so many."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.reports) >= count, 20)
            return list(self.reports)

    def await_answered(self) -> None:
        """A release must not overtake what is answered to a report, by a thread of its own."""
        for thread in [*self.answering]:
            thread.join(60)


@dataclass
class Site:
    """A listener's state that outlives it."""

    directory: Path
    kafka: str
    store: Store = field(default_factory=Store)
    peers: Peers = field(default_factory=Peers)
    wait_s: float = 0.0
    give_up_s: float = 60.0

    @contextmanager
    def listening(self) -> Iterator[StorageServer]:
        """A listener that begins and ends here."""
        configure_libraries()
        ring = FileKeyRing(self.directory / "ring", SITE_KEY)
        publisher = EventPublisher(PublisherConfig(self.kafka, "test-commitment", 5.0), offline_codec())
        commitments = Commitments(
            CommitmentConfig(
                wait_s=self.wait_s,
                give_up_s=self.give_up_s,
                look_every_s=0.05,
                first_pause_s=0.1,
                longest_pause_s=0.2,
            ),
            journal=self.journal(),
            check=CommitmentCheck(self.store, self.store.holds),
            events=EventMaker(MappingConfig(SITE, SITE_SECRET), ring),
            publisher=publisher,
            delivery=ReportDelivery("TESTED", self.peers, 2.0),
            now=lambda: RECORDED_AT,
        )
        server = StorageServer(
            server_config(self.directory),
            lambda _s, _r: 0,
            lambda _s: None,
            services=[CommitmentService(commitments)],
        )
        server.start()
        commitments.start()
        try:
            yield server
        finally:
            server.stop(1.0)
            commitments.stop(5.0)
            publisher.close(0.3)

    def journal(self) -> CommitmentJournal:
        """What is on disk."""
        return CommitmentJournal(self.directory / "commitments", 3600)

    def committed(self, transaction: str) -> list[StorageCommitted]:
        """What the log says of the transaction, each event once."""
        records = read_all(self.kafka, offline_codec(), EVENTS)
        found = [x for x in records if isinstance(x, StorageCommitted) and x.transaction_uid == transaction]
        return list({event.envelope.event_id: event for event in found}.values())


@contextmanager
def associated(server: StorageServer, modality: Modality | None = None) -> Iterator[Association]:
    """An association of the modality."""
    entity = AE(ae_title=MODALITY)
    entity.add_requested_context(STORAGE_COMMITMENT, ExplicitVRLittleEndian)
    entity.add_requested_context(VERIFICATION)
    handlers = [PAUSES_FOR_SENDERS, *([] if modality is None else modality.handlers)]
    association = entity.associate("127.0.0.1", server.port, evt_handlers=handlers)
    try:
        assert association.is_established
        yield association
    finally:
        if modality is not None:
            modality.await_answered()
        association.release()


@contextmanager
def awaiting(modality: Modality, port: int = 0) -> Iterator[int]:
    """The modality's own listener, which takes those who are SCP of storage commitment: its port."""
    entity = AE(ae_title=MODALITY)
    entity.add_supported_context(STORAGE_COMMITMENT, scu_role=False, scp_role=True)
    server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=modality.handlers)
    assert server is not None
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()


def peers_at(port: int) -> Peers:
    """The modality listens there."""
    return Peers({MODALITY: Peer(ae_title=MODALITY, host="127.0.0.1", port=port)})


def asked(transaction: str, *images: tuple[str, str]) -> Dataset:
    """Action information. images: SOP class and instance."""
    information = Dataset()
    information.TransactionUID = transaction
    information.ReferencedSOPSequence = Items([reference(*image) for image in images])
    return information


def reference(sop_class: str, instance: str) -> Dataset:
    """An item of Referenced SOP Sequence."""
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, instance
    return item


def act(
    association: Association, information: Dataset | None, action: int = 1, instance: str = ""
) -> Dataset:
    """The status of an N-ACTION."""
    instance = instance or STORAGE_COMMITMENT_INSTANCE
    return association.send_n_action(information, action, STORAGE_COMMITMENT, instance)[0]


def lists(report: tuple[int, Dataset]) -> tuple[int, list[str], list[tuple[str, int]]]:
    """Event type, what is committed, what failed with which reason."""
    event_type, information = report
    return (
        event_type,
        [item.ReferencedSOPInstanceUID for item in information.get("ReferencedSOPSequence", ())],
        [
            (item.ReferencedSOPInstanceUID, item.FailureReason)
            for item in information.get("FailedSOPSequence", ())
        ],
    )
