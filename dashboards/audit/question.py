"""What is asked of the audit: a period, a user, an exam, a kind of access or decision. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

from dashboards.audit.decisions import DECISIONS, EVENT_TYPES, USER, WHAT
from dashboards.department import day_bounds
from dashboards.questions import BadQuestion
from dashboards.trends.question import Period, read_period
from schemas.audit_codes import (
    AUDIT_LOG_USED,
    EXECUTE,
    EXPORT,
    INSTANCES_ACCESSED,
    MAJOR_FAILURE,
    MINOR_FAILURE,
    PATIENT_RECORD,
    QUERY,
    SECURITY_ALERT,
    SERIOUS_FAILURE,
    SUCCESS,
    USER_AUTHENTICATION,
)

# As the page calls them, as far as something here says it.
KINDS: Mapping[str, str] = {
    AUDIT_LOG_USED: "Audit seen",
    INSTANCES_ACCESSED: "Images seen or taken",
    EXPORT: "Exported",
    PATIENT_RECORD: "Exam, board or worklist seen",
    QUERY: "Searched",
    USER_AUTHENTICATION: "Signed in or out",
    SECURITY_ALERT: "User or role changed",
    **DECISIONS,
}
OUTCOMES: Mapping[str, str] = {
    SUCCESS: "done",
    MINOR_FAILURE: "refused",
    SERIOUS_FAILURE: "kept waiting",
    MAJOR_FAILURE: "failed",
}
FILTERS = ("user", "exam_of", "patient", "access", "outcome")

_PATIENT_KEY = re.compile(r"[0-9a-f]{8,64}")

# What is in a row, by the name that pages and files have for it.
# A decision was carried out, or it would not be in the log.
ACCESSES = f"""
SELECT recorded_at AS at, toString(event_id) AS id, occurred_at,
       {USER} AS user, JSONExtractString(payload, 'role') AS roles,
       JSONExtractString(payload, 'network_address') AS address,
       if(event_type = 'AccessRecorded', JSONExtractString(payload, 'event_code'), event_type) AS kind,
       if(event_type = 'AccessRecorded', JSONExtractString(payload, 'action'), '{EXECUTE}') AS action,
       if(event_type = 'AccessRecorded', JSONExtractString(payload, 'outcome'), '{SUCCESS}') AS outcome,
       {WHAT} AS what, exam_id, patient_key, source_system AS system
FROM v_events
WHERE event_type IN ({EVENT_TYPES})
  AND recorded_at >= {{start:DateTime64(6, 'UTC')}} AND recorded_at < {{end:DateTime64(6, 'UTC')}}
  AND ({{user:String}} = '' OR user = {{user:String}})
  AND ({{exam_of:String}} = '' OR exam_id = {{exam_of:String}})
  AND ({{patient:String}} = '' OR startsWith(patient_key, {{patient:String}})
    OR exam_id IN (SELECT exam_id FROM v_worklist WHERE startsWith(patient_key, {{patient:String}})))
  AND ({{access:String}} = '' OR kind = {{access:String}})
  AND ({{outcome:String}} = '' OR outcome = {{outcome:String}})
  AND ({{after_id:String}} = '' OR (at, id) < ({{after_at:DateTime64(6, 'UTC')}}, {{after_id:String}}))
ORDER BY at DESC, id DESC LIMIT {{limit:UInt32}}
"""  # noqa: S608 - made from our own constants


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuestion:
    """Accesses and decisions that were recorded in `period`. Empty filters let all through.

    exam_of: an exam_id. patient: a patient_key, or its first digits as pages show them. access: one of KINDS.
    outcome: one of OUTCOMES.
    """

    period: Period
    zone: tzinfo
    user: str = ""
    exam_of: str = ""
    patient: str = ""
    access: str = ""
    outcome: str = ""

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
    if chosen["outcome"] and chosen["outcome"] not in OUTCOMES:
        raise BadQuestion(f"outcome must be one of {', '.join(OUTCOMES)}")
    chosen["patient"] = chosen["patient"].lower()
    if chosen["patient"] and not _PATIENT_KEY.fullmatch(chosen["patient"]):
        raise BadQuestion("patient must be a pseudonym: its 8 to 64 hexadecimal digits")
    return AuditQuestion(period=read_period(asked, today), zone=zone, **chosen)
