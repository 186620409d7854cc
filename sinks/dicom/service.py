"""The DICOM sink as a process: an outlet for each destination, and one index of images for all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial

import structlog

from schemas.codec import Codec
from schemas.errors import RegistryUnavailable
from schemas.phi import KeyRing
from sinks.delivering.errors import Unavailable
from sinks.delivering.outlet import Outlet, run_outlets
from sinks.delivering.saying import Speaker
from sinks.delivering.serving import serve_until_signal
from sinks.dicom.choosing import Chooser
from sinks.dicom.config import DicomOutConfig
from sinks.dicom.images import ImageStore
from sinks.dicom.index import ImageIndex
from sinks.dicom.indexing import Indexer
from sinks.dicom.sending import DicomCarrier

log = structlog.get_logger(__name__)

CATCH_UP_S = 60.0
_REFRESH_S = 5.0


async def serve(config: DicomOutConfig, ready: Callable[[], None] | None = None) -> None:
    """Run until SIGTERM or SIGINT; `ready` is called once every destination's log is subscribed.

    Waits for Kafka and the registry for as long as it takes. Raises KeyRingUnusable, SchemaError, Unavailable
    where another process took our place in a group, OSError or sqlite3.Error where the index does not open.
    """
    await serve_until_signal("dicom-out", config, deliver, ready)


async def deliver(
    config: DicomOutConfig,
    *,
    ring: KeyRing,
    codec: Codec,
    stop: asyncio.Event,
    ready: Callable[[], None] | None = None,
) -> None:
    """Deliver to every destination until `stop`; as `serve`, with its parts given."""
    with (
        closing(ImageIndex(config.state_directory)) as index,
        closing(ImageStore(config.images, ring)) as images,
        closing(Speaker(config.kafka_bootstrap, codec, "radstream-dicom-out")) as speaker,
        closing(Indexer(index, codec, config.kafka_bootstrap)) as indexer,
    ):
        outlets = [
            Outlet(
                config,
                destination,
                DicomCarrier(destination, ring=ring, index=index, images=images, now=config.now),
                choose=Chooser(destination, codec, index, partial(indexer.catch_up, CATCH_UP_S)).choose,
                speaker=speaker,
            )
            for destination in config.destinations
        ]
        refreshing = asyncio.create_task(_refresh(indexer, stop))
        try:
            await run_outlets(outlets, stop, ready)
        finally:
            indexer.stop()
            refreshing.cancel()
            await asyncio.gather(refreshing, return_exceptions=True)


async def _refresh(indexer: Indexer, stop: asyncio.Event) -> None:
    """Keep the index current, so that nobody waits long for it."""
    while not stop.is_set():
        try:
            await asyncio.to_thread(indexer.catch_up, CATCH_UP_S)
        except (Unavailable, RegistryUnavailable) as error:
            log.warning("index_behind", error=str(error))
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _REFRESH_S)
