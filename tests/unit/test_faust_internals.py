"""What the fold leans on inside of Faust: an upgrade that changes it fails here, not in a hospital."""

from __future__ import annotations

import inspect
import weakref
from typing import Any

import faust
import faust.streams
from aiokafka.consumer.group_coordinator import GroupCoordinator
from faust.tables.base import Collection
from faust.tables.recovery import Recovery
from faust.types import Message

from processors.changelog import AwaitableTable


def test_the_table_finds_its_event_through_a_context_variable_that_holds_a_weak_reference() -> None:
    class Event:
        pass

    event = Event()
    token = faust.streams._current_event.set(weakref.ref(event))  # type: ignore[arg-type]
    try:
        assert faust.streams.current_event() is event  # type: ignore[comparison-overlap]
    finally:
        faust.streams._current_event.reset(token)


def test_send_changelog_returns_the_future_of_its_message() -> None:
    assert "return self.changelog_topic.send_soon(" in inspect.getsource(Collection.send_changelog)
    assert AwaitableTable.send_changelog is not Collection.send_changelog


def test_messages_carry_the_generation_in_which_they_were_fetched() -> None:
    assert "generation_id" in Message.__slots__
    assert hasattr(faust.App("internals"), "consumer_generation_id")


def test_streams_without_acknowledgement_and_single_acknowledgements_exist() -> None:
    assert callable(faust.Stream.noack)
    assert callable(faust.Event.ack)


def test_a_recovery_counts_how_far_it_has_read_and_says_when_it_is_complete() -> None:
    tables: Any = faust.App("recovering").tables
    assert dict(tables.recovery.active_offsets) == {}
    assert "self.app.on_rebalance_complete.send()" in inspect.getsource(Recovery.on_recovery_completed)


def test_a_static_member_leaves_its_group_only_without_its_instance_id() -> None:
    source = inspect.getsource(GroupCoordinator._maybe_leave_group)
    assert "self._group_instance_id is None" in source
    assert "LeaveGroupRequest(self.group_id, self.member_id)" in source
    stopping = inspect.getsource(faust.App.on_stop)
    assert stopping.index("self._stop_consumer()") < stopping.index("self.on_before_shutdown.send()")
