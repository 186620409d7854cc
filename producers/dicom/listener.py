"""The DICOM listener: `serve` runs it until it is cancelled or the process gets SIGTERM."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from producers.dicom.archive.archive import ImageArchive
from producers.dicom.associations.server import StorageServer, configure_libraries
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
from schemas.registry import connect_codec

log = structlog.get_logger("dicom")
_STEPS = "performed-steps"
_CATALOGUE = "catalogue.sqlite"


@contextmanager
def listening(config: DicomConfig, codec: Codec) -> Iterator[StorageServer]:
    """A listener that accepts associations inside the block, and is stopped in order after it."""
    configure_libraries()
    archive = ImageArchive(config.archive)
    ring = open_key_ring(config.key_ring)
    mapping = MappingConfig(config.site, config.site_secret, config.zone)
    events = EventMaker(mapping, ring)
    publisher = EventPublisher(
        PublisherConfig(config.bootstrap, "radstream-dicom", config.delivery_timeout_s), codec
    )
    spool = Spool(
        SpoolConfig(
            directory=config.state_directory / SPOOL_DIRECTORY,
            maximum_bytes=config.spool_bytes,
            reserve_bytes=config.spool_reserve_bytes,
        )
    )
    storer = ImageStorer(config=mapping, ring=ring, spool=spool, publisher=publisher, now=config.now)
    exams = OpenExams(config.worklist_maximum_exams)
    reader = WorklistReader(config.bootstrap, codec, exams)
    catalogue = Catalogue(config.state_directory / _CATALOGUE)
    catalogue_reader = CatalogueReader(config.bootstrap, codec, catalogue)
    queries = QueryLog(config.site, publisher.publish, config.now)
    services: list[DicomService] = [
        WorklistService(WorklistConfig(zone=config.zone), exams, ring, queries),
        PerformedStepService(
            config=mapping,
            ring=ring,
            journal=StepJournal(config.state_directory / _STEPS),
            events=StepEvents(events, ring),
            publisher=publisher,
            now=config.now,
            ended=lambda step: spool.note(STEP_ENDED, step_note(step)),
        ),
        QueryService(
            QueryConfig(ae_title=config.ae_title, site=config.site, site_secret=config.site_secret),
            catalogue,
            ring,
            queries,
        ),
        RetrieveService(
            RetrieveConfig(site=config.site, peers=config.peers, now=config.now, converts=config.converts),
            catalogue,
            archive,
            ring,
            publisher,
        ),
        AvailabilityService(lambda found: spool.note(INSTANCES_AVAILABLE, availability_note(found))),
    ]
    try:
        spool.note(LISTENER_STARTED, {})  # what an earlier run did not end has ended
        with committing(config, catalogue, events, publisher) as commitment:
            server = StorageServer(
                config, storer.store, lambda sender: _note_end(spool, sender), [*services, commitment]
            )
            server.start()
            reader.start()
            catalogue_reader.start()
            try:
                yield server
            finally:
                server.stop(config.stop_timeout_s)
    finally:
        reader.close()
        catalogue_reader.close()
        publisher.close(0.3)
        archive.close()
        spool.close()


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
