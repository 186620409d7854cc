"""The questions for the exams and events behind each figure, the latest first. Pure."""
# ruff: noqa: S608 - every text is made from our own constants; what is asked comes as parameters

from __future__ import annotations

from collections.abc import Mapping

from dashboards.quality import sql
from dashboards.quality.definitions import FAULTS

_AFTER = """({after_id:String} = ''
  OR (at, id) < ({after_at:DateTime64(6, 'UTC')}, {after_id:String}))"""
_PAGE = f"WHERE {_AFTER} ORDER BY at DESC, id DESC LIMIT {{limit:UInt32}}"
_SOURCE = "source_system AS system, source_facility AS facility, source_protocol AS protocol"
_EXAM = f"exam_id, accession_number, site, modality, procedure_name, stage, station_ae_title, {_SOURCE}"


def _of_exams(which: str, condition: str, at: str) -> str:
    return f"""
SELECT * FROM (
    SELECT {at} AS at, e.exam_id AS id, {_EXAM}, e.clock_faults AS clock_faults
    FROM {which}
    WHERE ({condition}) AND {sql.OF_SOURCE}
) {_PAGE}
"""


def _of_events(source: str, at: str, value: str, condition: str) -> str:
    return f"""
SELECT * FROM (
    SELECT {at} AS at, toString(event_id) AS id, exam_id, event_type, site, occurred_at, {_SOURCE},
           {value}
    FROM {source} {condition}
) {_PAGE}
"""


def _questions() -> Mapping[tuple[str, str], str]:
    found = {
        ("late", ""): _of_events(sql.EVENTS, "recorded_at", f"{sql.DELAY_S} AS value_s", f"AND {sql.LATE}"),
        ("clocks", ""): _of_events(
            sql.EVENTS, "recorded_at", f"-({sql.DELAY_S}) AS value_s", f"AND {sql.AHEAD_OF_BOUND}"
        ),
        ("duplicates", ""): _of_events(sql.DUPLICATES, "last_recorded_at", "deliveries", ""),
        ("scanners", ""): _of_exams(
            sql.SPOKEN_OF_EXAMS,
            "notEmpty(e.clock_faults) AND e.station_ae_title = {station:String}",
            "e.last_recorded_at",
        ),
    }
    for name, fault in FAULTS["missing"].items():
        found["missing", name] = _of_exams(sql.FINISHED_EXAMS, fault.condition, "assumeNotNull(e.final_at)")
    for name, fault in FAULTS["contradictions"].items():
        found["contradictions", name] = _of_exams(sql.SPOKEN_OF_EXAMS, fault.condition, "e.last_recorded_at")
    return found


BEHIND: Mapping[tuple[str, str], str] = _questions()
"""The question by part and fault; the fault is empty where a part has none."""
