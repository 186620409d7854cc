"""The DICOM listener: `serve` runs it until it is cancelled or the process gets SIGTERM."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import structlog

from producers.dicom.archive.archive import ImageArchive
from producers.dicom.associations.libraries import configure_libraries
from producers.dicom.associations.server import StorageServer
from producers.dicom.associations.services import DicomService
from producers.dicom.availability.service import AvailabilityService
from producers.dicom.catalogue.catalogue import Catalogue
from producers.dicom.catalogue.reader import CatalogueReader
from producers.dicom.commitment.committing import committing
from producers.dicom.completeness.notes import association_note, availability_note, step_note
from producers.dicom.config import DicomConfig
from producers.dicom.mapping import EventMaker, MappingConfig
from producers.dicom.mpps.events import StepEvents
from producers.dicom.mpps.journal import StepJournal
from producers.dicom.mpps.service import PerformedStepService
from producers.dicom.query.recording import QueryLog
from producers.dicom.query.service import QueryConfig, QueryService
from producers.dicom.retrieve.service import RetrieveConfig, RetrieveService
from producers.dicom.spool.spool import (
    ASSOCIATION_ENDED,
    INSTANCES_AVAILABLE,
    LISTENER_STARTED,
    SPOOL_DIRECTORY,
    STEP_ENDED,
    Spool,
    SpoolConfig,
)
from producers.dicom.storage.storing import ImageStorer, SendingAssociation
from producers.dicom.worklist.rows import OpenExams, WorklistReader
from producers.dicom.worklist.service import WorklistConfig, WorklistService
from producers.publishing import EventPublisher, PublisherConfig
from producers.stopping import stop_requested
from schemas.codec import Codec
from schemas.keyring_config import open_key_ring
from schemas.phi import KeyRing
from schemas.registry import connect_codec

log = structlog.get_logger("dicom")
_STEPS = "performed-steps"
_CATALOGUE = "catalogue.sqlite"


@contextmanager
def listening(config: DicomConfig, codec: Codec) -> Iterator[StorageServer]:
    """A listener that accepts associations inside the block, and is stopped in order after it."""
    configure_libraries()
    with ExitStack() as stack:
        means = _means(config, codec, stack)
        spool, publisher = means.spool, means.publisher
        exams = OpenExams(config.worklist_maximum_exams)
        worklist = WorklistReader(config.bootstrap, codec, exams)
        stack.callback(worklist.close)
        storer = ImageStorer(
            config=means.mapping, ring=means.ring, spool=spool, publisher=publisher, now=config.now
        )
        spool.note(LISTENER_STARTED, {})  # what an earlier run did not end has ended
        commitment = stack.enter_context(committing(config, means.catalogue, means.events, publisher))
        server = StorageServer(
            config,
            storer.store,
            lambda sender: _note_end(spool, sender),
            [*_services(config, means, exams), commitment],
        )
        server.start()
        stack.callback(server.stop, config.stop_timeout_s)
        worklist.start()
        means.catalogue_reader.start()
        yield server


@dataclass(frozen=True, slots=True)
class _Means:
    """What the services share: stores, keys, and ways to say events."""

    mapping: MappingConfig
    archive: ImageArchive
    ring: KeyRing
    events: EventMaker
    publisher: EventPublisher
    spool: Spool
    catalogue: Catalogue
    catalogue_reader: CatalogueReader


def _means(config: DicomConfig, codec: Codec, stack: ExitStack) -> _Means:
    """Opened, to be closed by `stack`: first what reads, last the spool."""
    mapping = MappingConfig(config.site, config.site_secret, config.zone)
    ring = open_key_ring(config.key_ring)
    spool = Spool(
        SpoolConfig(
            directory=config.state_directory / SPOOL_DIRECTORY,
            maximum_bytes=config.spool_bytes,
            reserve_bytes=config.spool_reserve_bytes,
        )
    )
    stack.callback(spool.close)
    archive = ImageArchive(config.archive)
    stack.callback(archive.close)
    publisher = EventPublisher(
        PublisherConfig(config.bootstrap, "radstream-dicom", config.delivery_timeout_s), codec
    )
    stack.callback(publisher.close, 0.3)
    catalogue = Catalogue(config.state_directory / _CATALOGUE)
    catalogue_reader = CatalogueReader(config.bootstrap, codec, catalogue)
    stack.callback(catalogue_reader.close)
    events = EventMaker(mapping, ring)
    return _Means(mapping, archive, ring, events, publisher, spool, catalogue, catalogue_reader)


def _services(config: DicomConfig, means: _Means, exams: OpenExams) -> list[DicomService]:
    """All but storage and storage commitment."""
    ring, spool, publisher = means.ring, means.spool, means.publisher
    queries = QueryLog(config.site, publisher.publish, config.now)
    asked = QueryConfig(ae_title=config.ae_title, site=config.site, site_secret=config.site_secret)
    retrieved = RetrieveConfig(site=config.site, peers=config.peers, now=config.now, converts=config.converts)
    return [
        WorklistService(WorklistConfig(zone=config.zone), exams, ring, queries),
        PerformedStepService(
            config=means.mapping,
            ring=ring,
            journal=StepJournal(config.state_directory / _STEPS),
            events=StepEvents(means.events, ring),
            publisher=publisher,
            now=config.now,
            ended=lambda step: spool.note(STEP_ENDED, step_note(step)),
        ),
        QueryService(asked, means.catalogue, ring, queries),
        RetrieveService(retrieved, means.catalogue, means.archive, ring, publisher),
        AvailabilityService(lambda found: spool.note(INSTANCES_AVAILABLE, availability_note(found))),
    ]


def _note_end(spool: Spool, sender: SendingAssociation) -> None:
    try:
        spool.note(ASSOCIATION_ENDED, association_note(sender.association_id))
    except OSError as error:  # its studies end with the listener's next start
        log.error("end of an association not noted", error=type(error).__name__)


async def serve(config: DicomConfig, ready: Callable[[], None] | None = None) -> None:
    """Run until cancelled or SIGTERM; `ready` is called when associations are accepted.

    Raises OSError where the address is taken or the spool cannot be written, RegistryUnavailable or
    KeyRingUnusable.
    """
    codec = await asyncio.to_thread(connect_codec, config.registry_url)
    with stop_requested() as stop:
        context = listening(config, codec)
        server = await asyncio.to_thread(context.__enter__)
        try:
            log.info("listening", protocol="DICOM", host=config.host, port=server.port)
            if ready is not None:
                ready()
            await stop.wait()
        finally:
            await asyncio.to_thread(context.__exit__, None, None, None)
    log.info("stopped", protocol="DICOM")
