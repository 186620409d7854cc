"""One exam's past: its events, its images, and its row when it has left the board."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import anyio.to_thread

from dashboards.analytics import Analytics, Row, utc
from dashboards.as_of.sql import EVER, UNTIL, Until
from dashboards.cards import Json
from dashboards.changes import Effect, Explain, LoggedEvent
from dashboards.interval_words import interval_words
from dashboards.stored_rows import details, logged_event, row_of, worklist_row
from schemas.views import AlertRow, WorklistRow

MAX_EVENTS = 2_000

_EVENTS = f"""
SELECT event_id, exam_id, event_type, occurred_at, recorded_at, source_system, source_facility,
       source_protocol, source_message_id, site, patient_key, swim_code, corrects, payload
FROM v_events WHERE exam_id = {{exam_id:String}} AND event_type != 'AccessRecorded' AND {UNTIL}
ORDER BY occurred_at, recorded_at, event_id LIMIT {{limit:UInt32}}
"""  # noqa: S608 - made from our own constants

_ALERTS = """
SELECT * FROM v_alerts WHERE exam_id = {exam_id:String} ORDER BY start_at, interval, said_at
"""

_ACCESSES = f"""
SELECT count() AS times, max(occurred_at) AS last_at
FROM v_events WHERE exam_id = {{exam_id:String}} AND event_type = 'AccessRecorded' AND {UNTIL}
"""  # noqa: S608 - made from our own constants

_IMAGES = f"""
SELECT count() AS images, uniqExact(series_instance_uid) AS series, sum(size_bytes) AS size_bytes
FROM v_instances WHERE exam_id = {{exam_id:String}} AND {UNTIL}
"""  # noqa: S608 - made from our own constants

_ROWS = """
SELECT * EXCEPT (phi_nonce, phi_ciphertext), hex(phi_nonce) AS nonce, hex(phi_ciphertext) AS ciphertext
FROM v_worklist
"""
_ROW = f"{_ROWS} WHERE exam_id = {{exam_id:String}}"
_LIKE = f"""{_ROWS}
WHERE exam_id != {{exam_id:String}} AND reconciled_into = '' AND stage != 'cancelled'
  AND if({{text:String}} = '',
         (accession_number != '' AND accession_number = {{accession:String}})
         OR (patient_key != '' AND patient_key = {{patient_key:String}})
         OR (study_instance_uid != '' AND study_instance_uid = {{study:String}}),
         accession_number = {{text:String}} OR exam_id = {{text:String}})
ORDER BY last_occurred_at DESC LIMIT {{limit:UInt32}}
"""
_JOINED = "SELECT exam_id FROM v_worklist WHERE reconciled_into = {exam_id:String} LIMIT {limit:UInt32}"
_MOST_LIKE = 50

_SWIM_TERMS = {
    "RID45813": "OrderCreated",
    "RID45814": "TimeScheduled",
    "RID45825": "Pt Arrived",
    "RID46000": "ProcedureStart",
    "RID45847": "ImagingComplete",
    "RID45826": "DataAcquired",
    "RID46001": "FirstImage",
    "RID45871": "ImagesStoredInArchive",
    "RID45859": "Dictated",
    "RID45911": "PrelimPublish",
    "RID45865": "FinalPublish",
    "RID45924": "Final report approved",
    "RID45850": "ReportCorrected",
    "RID45862": "ExamCancelled",
    "RID46003": "EarlyExamTermination",
}


class History:
    """Asks ClickHouse about one exam. Every question may raise AnalyticsUnavailable."""

    def __init__(self, analytics: Analytics, explain: Explain | None = None) -> None:
        """`explain`: what events changed; without it they do not tell."""
        self._analytics = analytics
        self._explain = explain

    async def events(self, exam_id: str, until: Until = EVER, *, explained: bool = True) -> list[Json]:
        """The events of an exam in the order in which they occurred, at most MAX_EVENTS.

        Each with what it changed when it became known, where it is to be `explained`. Who looked at the exam
        is not among them.
        """
        asked = {**until.parameters, "exam_id": exam_id, "limit": MAX_EVENTS}
        rows = await self._analytics.ask(until.put_into(_EVENTS), asked)
        effects = await self._effects([logged_event(row) for row in rows]) if explained else {}
        events = [_event(row) | _told(effects.get(str(row["event_id"]))) for row in rows]
        for earlier, later in pairwise(events):
            later["delay_s"] = (later["occurred_at"] - earlier["occurred_at"]).total_seconds()
        return events

    async def alerts(self, exam_id: str) -> list[AlertRow]:
        """Every alert that the exam ever had, as it last stood."""
        return [row_of(AlertRow, row) for row in await self._analytics.ask(_ALERTS, {"exam_id": exam_id})]

    async def accesses(self, exam_id: str, until: Until = EVER) -> Json:
        """How often its images were looked at or taken, and when last."""
        asked = {**until.parameters, "exam_id": exam_id}
        (row,) = await self._analytics.ask(until.put_into(_ACCESSES), asked)
        return {"times": row["times"], "last_at": utc(row["last_at"]) if row["times"] else None}

    async def _effects(self, events: list[LoggedEvent]) -> Mapping[str, Effect]:
        if self._explain is None:
            return {}
        return await anyio.to_thread.run_sync(self._explain, events)

    async def images(self, exam_id: str, until: Until = EVER) -> Row:
        """How many images, in how many series, of how many bytes."""
        asked = {**until.parameters, "exam_id": exam_id}
        return (await self._analytics.ask(until.put_into(_IMAGES), asked))[0]

    async def row(self, exam_id: str) -> WorklistRow | None:
        """The exam as it last stood, also when it was finished long ago."""
        rows = await self._analytics.ask(_ROW, {"exam_id": exam_id})
        return worklist_row(rows[0]) if rows else None

    async def like(self, exam: WorklistRow, text: str = "") -> list[WorklistRow]:
        """Exams of the same accession number, patient or study; with `text`, of that number or id."""
        asked = {
            "exam_id": exam.exam_id,
            "text": text,
            "accession": exam.accession_number or "",
            "patient_key": exam.patient_key or "",
            "study": exam.study_instance_uid or "",
            "limit": _MOST_LIKE,
        }
        return [worklist_row(row) for row in await self._analytics.ask(_LIKE, asked)]

    async def joined_to(self, exam_id: str) -> list[str]:
        """The exam_ids whose images belong to this exam."""
        asked = {"exam_id": exam_id, "limit": _MOST_LIKE}
        return [row["exam_id"] for row in await self._analytics.ask(_JOINED, asked)]


def _event(row: Row) -> Json:
    return {
        "event_id": str(row["event_id"]),
        "type": str(row["event_type"]).rpartition(".")[2],
        "occurred_at": utc(row["occurred_at"]),
        "recorded_at": utc(row["recorded_at"]),
        "delay_s": None,
        "lag_s": (utc(row["recorded_at"]) - utc(row["occurred_at"])).total_seconds(),
        "source": {
            "system": row["source_system"],
            "facility": row["source_facility"],
            "protocol": row["source_protocol"],
            "message_id": row["source_message_id"],
        },
        "swim_code": row["swim_code"] or None,
        "swim_term": _SWIM_TERMS.get(row["swim_code"]),
        "corrects": str(row["corrects"]) if row["corrects"] else None,
        "details": details(row["payload"]),
    }


def _told(effect: Effect | None) -> Json:
    if effect is None:
        return {"changes": None, "measured": None}
    return {"changes": effect.changes, "measured": [interval_words(name) for name in effect.measured]}
