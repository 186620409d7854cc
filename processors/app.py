"""The Faust app: one agent, one table, bound explicitly."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import faust

from processors.agent import FoldAgent
from processors.config import APP_ID, TABLE_NAME, FoldConfig
from processors.exam_table import ExamTable
from processors.flush import Flusher
from processors.fold_metrics import FoldMetrics
from processors.intake import Intake
from processors.log_consumer import LogTransport
from schemas.codec import Codec
from schemas.phi import KeyRing
from schemas.topics import DEADLETTER_RECORD_BYTES, DEADLETTERS, EVENTS

_MB = 1024 * 1024


def create_app(
    config: FoldConfig, codec: Codec, ring: KeyRing, metrics: FoldMetrics | None = None
) -> faust.App:
    """The fold as a Faust app, ready to be run by a worker."""
    app = _bare_app(config)
    source = _topic(app, EVENTS, config.partitions)
    table = app.Table(
        TABLE_NAME,
        partitions=config.partitions,
        key_type=bytes,
        value_type=bytes,
        options={
            "block_cache_size": 64 * _MB,
            "write_buffer_size": 16 * _MB,
            "max_write_buffer_number": 2,
        },
    )
    intake = Intake(config.batch_events, config.batch_bytes)
    letters = _topic(app, DEADLETTERS, 1)
    flusher = Flusher(app, ExamTable(table), letters, codec=codec, ring=ring, config=config, metrics=metrics)
    fold = FoldAgent(flusher, intake, config)
    app.transport = _transport(app, intake, fold.settle)

    async def fold_events(stream: Any) -> None:
        await fold(stream)

    # concurrency=1: two actors on one partition would race for the same exam's state.
    app.agent(source, name="radstream.fold.events", concurrency=1)(fold_events)
    return app


def _bare_app(config: FoldConfig) -> faust.App:
    brokers = [f"aiokafka://{address.strip()}" for address in config.kafka_bootstrap.split(",")]
    return faust.App(
        APP_ID,
        broker=brokers,
        store="rocksdb://",
        datadir=config.state_directory,
        autodiscover=False,
        origin="processors",
        # The app's HTTP server would serve the table's data to anyone.
        web_enabled=False,
        processing_guarantee="at_least_once",
        # runtime creates every topic, with its configuration, before any worker starts.
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=config.partitions,
        # Static membership: a worker that was killed takes its place again without a rebalance.
        consumer_group_instance_id=config.worker_name,
        table_standby_replicas=config.standby_replicas,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=config.session_timeout_s,
        broker_heartbeat_interval=config.session_timeout_s / 5,
        broker_request_timeout=config.session_timeout_s + 5,
        broker_commit_interval=0.5,
        producer_acks=-1,
        producer_request_timeout=config.flush_timeout_s,
        producer_linger=0.005,
        # A dead letter holds the message that it is about.
        producer_max_request_size=DEADLETTER_RECORD_BYTES,
        # One record batch; Kafka takes up to 1 MB (max.message.bytes).
        producer_max_batch_size=512 * 1024,
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
    )


def _transport(app: faust.App, intake: Intake, settle: Callable[[], Awaitable[None]]) -> LogTransport:
    brokers = app.conf.broker_consumer
    transport = LogTransport(brokers, app)
    transport.intake = intake
    transport.source = EVENTS
    transport.settle = settle
    return transport


def _topic(app: faust.App, name: str, partitions: int) -> Any:
    return app.topic(
        name,
        partitions=partitions,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        allow_empty=True,
    )
