"""What the fold leans on inside of Faust and its client: an upgrade that changes it fails here (ADR 14)."""

from __future__ import annotations

import asyncio
import inspect
import logging
from pathlib import Path
from typing import Any

import aiokafka
import faust
import rocksdict
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.producer.message_accumulator import BatchBuilder
from faust.stores.rocksdb import Store
from faust.tables.recovery import Recovery
from faust.transport.base import Transport as AnyTransport
from faust.transport.consumer import Consumer as AnyConsumer
from faust.transport.consumer import ConsumerThread, ThreadDelegateConsumer
from faust.transport.drivers.aiokafka import Consumer, Producer, Transport

from processors.exam_table import ExamTable
from processors.log_consumer import LogConsumer, LogTransport
from processors.worker import quiet_worker


def test_every_fetch_comes_through_getmany_of_the_driver_and_is_dropped_where_the_flow_has_stopped() -> None:
    waiting = inspect.getsource(AnyConsumer._wait_next_records)
    assert "records = await self._getmany(" in waiting
    given = inspect.getsource(AnyConsumer.getmany)
    assert "await self._wait_next_records(timeout)" in given
    assert "await self.perform_seek()" in given.partition("if self.flow_active:")[2]
    assert "Consumer.getmany" in inspect.getsource(AnyConsumer._drain_messages)


def test_the_offsets_to_commit_are_asked_of_two_methods_by_the_timer_and_when_the_worker_stops() -> None:
    committing = inspect.getsource(AnyConsumer.force_commit)
    assert "self._filter_tps_with_pending_acks(topics)" in committing
    assert "self._new_offset(tp)" in inspect.getsource(AnyConsumer._filter_committable_offsets)
    assert "self.commit()" in inspect.getsource(AnyConsumer._commit_handler.fun)
    assert "commit_and_end_transactions()" in inspect.getsource(AnyConsumer.on_stop)


def test_only_offsets_of_partitions_that_are_still_assigned_are_committed() -> None:
    assert "if tp in assignment" in inspect.getsource(AnyConsumer._commit_offsets)


def test_the_consumer_is_made_by_the_transport_with_itself_as_the_first_argument() -> None:
    assert "self.Consumer(self, callback=callback" in inspect.getsource(AnyTransport.create_consumer)
    assert LogTransport.Consumer is LogConsumer
    assert issubclass(LogConsumer, Consumer)
    assert issubclass(LogTransport, Transport)


def test_partitions_are_given_up_when_the_consumer_says_and_read_again_from_what_was_committed() -> None:
    revoking = inspect.getsource(ConsumerThread.on_partitions_revoked)
    assert "await self.consumer.threadsafe_partitions_revoked(" in revoking
    waiting = inspect.getsource(ThreadDelegateConsumer.threadsafe_partitions_revoked)
    assert "self.on_partitions_revoked" in waiting
    assert "await promise" in waiting
    for resuming in (Recovery._resume_streams, Recovery.on_recovery_completed):
        source = inspect.getsource(resuming)
        assert source.index("consumer.perform_seek()") < source.index("consumer.resume_flow()")


def test_the_app_counts_rebalances_as_they_begin_and_knows_whether_one_is_under_way() -> None:
    app = faust.App("internals")
    before = app.rebalancing_count
    assert app.rebalancing is False
    app.on_rebalance_start()
    assert (app.rebalancing, app.rebalancing_count) == (True, before + 1)
    listening = inspect.getsource(Consumer.RebalanceListener.on_partitions_revoked)
    assert "thread.app.on_rebalance_start()" in listening
    assert hasattr(app.monitor, "stream_inbound_time")


def test_the_producer_under_faust_sends_record_batches() -> None:
    assert "return self._producer" in inspect.getsource(Producer._ensure_producer)
    assert {"topic", "partition"} <= inspect.signature(aiokafka.AIOKafkaProducer.send_batch).parameters.keys()

    async def scene() -> tuple[int, bool]:
        batch = BatchBuilder(100, 0)
        # The first message of a batch fits however large it is.
        assert batch.append(key=b"k", value=b"v" * 1_000, timestamp=None) is not None
        return batch.record_count(), batch.append(key=b"k", value=b"v", timestamp=None) is None

    assert asyncio.run(scene()) == (1, True)


def test_a_store_has_its_states_and_the_changelog_offset_that_recovery_starts_from(tmp_path: Path) -> None:
    app = faust.App("internals", store="rocksdb://", datadir=tmp_path)
    table = app.Table("exams", partitions=2)
    store = table.data
    assert isinstance(store, Store)
    store._db_for_partition(1)
    exams = ExamTable(table)
    exams.write(1, [(b"a", b"1"), (b"b", b"2")], 41)
    assert (exams.read(1, b"a"), exams.read(1, b"b"), exams.read(1, b"c")) == (b"1", b"2", None)
    assert store.persisted_offset(faust.types.TP("changelog", 1)) == 41
    assert isinstance(store._dbs[1], rocksdict.Rdict)
    store._dbs.clear()


def test_streams_without_acknowledgement_exist() -> None:
    assert callable(faust.Stream.noack)


def test_a_recovery_counts_how_far_it_has_read_and_says_when_it_is_complete() -> None:
    tables: Any = faust.App("recovering").tables
    assert dict(tables.recovery.active_offsets) == {}
    assert "self.app.on_rebalance_complete.send()" in inspect.getsource(Recovery.on_recovery_completed)


def test_a_worker_without_spinner_leaves_the_level_of_all_loggers_where_it_was_set() -> None:
    loop, root = asyncio.new_event_loop(), logging.Logger("root", logging.WARNING)
    root.addHandler(logging.NullHandler())
    worker = quiet_worker(faust.App("quiet"), loop)
    worker.on_setup_root_logger(root, logging.WARNING)
    loop.close()
    assert not root.isEnabledFor(logging.DEBUG)
    assert len(root.handlers) == 1


def test_a_static_member_leaves_its_group_only_without_its_instance_id() -> None:
    source = inspect.getsource(GroupCoordinator._maybe_leave_group)
    assert "self._group_instance_id is None" in source
    assert "LeaveGroupRequest(self.group_id, self.member_id)" in source
    stopping = inspect.getsource(faust.App.on_stop)
    assert stopping.index("self._stop_consumer()") < stopping.index("self.on_before_shutdown.send()")
