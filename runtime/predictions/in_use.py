"""What forecasts now on an installation: the model in use, calibrated by the log of the last weeks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

import clickhouse_connect.driver.exceptions
import structlog
from urllib3.exceptions import HTTPError

from processors.facts import to_us
from processors.predictions.config import BASELINE, InUse, Unanswered
from processors.predictions.examples import Change, Examples, examples_of, sample_of
from processors.predictions.history import changes_of_facts
from processors.predictions.model import UnreadableModel
from processors.predictions.training import TrainingPlan, baselines, recalibrated
from runtime.analytics import analytics_client
from runtime.installation import Installation
from runtime.predictions.models import model_store
from runtime.predictions.recorded import NoHistory, recorded_facts, recorded_span
from runtime.predictions.store import ModelStore, ModelStoreError

log = structlog.get_logger("predictions")
_RECENT = timedelta(days=1)
_MOST_LOOKED_AT = 150_000
_PLAN = TrainingPlan()


class InstallationModels:
    """Asks the object store and ClickHouse. Blocking; raises Unanswered where one of them does not answer."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._store: ModelStore = model_store(installation)
        self._now = installation.now()
        self._zone = ZoneInfo(installation.settings.zone)

    def version_in_use(self) -> str:
        """Of the model that was promoted last, or that there is none."""
        try:
            promotions = self._store.promotions()
        except ModelStoreError as error:
            raise Unanswered(str(error)) from error
        return promotions[-1].version if promotions else BASELINE

    def in_use(self) -> InUse | None:
        """That model, calibrated by the last weeks; without one their baseline; None without any history."""
        version = self.version_in_use()
        examples = self._lately()
        if examples is None:
            return None
        cut_us = to_us(self._now())
        if version != BASELINE:
            try:
                stored = self._store.forecasters(version)
                return InUse(version, recalibrated(stored, examples, cut_us, _PLAN))
            except UnreadableModel as error:
                log.error("model_unreadable", version=version, reason=str(error))
            except ModelStoreError as error:
                raise Unanswered(str(error)) from error
        return InUse(BASELINE, baselines(examples, cut_us, _PLAN))

    def recent(self) -> Sequence[Change]:
        """What changed in the last day."""
        with _asked(), closing(analytics_client(self._installation)) as client:
            try:
                span = recorded_span(client, self._now() - _RECENT)
            except NoHistory:
                return []
            return list(changes_of_facts(recorded_facts(client, span)))

    def _lately(self) -> Examples | None:
        days = timedelta(days=_PLAN.calibration_days + _PLAN.settling_days)
        with _asked(), closing(analytics_client(self._installation)) as client:
            try:
                span = recorded_span(client, self._now() - days)
            except NoHistory:
                return None
            sample = sample_of(span.events, _MOST_LOOKED_AT)
            return examples_of(changes_of_facts(recorded_facts(client, span)), self._zone, sample=sample)


@contextmanager
def _asked() -> Iterator[None]:
    try:
        yield
    except (clickhouse_connect.driver.exceptions.ClickHouseError, HTTPError, OSError) as error:
        raise Unanswered(f"ClickHouse: {type(error).__name__}") from error
