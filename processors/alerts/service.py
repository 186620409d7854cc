"""The alerts as a process: what is known is read, what follows is said, and time is waited for.

It keeps nothing on disk. Each start reads the targets, the alerts that were said, and the
exams as they stand, and goes on from there: what Kafka has is not said again, what it has not is said now.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing

import structlog
from confluent_kafka import Message

from processors.alerts.config import AlertsConfig
from processors.alerts.desk import AlertDesk, Said
from processors.alerts.fold_progress import FoldProgress
from processors.alerts.known_exam import known_exam
from processors.alerts.loading import TopicLoader
from processors.alerts.publication import published
from processors.alerts.reading import TopicReader
from processors.alerts.targets import version_of
from processors.alerts.turn import SESSION_S, Turn, TurnLost
from processors.alerts.watched_file import WatchedTargets
from processors.facts import to_us
from processors.reconciler.publishing import LogPublisher, NotPublished
from processors.reconciler.service import stop_requested
from schemas.codec import Codec
from schemas.parts import Target
from schemas.registry import connect_codec
from schemas.topics import ALERTS, DUE, PREDICTIONS, WORKLIST
from schemas.views import PredictionRow, WorklistRow

log = structlog.get_logger("alerts")
_SECOND_US = 1_000_000
_PAUSE_S = 1.0


def serve(config: AlertsConfig, ready: Callable[[], None] | None = None) -> None:
    """Run until SIGTERM or SIGINT; `ready` is called when earlier alerts were read, or another process works.

    Raises InvalidTargets where the file cannot be used at the start; RegistryUnavailable or KafkaException:
    what was under way is done again after the next start.
    """
    announce = ready or (lambda: None)
    with stop_requested() as stop, closing(Turn(config.kafka_bootstrap)) as turn:
        codec = connect_codec(config.registry_url)
        while turn.wait(stop, announce):
            try:
                with closing(TopicReader(config.kafka_bootstrap, config.batch_messages)) as reader:
                    _Alerts(config, codec, turn, reader, stop).run(announce)
            except (TurnLost, NotPublished) as error:
                # All that is known is read again by whoever is next: what Kafka has is not said twice.
                log.warning("alerts_interrupted", reason=str(error))
                stop.wait(_PAUSE_S)
    log.info("alerts_stopped")


class _Alerts:
    def __init__(
        self,
        config: AlertsConfig,
        codec: Codec,
        turn: Turn,
        reader: TopicReader,
        stop: threading.Event,
    ) -> None:
        self._config = config
        self._turn = turn
        self._topics = TopicLoader(reader, codec, turn, stop)
        # What Kafka does not take while the turn is surely ours is not said any more.
        self._publisher = LogPublisher(
            config.kafka_bootstrap, codec, stop.is_set, "radstream-alerts", give_up_s=SESSION_S / 2
        )
        self._reader = reader
        self._stop = stop
        self._file = WatchedTargets(config.targets_file)
        self._desk = AlertDesk(int(config.keep_s * _SECOND_US))
        self._looked_s = 0.0

    def run(self, ready: Callable[[], None]) -> None:
        """Work until a stop. Raises TurnLost or NotPublished: then nothing that is known here counts."""
        self._topics.load(self._desk)
        if self._stop.is_set():
            return  # maybe not all was read: nothing may follow from it
        self._publish_targets(self._file.read())
        ready()
        exams = self._load_exams()
        self._await_fold()
        log.info("alerts_ready", exams=exams, targets=self._targets_name())
        while not self._stop.is_set():
            self._turn.keep()
            self._say(self._desk.settle(self._now_us()))
            messages = self._reader.read(self._wait_s())
            self._take(messages)
            self._reader.tell_done(messages)
            self._look_at_file()

    def _load_exams(self) -> int:
        taken = 0
        for message in self._topics.whole(WORKLIST, PREDICTIONS):
            taken += self._take([message])
            self._reader.tell_done([message])
        return taken

    def _await_fold(self) -> None:
        """Take rows until the fold has done what was in the log when we began, but not for ever."""
        began_s = time.monotonic()
        with closing(FoldProgress(self._config.kafka_bootstrap)) as fold:
            while not self._stop.is_set() and not fold.is_there():
                if time.monotonic() - began_s > self._config.await_fold_s:
                    log.warning("fold_behind", waited_s=self._config.await_fold_s)
                    return
                self._turn.keep()
                self._take(self._reader.read(self._config.poll_s))

    def _take(self, messages: list[Message]) -> int:
        """How many of them were rows of exams."""
        now_us, taken = self._now_us(), 0
        for message in messages:
            row = self._topics.decoded(message)
            if isinstance(row, PredictionRow) or (row is None and message.topic() == PREDICTIONS):
                self._desk.take_forecast(bytes(message.key() or b"").decode(), row)
            elif isinstance(row, WorklistRow):
                self._desk.take_exam(known_exam(row, int(message.offset() or 0)), now_us)
                taken += 1
        return taken

    def _look_at_file(self) -> None:
        if time.monotonic() - self._looked_s < self._config.look_every_s:
            return
        self._looked_s = time.monotonic()
        targets = self._file.changed()
        if targets is not None:
            self._publish_targets(targets)

    def _publish_targets(self, targets: tuple[Target, ...]) -> None:
        event = published(targets, self._desk.versions.latest, self._config.site, self._config.now())
        if event is None:
            return
        self._turn.keep()
        self._publisher.publish([event])
        self._desk.take_version(version_of(event))
        log.info("targets_published", event_id=event.envelope.event_id, targets=self._targets_name())

    def _targets_name(self) -> str | None:
        latest = self._desk.versions.latest
        return None if latest is None else latest.targets_sha256[:12]

    def _say(self, said: list[Said]) -> None:
        self._publisher.publish_rows(ALERTS, said)
        self._publisher.publish_rows(DUE, self._desk.due.settle())
        for alert_id, row in said:
            state = "forgotten" if row is None else row.state
            about = {} if row is None else {"exam_id": row.exam_id, "interval": row.interval}
            log.info("said", alert_id=alert_id, state=state, **about)

    def _now_us(self) -> int:
        return to_us(self._config.now())

    def _wait_s(self) -> float:
        """How long nothing has to be done, by the wall clock."""
        next_us = self._desk.next_us()
        if next_us is None:
            return self._config.poll_s
        left_s = (next_us - self._now_us()) / _SECOND_US / self._config.clock_speed
        return min(self._config.poll_s, max(0.0, left_s))
