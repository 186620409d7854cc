"""Whose turn it is: of several processes that judge the whole department one works, the others stand by.

Kafka decides: all of them are members of one group that asks for a topic of one partition, and one gets it. A
process that dies or hangs loses it when its session is over, and the next one begins.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog
from confluent_kafka import Consumer, TopicPartition

from schemas.topics import TARGETS

log = structlog.get_logger("alerts")
GROUP = "radstream.alerts.turn"
SESSION_S = 6.0  # the least that brokers take by default
_POLL_S = 0.25
_STANDS_BY_AFTER_S = 2.0


class TurnLost(Exception):
    """It is another process's turn, or may be."""


class Turn:
    """One process's membership."""

    def __init__(self, bootstrap: str, group: str = GROUP) -> None:
        """Joins `group` when it is waited for."""
        self._group = group
        self._has_it = False
        self._seen_s = 0.0
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": group,
                "enable.auto.commit": False,
                "session.timeout.ms": int(SESSION_S * 1000),
                # Who has it keeps it when another one comes.
                "partition.assignment.strategy": "cooperative-sticky",
                "heartbeat.interval.ms": int(SESSION_S * 1000) // 4,
                "log_level": 3,
            }
        )
        self._consumer.subscribe([TARGETS], on_assign=self._got, on_revoke=self._gave, on_lost=self._gave)

    def wait(self, stop: threading.Event, stands_by: Callable[[], None]) -> bool:
        """Return True when it is our turn, False after a stop. `stands_by`: called where it is another's."""
        began_s, told = time.monotonic(), False
        while not stop.is_set():
            self._look(_POLL_S)
            if self._has_it:
                return True
            if not told and time.monotonic() - began_s > _STANDS_BY_AFTER_S:
                told = True
                log.info("standing_by", group=self._group)
                stands_by()
        return False

    def keep(self) -> None:
        """Raises TurnLost where it is, or may be, another's: call it before anything is said."""
        silent_s = time.monotonic() - self._seen_s
        self._look(0.0)
        # A process that was stopped for as long knows nothing yet of what became of its session.
        if silent_s > SESSION_S:
            raise TurnLost(f"nothing was done for {silent_s:.1f} s")
        if not self._has_it:
            raise TurnLost("Kafka gave it to another process, or took it back")

    def close(self) -> None:
        """Leave at once, so that the next one need not wait for the session's end."""
        self._consumer.close()

    def _look(self, wait_s: float) -> None:
        self._consumer.poll(wait_s)  # membership alone: what it reads is not looked at
        self._seen_s = time.monotonic()

    def _got(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._has_it = self._has_it or bool(partitions)

    def _gave(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._has_it = self._has_it and not partitions
