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
from processors.predictions.drift import Drift, drift_of
from processors.predictions.examples import Change, Examples, examples_of, sample_of
from processors.predictions.forecaster import Forecasters
from processors.predictions.history import changes_of_facts
from processors.predictions.model import UnreadableModel
from processors.predictions.training import TrainingPlan, baselines, recalibrated
from runtime.analytics import analytics_client
from runtime.installation import Installation
from runtime.predictions.models import model_store
from runtime.predictions.recorded import NoHistory, recorded_facts, recorded_span
from runtime.predictions.store import DamagedEntry, ModelStore, ModelStoreError, NoSuchModel
from runtime.predictions.turns import versions_in_turn

log = structlog.get_logger("predictions")
_RECENT = timedelta(days=1)
_MOST_LOOKED_AT = 150_000
_PLAN = TrainingPlan()
_MOST_TRIED = 3


class InstallationModels:
    """Asks the object store and ClickHouse. Blocking; raises Unanswered where one of them does not answer."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._store: ModelStore = model_store(installation)
        self._now = installation.now()
        self._zone = ZoneInfo(installation.settings.zone)
        self._has_served = False

    def version_in_use(self) -> str:
        """Of the model that was promoted last, or that there is none."""
        try:
            promotions = self._store.promotions()
        except DamagedEntry:
            return BASELINE
        except ModelStoreError as error:
            raise Unanswered(str(error)) from error
        return promotions[-1].version if promotions else BASELINE

    def in_use(self) -> InUse | None:
        """That model, calibrated by the last weeks; without one their baseline; None without any history."""
        examples = self._lately()
        if examples is None:
            return None
        found = self._found(examples, to_us(self._now()))
        self._has_served = True
        return found

    def _found(self, examples: Examples, cut_us: int) -> InUse:
        try:
            versions = versions_in_turn(self._store.promotions())
            found, notes = self._readable(versions)
        except DamagedEntry as error:
            versions, found, notes = [BASELINE], None, [str(error)]
        except ModelStoreError as error:
            if self._has_served:
                raise Unanswered(str(error)) from error
            # Better than nothing until it answers; nothing is called wanted, so it is asked for at each look.
            why = f"the store of models gives no answer ({error})"
            return InUse(BASELINE, baselines(examples, cut_us, _PLAN, why), "", why)
        wanted, note = (versions or [BASELINE])[0], "; ".join(notes)
        if found is None:
            why = note or "no model was trained yet"
            return InUse(BASELINE, baselines(examples, cut_us, _PLAN, why), wanted, note)
        version, stored = found
        drift = self._drift(version, stored, examples, cut_us)
        return InUse(version, recalibrated(stored, examples, cut_us, _PLAN), wanted, note, drift)

    def _readable(self, versions: Sequence[str]) -> tuple[tuple[str, Forecasters] | None, list[str]]:
        """The latest that can be read, and why later ones cannot."""
        notes: list[str] = []
        for version in versions[:_MOST_TRIED]:
            try:
                return (version, self._store.forecasters(version)), notes
            except (UnreadableModel, NoSuchModel, DamagedEntry) as error:
                log.error("model_unreadable", version=version, reason=str(error))
                notes.append(f"model {version} cannot be used: {error}")
        return None, notes

    def _drift(self, version: str, stored: Forecasters, examples: Examples, cut_us: int) -> Drift:
        about = self._store.about(version)
        found = drift_of(about.get("profile", {}), about.get("scores", ()), stored, examples, cut_us, _PLAN)
        try:
            self._store.keep_drift(version, {"at": self._now().isoformat(), **found.to_record()})
        except ModelStoreError as error:
            log.warning("drift_not_kept", reason=str(error))
        return found

    def recent(self) -> Iterator[Change]:
        """What changed in the last day, one after the other."""
        with _asked(), closing(analytics_client(self._installation)) as client:
            try:
                span = recorded_span(client, self._now() - _RECENT)
            except NoHistory:
                return
            yield from changes_of_facts(recorded_facts(client, span))

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
