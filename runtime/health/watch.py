"""Looks at the pipeline every two seconds while somebody asks, and tells of the last look at once."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import structlog
from confluent_kafka import KafkaException

from dashboards.health.report import HealthReport, HealthUnknown
from runtime.health.counts import COUNTED, WATCHED_TOPICS, counts, senders
from runtime.health.forecasts import forecast_health
from runtime.health.groups import consumed_groups
from runtime.health.journal import Journal
from runtime.health.looks import Look, Place, lags, rate
from runtime.health.offsets import KafkaOffsets, said
from runtime.health.parts import part_rows
from runtime.installation import Installation
from runtime.stack.state import running_state
from schemas.metrics_file import read_metrics

log = structlog.get_logger("health")

EVERY_S = 2.0
_KEPT = 150  # five minutes
# For how long something waits is told from looks further apart, too.
_SPARSE_EVERY, _SPARSE_KEPT = 15, 240  # each half minute, two hours
# Asks of Prometheus are a minute apart at most.
_WITHOUT_QUESTIONS_S = 90.0
_FIRST_LOOK_S = 12.0


class HealthWatch:
    """For any thread."""

    def __init__(self, installation: Installation) -> None:
        """Nothing is looked at before the first question."""
        self._installation = installation
        self._offsets = KafkaOffsets(installation.kafka_bootstrap)
        self._journal = Journal(installation.data)
        self._looks: deque[Look] = deque(maxlen=_KEPT)
        self._sparse: deque[Look] = deque(maxlen=_SPARSE_KEPT)
        self._looked = 0
        self._changed = threading.Condition()
        self._report: HealthReport | None = None
        self._asked_s = 0.0
        self._thread: threading.Thread | None = None

    def report(self) -> HealthReport:
        """The last look; the first one is waited for. Raises HealthUnknown."""
        with self._changed:
            self._asked_s = time.monotonic()
            if self._thread is None:
                self._report = None
                self._thread = threading.Thread(target=self._run, name="health", daemon=True)
                self._thread.start()
            self._changed.wait_for(lambda: self._report is not None, _FIRST_LOOK_S)
            if self._report is None:
                raise HealthUnknown("The parts are being looked at for the first time")
            return self._report

    def _run(self) -> None:
        while self._is_wanted():
            began_s = time.monotonic()
            try:
                report = self._look()
            except Exception:  # whatever it is, the pages have the last look, and the next one is tried
                log.exception("look_failed")
            else:
                with self._changed:
                    self._report = report
                    self._changed.notify_all()
            time.sleep(max(0.1, EVERY_S - (time.monotonic() - began_s)))

    def _is_wanted(self) -> bool:
        with self._changed:
            if time.monotonic() - self._asked_s < _WITHOUT_QUESTIONS_S:
                return True
            # Rates over a gap would be wrong ones.
            self._looks.clear()
            self._sparse.clear()
            self._thread = None
            return False

    def _look(self) -> HealthReport:
        installation = self._installation
        consumed = consumed_groups(installation)
        metrics = read_metrics(installation.metrics_path("any").parent)
        ends, committed, fault = self._ask_kafka(consumed)
        self._keep(Look(at_s=time.monotonic(), ends=ends, committed=committed, counts=counts(ends, metrics)))
        state, looks = running_state(installation.data), list(self._looks)
        before = [look for look in self._sparse if look.at_s < looks[0].at_s]
        notices = self._journal.read([*(state.parts if state else {})])
        return HealthReport(
            looked_at=datetime.now(UTC),
            every_s=EVERY_S,
            is_supervised=state is not None,
            kafka_fault=fault,
            parts=part_rows(state, notices),
            lag=tuple(lags([*before, *looks], consumed)),
            rates=tuple(rate(looks, one.name, one.label, one.meaning) for one in COUNTED),
            notices=tuple(notices),
            senders=senders(metrics),
            forecasts=forecast_health(metrics.get("predictions")),
        )

    def _keep(self, look: Look) -> None:
        self._looks.append(look)
        if self._looked % _SPARSE_EVERY == 0:
            self._sparse.append(look)
        self._looked += 1

    def _ask_kafka(
        self, consumed: Mapping[str, tuple[str, Sequence[str]]]
    ) -> tuple[Mapping[Place, int], Mapping[tuple[str, Place], int], str | None]:
        topics = sorted({*WATCHED_TOPICS, *(topic for _, topics in consumed.values() for topic in topics)})
        try:
            committed = {
                (group, place): offset
                for group in {group for group, _ in consumed.values()}
                for place, offset in self._offsets.committed(group).items()
            }
            # The ends last: what is committed lies before them.
            return self._offsets.ends(topics), committed, None
        except KafkaException as error:
            return {}, {}, said(error)
