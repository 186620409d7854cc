"""The DICOM listener: `serve` runs it until it is cancelled or the process gets SIGTERM."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import structlog

from producers.dicom.archive import ImageArchive
from producers.dicom.availability import AvailabilityService
from producers.dicom.catalogue import Catalogue
from producers.dicom.catalogue_reader import CatalogueReader
from producers.dicom.committing import committing
from producers.dicom.completeness_notes import availability_note, step_note
from producers.dicom.completion import Completions
from producers.dicom.config import DicomConfig
from producers.dicom.journal import Journal
from producers.dicom.mapping import EventMaker, MappingConfig
from producers.dicom.mpps import PerformedStepService
from producers.dicom.mpps_events import StepEvents
from producers.dicom.mpps_journal import StepJournal
from producers.dicom.query import QueryConfig, QueryService
from producers.dicom.retrieve import RetrieveConfig, RetrieveService
from producers.dicom.server import StorageServer, configure_libraries
from producers.dicom.services import DicomService
from producers.dicom.spool import INSTANCES_AVAILABLE, STEP_ENDED, Spool, SpoolConfig
from producers.dicom.storing import ImageStorer, StudyInProgress
from producers.dicom.worklist import WorklistConfig, WorklistService
from producers.dicom.worklist_rows import OpenExams, WorklistReader
from producers.publishing import EventPublisher, PublisherConfig
from producers.stopping import stop_requested
from schemas.codec import Codec
from schemas.keyring_config import open_key_ring
from schemas.registry import connect_codec

log = structlog.get_logger("dicom")
_JOURNAL = "studies-in-progress"
_STEPS = "performed-steps"
_CATALOGUE = "catalogue.sqlite"
_SPOOL = "spool"


@contextmanager
def listening(config: DicomConfig, codec: Codec) -> Iterator[StorageServer]:
    """A listener that accepts associations inside the block, and is stopped in order after it."""
    configure_libraries()
    archive = ImageArchive(config.archive)
    archive.ensure_bucket()
    journal = Journal(config.state_directory / _JOURNAL)
    spool = Spool(SpoolConfig(directory=config.state_directory / _SPOOL))
    ring = open_key_ring(config.key_ring)
    mapping = MappingConfig(config.site, config.site_secret, config.zone)
    events = EventMaker(mapping, ring)
    publisher = EventPublisher(
        PublisherConfig(config.bootstrap, "radstream-dicom", config.delivery_timeout_s), codec
    )
    completions = Completions(journal, archive, events, publisher, config.now)
    storer = ImageStorer(
        config=mapping,
        ring=ring,
        archive=archive,
        journal=journal,
        events=events,
        publisher=publisher,
        now=config.now,
    )

    def complete(study: StudyInProgress) -> None:
        if study.last_stored_at is None:  # none of its images was acknowledged: nothing to say
            with suppress(OSError):
                journal.remove(study.entry)
        else:
            completions.submit(study.entry, study.last_stored_at)

    exams = OpenExams(config.worklist_maximum_exams)
    reader = WorklistReader(config.bootstrap, codec, exams)
    catalogue = Catalogue(config.state_directory / _CATALOGUE)
    catalogue_reader = CatalogueReader(config.bootstrap, codec, catalogue)
    services: list[DicomService] = [
        WorklistService(WorklistConfig(zone=config.zone), exams, ring),
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
        with committing(config, catalogue, events, publisher) as commitment:
            server = StorageServer(config, storer.store, complete, [*services, commitment])
            server.start()
            reader.start()
            catalogue_reader.start()
            completions.start()
            try:
                yield server
            finally:
                deadline_s = time.monotonic() + config.stop_timeout_s
                server.stop(config.stop_timeout_s)
                left = completions.stop(max(deadline_s - time.monotonic(), 0.1))
                if left:
                    log.warning("studies left to the next run", studies=left)
    finally:
        reader.close()
        catalogue_reader.close()
        publisher.close(0.3)
        archive.close()
        spool.close()


async def serve(config: DicomConfig, ready: Callable[[], None] | None = None) -> None:
    """Run until cancelled or SIGTERM; `ready` is called when associations are accepted.

    Raises OSError where the address is taken or the journal cannot be written, RegistryUnavailable,
    ArchiveUnavailable or KeyRingUnusable.
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
