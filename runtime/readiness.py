"""Prepares what the pipeline needs before its first event: topics, contracts, tables, the buckets."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from runtime.archive import archive_store_config
from runtime.clickhouse_sink import clickhouse_sink_config
from runtime.installation import Installation
from runtime.local.objectstore import ensure_bucket
from runtime.objects import object_client
from runtime.stack.errors import ObjectStoreError
from runtime.stack.topics import create_topics
from schemas.registry import register_contracts
from schemas.topics import topic_specs
from sinks.archive.errors import ArchiveError
from sinks.archive.store import ArchiveStore
from sinks.clickhouse.preparation import prepare_tables


def prepare(installation: Installation) -> None:
    """Create what is missing and change nothing that is there. Idempotent.

    Kafka, the registry, ClickHouse and the object store at the same time: each keeps us waiting for its own.
    Raises StackError, SchemaError, SinkError or ClickHouse's own errors.
    """
    with ThreadPoolExecutor(len(_STEPS)) as threads:
        under_way = [threads.submit(step, installation) for step in _STEPS]
    for step in under_way:
        step.result()


def _topics(installation: Installation) -> None:
    create_topics(installation.kafka_bootstrap, topic_specs(installation.settings.kafka_partitions))


def _contracts(installation: Installation) -> None:
    register_contracts(installation.registry_url)


def _tables(installation: Installation) -> None:
    prepare_tables(clickhouse_sink_config(installation))


def _buckets(installation: Installation) -> None:
    ensure_bucket(object_client(installation), installation.settings.s3_bucket)
    with closing(ArchiveStore(archive_store_config(installation))) as archive:
        try:
            archive.ensure_bucket()
        except ArchiveError as error:
            raise ObjectStoreError(str(error)) from error


_STEPS = (_topics, _contracts, _tables, _buckets)
