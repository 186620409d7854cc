"""The sink as a process: wait for its parts, run, leave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import structlog
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error
from confluent_kafka import Consumer, Producer
from urllib3.exceptions import HTTPError

from schemas.errors import RegistryUnavailable
from schemas.keyring_config import open_key_ring
from schemas.registry import connect_codec
from schemas.topics import DEADLETTER_RECORD_BYTES
from sinks.clickhouse.client import connect
from sinks.clickhouse.config import ClickHouseSinkConfig
from sinks.clickhouse.conversion import Conversion
from sinks.clickhouse.counter import DAYS_EVERY_S, HOURS_EVERY_S, Counter
from sinks.clickhouse.daily import count_days
from sinks.clickhouse.delivery import Delivery
from sinks.clickhouse.errors import Stopped, Unavailable
from sinks.clickhouse.hourly import count_hours
from sinks.clickhouse.inserting import ClickHouseInserter
from sinks.clickhouse.letters import KafkaLetterBox
from sinks.clickhouse.metrics import SinkMetrics
from sinks.clickhouse.preparation import prepare_tables
from sinks.clickhouse.rows import TABLE_BY_TOPIC, to_arrow
from sinks.clickhouse.sink import FIRST_PAUSE_S, LONGEST_PAUSE_S, Sink, Tell
from sinks.clickhouse.stop import StopSignal
from sinks.clickhouse.subscription import Subscription, topic_ids
from sinks.consuming import consumer_settings, warn_of

log = structlog.get_logger(__name__)

Answer = TypeVar("Answer")


def serve(
    config: ClickHouseSinkConfig, ready: Callable[[], None], tell: Tell = lambda _figures: None
) -> None:
    """Run the sink until SIGTERM or SIGINT, then deliver what it holds and leave, within three seconds.

    Waits for Kafka, its topics, the registry and ClickHouse for as long as it takes, and calls `ready` once
    the tables are there and the topics are subscribed. Only in the main thread, for it takes the signals.
    `tell` gets the metrics, once a second where something changed.
    Raises what no waiting mends: MigrationChanged, InvalidMigration, KeyRingUnusable, and Unavailable where
    another process took our place in the group.
    """
    with StopSignal() as stop:
        try:
            sink, subscription = _open(config, tell, stop)
        except Stopped:
            return
        ready()
        log.info("sink_ready", group=config.group_id, database=config.database)
        with _counters(config):
            sink.run()
            subscription.close()
        log.info("sink_stopped")


@contextmanager
def _counters(config: ClickHouseSinkConfig) -> Iterator[None]:
    connect_again = partial(_connect, config)
    days = partial(count_days, zone=config.zone)
    with (
        Counter("hourly", connect_again, count_hours, HOURS_EVERY_S),
        Counter("daily", connect_again, days, DAYS_EVERY_S),
    ):
        yield


def _open(config: ClickHouseSinkConfig, tell: Tell, stop: StopSignal) -> tuple[Sink, Subscription]:
    metrics = SinkMetrics()
    ring = open_key_ring(config.key_ring)
    ids = until_available(stop, lambda: topic_ids(config.kafka_bootstrap, list(TABLE_BY_TOPIC)))
    codec = until_available(stop, lambda: connect_codec(config.registry_url))
    client = until_available(stop, lambda: _connect_and_prepare(config))
    for table in TABLE_BY_TOPIC.values():
        to_arrow(table, ())  # Arrow's first conversion loads pandas, a second of work: not in the first batch
    delivery = Delivery(
        codec=codec,
        inserter=ClickHouseInserter(client),
        letters=KafkaLetterBox(_producer(config), codec, ring),
        topic_ids=ids,
        metrics=metrics,
    )
    subscription = Subscription(_consumer(config), list(TABLE_BY_TOPIC))
    sink = Sink(
        subscription=subscription,
        conversion=Conversion(codec),
        delivery=delivery,
        limits=config.limits,
        metrics=metrics,
        stopping=stop.asked.is_set,
        tell=tell,
    )
    return sink, subscription


def _producer(config: ClickHouseSinkConfig) -> Producer:
    return Producer(
        {
            "bootstrap.servers": config.kafka_bootstrap,
            "acks": "all",
            "enable.idempotence": True,
            # A dead letter holds the message that it is about.
            "message.max.bytes": DEADLETTER_RECORD_BYTES,
            "error_cb": warn_of,
        }
    )


def _consumer(config: ClickHouseSinkConfig) -> Consumer:
    return Consumer(
        {
            **consumer_settings(config.kafka_bootstrap, config.group_id, config.instance_id),
            "topic.metadata.refresh.interval.ms": 10_000,
            "queued.max.messages.kbytes": 32 * 1024,
            # Where the queue was full, the client would look again after a second, idle for most of it.
            "fetch.queue.backoff.ms": 10,
        }
    )


def _connect(config: ClickHouseSinkConfig) -> Client:
    return connect(config.clickhouse_url, config.clickhouse_user, config.clickhouse_password, config.database)


def _connect_and_prepare(config: ClickHouseSinkConfig) -> Client:
    try:
        prepare_tables(config)
        client = _connect(config)
    except Error as error:
        raise Unavailable(f"ClickHouse: {error.name or type(error).__name__} (code {error.code})") from error
    except (HTTPError, OSError) as error:
        raise Unavailable(f"ClickHouse: {type(error).__name__}") from error
    return client


def until_available(stop: StopSignal, attempt: Callable[[], Answer]) -> Answer:
    """What `attempt` gives, as soon as it gives it. Raises Stopped."""
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            return attempt()
        except (Unavailable, RegistryUnavailable) as error:
            log.warning("waiting", for_=str(error), again_in_s=pause_s)
        if stop.asked.wait(pause_s):
            raise Stopped
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
