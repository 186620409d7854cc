"""The alerts that someone has to care about: warned of, or breached and still under way."""

from __future__ import annotations

from collections.abc import Collection

from dashboards.cards import Json
from schemas.forecast_features import FEATURES
from schemas.intervals import BY_NAME
from schemas.views import AlertRow

OPEN_STATES = ("warned", "breached")
# A page shows so many; the counts are of all.
_SHOWN = 200


class OpenAlerts:
    """Open alerts by id. Not thread-safe: one event loop owns it. Each change gets the next revision."""

    def __init__(self) -> None:
        self._rows: dict[str, AlertRow] = {}
        self.revision = 0
        self.loaded = False

    def put(self, alert_id: str, row: AlertRow | None) -> None:
        """The last row put for an alert is the one that counts."""
        is_open = row is not None and row.state in OPEN_STATES
        if is_open and row is not None and self._rows.get(alert_id) != row:
            self._rows[alert_id] = row
            self.revision += 1
        elif not is_open and self._rows.pop(alert_id, None) is not None:
            self.revision += 1

    def retain(self, alert_ids: Collection[str]) -> None:
        """Take out every alert that is not among `alert_ids`."""
        for alert_id in [alert_id for alert_id in self._rows if alert_id not in alert_ids]:
            self.put(alert_id, None)

    def ordered(self, exam_id: str | None = None) -> list[AlertRow]:
        """What can still be kept first, the soonest due first; then what was missed, the latest first."""
        rows = [row for row in self._rows.values() if exam_id in (None, row.exam_id)]
        warned = sorted((row for row in rows if row.state == "warned"), key=lambda row: row.due_at)
        breached = sorted((row for row in rows if row.state == "breached"), key=lambda row: row.due_at)
        return [*warned, *reversed(breached)]

    def reading(self, exam_id: str | None = None) -> Json:
        """As pages get them: the first ones, and how many there are."""
        rows = self.ordered(exam_id)
        warned = sum(row.state == "warned" for row in rows)
        counts = {"warned": warned, "breached": len(rows) - warned}
        return {**counts, "alerts": [alert_card(row) for row in rows[:_SHOWN]]}


def alert_card(row: AlertRow) -> Json:
    """What is shown of an alert; fields without a value are left out."""
    known = BY_NAME.get(row.interval)
    fields: Json = {
        "alert_id": row.alert_id,
        "exam_id": row.exam_id,
        "accession": row.accession_number,
        "interval": row.interval,
        "label": known.label if known else row.interval,
        "state": row.state,
        "start_at": row.start_at,
        "due_at": row.due_at,
        "modality": row.modality,
        "procedure": row.procedure_name,
        "priority": row.priority,
        "patient_class": row.patient_class,
        "location": row.location,
        "site": row.site,
        **_warning(row),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _warning(row: AlertRow) -> Json:
    """When and why it was warned of, and what became of that."""
    return {
        "warned_at": row.warned_at,
        "warned_by": row.warned_by,
        "warned_before_s": row.warned_before_s,
        "taken_back_at": row.taken_back_at,
        "warning_came_true": row.warning_came_true,
        "breach_probability": row.breach_probability,
        "forecast_at": row.forecast_at,
        "p10_at": row.p10_at,
        "p50_at": row.p50_at,
        "p90_at": row.p90_at,
        "reasons": [FEATURES.get(name, name) for name in row.reasons] if row.reasons else None,
    }
