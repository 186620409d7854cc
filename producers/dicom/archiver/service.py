"""The archiver as a process: `serve` runs it until it is cancelled or the process gets SIGTERM."""

from __future__ import annotations

import asyncio
import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import structlog

from producers.dicom.archive.archive import ArchiveUnavailable, ImageArchive
from producers.dicom.archiver.archiver import Archiver
from producers.dicom.archiver.archiving import ImageArchiver
from producers.dicom.archiver.config import ArchiverConfig
from producers.dicom.archiver.events import StorageEvents
from producers.dicom.archiver.images import ImageRound
from producers.dicom.archiver.pacing import Pace
from producers.dicom.archiver.saying import Outage
from producers.dicom.archiver.state import ArchiverState
from producers.dicom.archiver.studies import Studies
from producers.dicom.completeness.events import CompletenessEvents
from producers.dicom.mapping import EventMaker, MappingConfig
from producers.dicom.spool.reader import SpoolReader
from producers.dicom.spool.spool import SPOOL_DIRECTORY
from producers.publishing import EventPublisher, PublisherConfig
from producers.stopping import stop_requested
from schemas.codec import Codec
from schemas.keyring_config import open_key_ring
from schemas.phi import KeyRing
from schemas.registry import connect_codec

log = structlog.get_logger("dicom")
_LOCK, _STATE = "archiver.lock", "archiver.json"


class SpoolTaken(OSError):
    """Another archiver has this spool."""


@contextmanager
def archiving(config: ArchiverConfig, codec: Codec) -> Iterator[None]:
    """An archiver that works inside the block, in a thread, and is stopped in order after it.

    Raises SpoolTaken, OSError or KeyRingUnusable.
    """
    with ExitStack() as resources:
        resources.enter_context(_held(config.state_directory))
        ring = open_key_ring(config.key_ring)
        archive = ImageArchive(config.archive)
        resources.callback(archive.close)
        publisher = EventPublisher(
            PublisherConfig(config.bootstrap, "radstream-dicom-archive", config.delivery_timeout_s), codec
        )
        resources.callback(publisher.close, 0.3)
        archiver = _archiver(config, ring, archive, publisher, resources)
        resources.enter_context(_running(archiver, archive, config.longest_pause_s))
        yield


def _archiver(
    config: ArchiverConfig,
    ring: KeyRing,
    archive: ImageArchive,
    publisher: EventPublisher,
    resources: ExitStack,
) -> Archiver:
    maker = EventMaker(MappingConfig(config.site, config.site_secret, config.zone), ring)
    events = StorageEvents(maker, ring)
    reader = SpoolReader(config.state_directory / SPOOL_DIRECTORY)
    studies = Studies(
        state=ArchiverState(config.state_directory / _STATE, config.completeness),
        archive=archive,
        events=events,
        completeness_events=CompletenessEvents(maker, ring),
        publisher=publisher,
    )
    images = ImageRound(
        archiver=ImageArchiver(archive, ring),
        reader=reader,
        studies=studies,
        events=events,
        publisher=publisher,
        now=config.now,
        in_flight=config.in_flight,
    )
    resources.callback(images.close)
    pace = Pace(config.pace, reader)
    return Archiver(reader, images, studies, config.now, batch=config.batch, pace=pace)


async def serve(config: ArchiverConfig, ready: Callable[[], None] | None = None) -> None:
    """Run until cancelled or SIGTERM; `ready` is called when it works.

    Raises SpoolTaken, OSError, RegistryUnavailable or KeyRingUnusable.
    """
    os.nice(config.niceness)  # what is acknowledged to a sender goes before what follows from it
    codec = await asyncio.to_thread(connect_codec, config.registry_url)
    with stop_requested() as stop:
        context = archiving(config, codec)
        await asyncio.to_thread(context.__enter__)
        try:
            log.info("archiving", spool=str(config.state_directory / SPOOL_DIRECTORY))
            if ready is not None:
                ready()
            await stop.wait()
        finally:
            await asyncio.to_thread(context.__exit__, None, None, None)
    log.info("stopped", role="dicom-archive")


@contextmanager
def _running(archiver: Archiver, archive: ImageArchive, longest_pause_s: float) -> Iterator[None]:
    stop = threading.Event()

    def run() -> None:
        outage = Outage(longest_pause_s)
        while not stop.is_set():
            try:
                archive.ensure_bucket()
            except ArchiveUnavailable as error:
                stop.wait(outage.pause_s(str(error)))
                continue
            outage.over()
            archiver.run(stop, longest_pause_s)

    thread = threading.Thread(target=run, name="archiver")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def _held(directory: Path) -> Iterator[None]:
    """The kernel drops the lock with the process, so that kill -9 leaves nothing to clean up."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (directory / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SpoolTaken(f"another archiver works on {directory}") from None
        yield
