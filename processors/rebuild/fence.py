"""The fold's place, taken: either its workers write, or a rebuild does.

A consumer group takes members of one protocol only. The workers have Faust's; a rebuild joins the same group
with another one, which Kafka refuses while a worker is a member, and after that refuses workers.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from processors.config import APP_ID
from processors.rebuild.config import RebuildFailed, WorkersAtWork
from schemas.kafka_asking import QUIET
from schemas.topics import EVENTS

CLIENT_ID = "radstream-rebuild"
_LOOK_EVERY_S = 0.25
_ANSWER_S = 10.0
_PATIENCE_S = 60.0
_JOIN_S = 30.0
# Between two looks at the fence lies one batch of writing.
_LONGEST_BATCH_MS = 30 * 60_000


class Fence:
    """Held from `with` to its end: no worker of the fold is at work meanwhile."""

    def __init__(self, bootstrap: str, partitions: int, session_timeout_s: float, wait_s: float) -> None:
        """Waits `wait_s` for the workers to leave. `partitions`: how many the log has."""
        self._partitions = partitions
        self._wait_s = wait_s
        self._bootstrap = bootstrap
        self._held: set[int] = set()
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": APP_ID,
                "client.id": CLIENT_ID,
                "partition.assignment.strategy": "range",
                "session.timeout.ms": int(session_timeout_s * 1000),
                "max.poll.interval.ms": _LONGEST_BATCH_MS,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                **QUIET,
            }
        )

    def __enter__(self) -> Self:
        """Raises WorkersAtWork where they do not leave in time."""
        try:
            self._await_empty()
            self._consumer.subscribe([EVENTS], on_assign=self._assigned, on_revoke=self._revoked)
            deadline = time.monotonic() + _JOIN_S
            while not self._has_all():
                self._consumer.poll(_LOOK_EVERY_S)
                if self._held and 0 not in self._held:
                    raise WorkersAtWork("another rebuild is at work: wait until it is done")
                if time.monotonic() > deadline:
                    raise WorkersAtWork(_at_work(members(self._bootstrap)))
        except BaseException:
            self._consumer.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the workers in again."""
        self._consumer.close()

    def require_held(self) -> None:
        """Raises WorkersAtWork where somebody else took the place meanwhile."""
        self._consumer.poll(0)
        if not self._has_all():
            raise WorkersAtWork(
                "a worker of the fold, or another rebuild, came in between: run the same command again"
            )

    def _has_all(self) -> bool:
        return len(self._held) == self._partitions

    def _await_empty(self) -> None:
        deadline = time.monotonic() + self._wait_s
        while found := members(self._bootstrap):
            if time.monotonic() > deadline:
                raise WorkersAtWork(_at_work(found))
            time.sleep(_LOOK_EVERY_S)

    def _assigned(self, consumer: Consumer, places: list[TopicPartition]) -> None:
        consumer.assign([])  # it is a member, and reads nothing
        self._held = {place.partition for place in places}

    def _revoked(self, consumer: Consumer, _places: list[TopicPartition]) -> None:
        consumer.unassign()
        self._held = set()


def members(bootstrap: str) -> list[str]:
    """The client ids of the group's members. Raises RebuildFailed where Kafka gives no answer."""
    quiet = logging.getLogger("radstream.fence")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
    admin = AdminClient({"bootstrap.servers": bootstrap}, logger=quiet)
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            asked: Any = admin.describe_consumer_groups([APP_ID], request_timeout=_ANSWER_S)[APP_ID]
            return [str(member.client_id) for member in asked.result(_ANSWER_S).members]
        except KafkaException as error:
            if error.args[0].name() == "GROUP_ID_NOT_FOUND":
                return []  # no worker has ever been there
            # A broker that was just started has no coordinator of the group for some seconds.
            if time.monotonic() > deadline:
                raise RebuildFailed(f"Kafka does not say who folds: {error.args[0].name()}") from error
            time.sleep(_LOOK_EVERY_S)
        except TimeoutError as error:
            if time.monotonic() > deadline:
                raise RebuildFailed("Kafka does not say who folds: it gives no answer") from error


def await_no_rebuild(bootstrap: str, on_wait: Callable[[], None]) -> None:
    """Return when no rebuild holds the fold's place; `on_wait` is called once where one does.

    While Kafka does not say, as in its own start, it waits as well.
    """
    said = False
    while (found := _members_if_known(bootstrap)) is None or CLIENT_ID in found:
        if not said and found is not None:
            on_wait()
            said = True
        time.sleep(_LOOK_EVERY_S)


def _members_if_known(bootstrap: str) -> list[str] | None:
    try:
        return members(bootstrap)
    except RebuildFailed:
        return None


def _at_work(found: list[str]) -> str:
    names = ", ".join(sorted(found)) or "somebody"
    return (
        f"{names} is at work in the group {APP_ID}: stop every worker of the fold, then run the same "
        "command again. Nothing was written"
    )
