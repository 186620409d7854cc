"""What is asked of the audit: a period, a user, an exam, a kind of access. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

from dashboards.department import day_bounds
from dashboards.questions import BadQuestion
from dashboards.trends.question import Period, read_period

# DICOM PS3.15, section A.5.3, as far as something here says it.
KINDS: Mapping[str, str] = {
    "110101": "Audit seen",
    "110103": "Images seen or taken",
    "110106": "Exported",
    "110110": "Exam, board or worklist seen",
    "110112": "Searched",
    "110114": "Signed in or out",
}
OUTCOMES: Mapping[str, str] = {"0": "done", "4": "refused", "8": "failed", "12": "failed"}
FILTERS = ("user", "exam_of", "access")

# What is in a row, by the name that pages and files have for it.
ACCESSES = """
SELECT recorded_at AS at, toString(event_id) AS id, occurred_at,
       JSONExtractString(payload, 'user') AS user, JSONExtractString(payload, 'role') AS roles,
       JSONExtractString(payload, 'network_address') AS address,
       JSONExtractString(payload, 'event_code') AS kind, JSONExtractString(payload, 'action') AS action,
       JSONExtractString(payload, 'outcome') AS outcome, JSONExtractString(payload, 'object') AS what,
       exam_id, source_system AS system
FROM v_events
WHERE event_type = 'AccessRecorded'
  AND recorded_at >= {start:DateTime64(6, 'UTC')} AND recorded_at < {end:DateTime64(6, 'UTC')}
  AND ({user:String} = '' OR user = {user:String})
  AND ({exam_of:String} = '' OR exam_id = {exam_of:String})
  AND ({access:String} = '' OR kind = {access:String})
  AND ({after_id:String} = '' OR (at, id) < ({after_at:DateTime64(6, 'UTC')}, {after_id:String}))
ORDER BY at DESC, id DESC LIMIT {limit:UInt32}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuestion:
    """Accesses that were recorded in `period`. Empty filters let all through.

    exam_of: an exam_id. access: one of KINDS.
    """

    period: Period
    zone: tzinfo
    user: str = ""
    exam_of: str = ""
    access: str = ""

    def parameters(self, after: tuple[str, str] | None, limit: int) -> dict[str, object]:
        """The values of WHERE; `after` is instant and id of the last row of the page before."""
        start, _ = day_bounds(self.period.first, self.zone)
        _, end = day_bounds(self.period.last, self.zone)
        at, after_id = after or (datetime.fromtimestamp(0, UTC).isoformat(), "")
        return {
            "start": start,
            "end": end,
            "after_at": datetime.fromisoformat(at),
            "after_id": after_id,
            "limit": limit,
            **{name: getattr(self, name) for name in FILTERS},
        }

    def reading(self) -> dict[str, object]:
        """As answers repeat it."""
        filters = {name: getattr(self, name) for name in FILTERS if getattr(self, name)}
        return {"period": self.period, "filters": filters}

    def told(self) -> str:
        """As the audit itself has it."""
        asked = [f"{name} {getattr(self, name)}" for name in FILTERS if getattr(self, name)]
        return ", ".join([f"audit from {self.period.first} to {self.period.last}", *asked])


def read_question(asked: Mapping[str, str], today: date, zone: tzinfo) -> AuditQuestion:
    """The question that the parameters ask. Raises BadQuestion."""
    chosen = {name: asked.get(name, "").strip() for name in FILTERS}
    if chosen["access"] and chosen["access"] not in KINDS:
        raise BadQuestion(f"access must be one of {', '.join(KINDS)}")
    return AuditQuestion(period=read_period(asked, today), zone=zone, **chosen)
