"""What the page of forecasts is told of the model in use: its track record on held-out days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from dashboards.forecast.held_out import Counts, HeldOut, NoModel
from runtime.installation import Installation
from runtime.predictions.models import model_store
from runtime.predictions.store import ModelStore, ModelStoreError, Promotion

_TRAIN = "`radstream train` makes a model from the events in ClickHouse."
_NO_MODEL = NoModel(
    "No model was trained yet: forecasts are what exams like these took in the last weeks; "
    "without such weeks there are none.",
    f"{_TRAIN} A new department can make itself a past first: `radstream history`.",
)


class StandingRecord:
    """Asks the object store: `dashboards.forecast.held_out.AskHeldOut`. Blocking."""

    def __init__(self, installation: Installation) -> None:
        """Does not connect yet."""
        self._store: ModelStore = model_store(installation)

    def __call__(self) -> HeldOut | NoModel:
        """What is in use now."""
        try:
            promotions = self._store.promotions()
            if not promotions:
                return _NO_MODEL
            version = promotions[-1].version
            record, drift = self._store.record(version), self._store.drift(version)
            return held_out_of(promotions[-1], self._store.about(version), record, drift)
        except ModelStoreError as error:
            why = f"Which model is in use is not known: {error}."
            return NoModel(why, "`radstream status` says whether the object store serves.")


def held_out_of(
    promotion: Promotion,
    about: Mapping[str, Any],
    record: Mapping[str, Any] | None,
    drift: Mapping[str, Any] | None = None,
) -> HeldOut:
    """The same from what the store has of it; `record` and `drift` are None where none was kept."""
    rows = {} if record is None else {name: _rows(part) for name, part in record.items()}
    days = sorted(date.fromisoformat(row["day"]) for row in rows.get("days", ()))
    return HeldOut(
        version=promotion.version,
        made_at=datetime.fromisoformat(about["made_at"]),
        why_in_use=promotion.why,
        data_from=datetime.fromisoformat(about["data_from"]),
        data_until=datetime.fromisoformat(about["data_until"]),
        exams=about["exams"],
        without_model={name: why for name, why in about["milestones"].items() if why != "model"},
        drift_verdict=None if drift is None else drift["verdict"],
        drift=() if drift is None else tuple(drift["reasons"]),
        drift_at=None if drift is None else datetime.fromisoformat(drift["at"]),
        first_day=days[0] if days else None,
        last_day=days[-1] if days else None,
        days=rows.get("days", ()),
        tenths=rows.get("tenths", ()),
        warnings=rows.get("warnings", ()),
    )


def _rows(part: Mapping[str, Any]) -> list[Counts]:
    return [dict(zip(part["columns"], row, strict=True)) for row in part["rows"]]
