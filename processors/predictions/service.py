"""The forecasts as a process: each open exam at every event of it, and every minute.

It keeps nothing on disk. Each start reads what it said, the targets, what changed in the last day, and the
exams as they stand, and goes on from there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing

import structlog
from confluent_kafka import Message

from processors.alerts.loading import TopicLoader
from processors.alerts.reading import TopicReader
from processors.alerts.targets import version_of
from processors.alerts.turn import SESSION_S, Turn, TurnLost
from processors.facts import to_us
from processors.predictions.config import ForecastConfig, Unanswered
from processors.predictions.desk import ForecastDesk
from processors.predictions.exam import exam_of_row
from processors.predictions.examples import Change
from processors.predictions.groups import GROUP_ID, TURN_GROUP
from processors.predictions.standing_models import ModelsInUse
from processors.predictions.starting import is_needed, known_in_order, left_open
from processors.predictions.status import ForecastStatus
from processors.reconciler.publishing import LogPublisher, NotPublished
from processors.reconciler.service import stop_requested
from schemas.codec import Codec
from schemas.events import TargetsPublished
from schemas.registry import connect_codec
from schemas.topics import PREDICTIONS, TARGETS, WORKLIST
from schemas.views import PredictionRow, WorklistRow

log = structlog.get_logger("predictions")
_SECOND_US = 1_000_000
_PAUSE_S = 1.0
_KEEP_EVERY = 500


def serve(config: ForecastConfig, ready: Callable[[], None] | None = None) -> None:
    """Run until SIGTERM or SIGINT; `ready` is called when the exams were read, or another process works.

    Raises RegistryUnavailable or KafkaException: what was under way is done again after the next start.
    """
    announce = ready or (lambda: None)
    with stop_requested() as stop, closing(Turn(config.kafka_bootstrap, TURN_GROUP)) as turn:
        codec, models = connect_codec(config.registry_url), ModelsInUse(config)
        models.start()
        with closing(models):
            while turn.wait(stop, announce):
                try:
                    with closing(
                        TopicReader(config.kafka_bootstrap, config.batch_messages, GROUP_ID)
                    ) as reader:
                        _Forecasts(config, codec, models, reader, turn, stop).run(announce)
                except (TurnLost, NotPublished) as error:
                    log.warning("predictions_interrupted", reason=str(error))
                    stop.wait(_PAUSE_S)
    log.info("predictions_stopped")


class _Forecasts:
    def __init__(  # noqa: PLR0917 - what a turn works with
        self,
        config: ForecastConfig,
        codec: Codec,
        models: ModelsInUse,
        reader: TopicReader,
        turn: Turn,
        stop: threading.Event,
    ) -> None:
        self._config, self._models = config, models
        self._reader, self._turn, self._stop = reader, turn, stop
        self._publisher = LogPublisher(
            config.kafka_bootstrap, codec, stop.is_set, "radstream-predictions", give_up_s=SESSION_S / 2
        )
        self._topics = TopicLoader(reader, codec, turn, stop)
        self._are_targets_new = False
        self._desk = ForecastDesk(config.zone)
        self._looked_us = 0
        self._status = ForecastStatus(config.tell)

    def run(self, ready: Callable[[], None]) -> None:
        """Work until a stop. Raises TurnLost or NotPublished."""
        self._load()
        if self._stop.is_set():
            return
        ready()
        log.info("predictions_ready", open_exams=self._desk.open_exams)
        while not self._stop.is_set():
            self._turn.keep()
            messages = self._reader.read(self._config.poll_s)
            now_us = self._now_us()
            for message in messages:
                self._take(message, now_us)
            self._say(now_us, len(messages))
            self._reader.tell_done(messages)

    def _load(self) -> None:
        for said in self._topics.latest(PREDICTIONS):
            if isinstance(said, PredictionRow):
                self._desk.take_said(said)
        recent = self._recent()
        standing = self._standing(left_open(recent))
        for now_us, exam in self._kept(known_in_order(recent, standing.values())):
            self._desk.take_exam(exam, now_us)

    def _recent(self) -> list[Change]:
        try:
            return list(self._kept(self._config.recent()))
        except Unanswered as error:
            log.warning("recent_unanswered", reason=str(error))
            return []

    def _standing(self, open_lately: frozenset[str]) -> dict[bytes, Change]:
        """The exams as the worklist last said, which are needed; the targets, too, are read."""
        found: dict[bytes, Change] = {}
        for message in self._topics.whole(WORKLIST, TARGETS):
            if message.topic() == TARGETS:
                self._take(message, 0)
                continue
            key, row = bytes(message.key() or b""), self._topics.decoded(message)
            found.pop(key, None)
            if isinstance(row, WorklistRow):
                exam = exam_of_row(row)
                if is_needed(exam, open_lately):
                    found[key] = to_us(row.last_recorded_at), exam
        return found

    def _kept(self, changes: Iterable[Change]) -> Iterator[Change]:
        """The same; however many they are, it stays our turn."""
        for number, change in enumerate(changes):
            if number % _KEEP_EVERY == 0:
                self._turn.keep()
            yield change

    def _take(self, message: Message, now_us: int) -> None:
        row = self._topics.decoded(message)
        if isinstance(row, WorklistRow):
            self._desk.take_exam(exam_of_row(row), now_us)
        elif isinstance(row, TargetsPublished):
            self._desk.versions.add(version_of(row))
            self._are_targets_new = True
        elif row is None and message.value() is None:
            self._desk.forget(bytes(message.key() or b"").decode())

    def _say(self, now_us: int, events: int) -> None:
        is_due = now_us - self._looked_us >= self._config.look_every_s * _SECOND_US
        everything = self._models.take_new() or self._are_targets_new or is_due
        if everything:
            self._looked_us, self._are_targets_new = now_us, False
        before, in_use = self._desk.forecast_exams, self._models.now
        with self._status.forecasting():
            said = self._desk.settle(in_use, now_us, everything=everything, between=self._turn.keep)
        self._status.count(events=events, exams=self._desk.forecast_exams - before, said=len(said))
        self._status.speaks(in_use)
        if said:
            self._turn.keep()
            self._publisher.publish_rows(PREDICTIONS, said)

    def _now_us(self) -> int:
        return to_us(self._config.now())
