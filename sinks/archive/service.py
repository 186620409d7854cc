"""The archive as a process: wait for its parts, run, leave."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import structlog

from sinks.archive.archiver import FIRST_PAUSE_S, LONGEST_PAUSE_S, Archiver
from sinks.archive.config import ArchiveConfig
from sinks.archive.errors import ArchiveUnavailable
from sinks.archive.keys import publish_key, trusted
from sinks.archive.log_reader import LogReader
from sinks.archive.metrics import ArchiveMetrics, MetricsFile
from sinks.archive.sealing import Sealer
from sinks.archive.signing import Signer
from sinks.archive.store import ArchiveStore
from sinks.clickhouse.stop import StopSignal

log = structlog.get_logger(__name__)
Answer = TypeVar("Answer")


class _Stopped(Exception):
    pass


def serve(config: ArchiveConfig, ready: Callable[[], None]) -> None:
    """Archive until SIGTERM or SIGINT. Waits for Kafka, its topics and the object store for as long as it
    takes.

    Only in the main thread, for it takes the signals. Raises ArchiveBroken where the seals are not what seals
    are: `radstream verify` then says where the fault is.
    """
    metrics = ArchiveMetrics()
    shown = MetricsFile(config.metrics_file, metrics)
    store = ArchiveStore(config.store)
    reader = LogReader(config.kafka_bootstrap, config.group_id)
    with StopSignal() as stop:
        wait = stop.asked.wait
        try:
            archiver = _until_available(wait, lambda: _open(config, store, reader, metrics, wait))
        except _Stopped:
            return
        ready()
        log.info("archive_ready", bucket=config.store.bucket, topics=len(config.topics))
        while not stop.asked.is_set():
            archiver.step()
            shown.write()
        archiver.finish()
        shown.write(now=True)
        reader.close()
        store.close()
        log.info("archive_stopped")


def _open(
    config: ArchiveConfig,
    store: ArchiveStore,
    reader: LogReader,
    metrics: ArchiveMetrics,
    wait: Callable[[float], bool],
) -> Archiver:
    signer = Signer.of(config.signing_seed)
    store.ensure_bucket()
    publish_key(store, signer, config.trusted_keys)
    keys = trusted(store, [signer.public, *config.trusted_keys])
    return Archiver(
        topics=config.topics,
        compacted=config.compacted,
        reader=reader,
        store=store,
        signer=signer,
        keys=keys,
        sealer=Sealer(store, signer, keys, config.witness_file),
        limits=config.limits,
        seal_s=config.seal_s,
        metrics=metrics,
        wait=wait,
    )


def _until_available(wait: Callable[[float], bool], attempt: Callable[[], Answer]) -> Answer:
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            return attempt()
        except ArchiveUnavailable as error:
            log.warning("waiting", for_=str(error), again_in_s=pause_s)
        if wait(pause_s):
            raise _Stopped
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
