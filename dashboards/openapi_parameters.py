"""Every parameter of the API: where it stands, what it may be, what it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboards.as_of.instant import Sense
from dashboards.audit.question import KINDS, OUTCOMES
from dashboards.board import STAGES
from dashboards.dead_letters.desk import STATES
from dashboards.dead_letters.listing import ALL
from dashboards.dead_letters.office import ACTIONS
from dashboards.forecast.question import PERIODS_DAYS
from dashboards.playback_api import STEPS_MIN
from dashboards.quality.definitions import FAULTS
from dashboards.quality.definitions import PARTS as FIGURES
from dashboards.trends_api import MOST_EXAMS
from dashboards.volume.counts import STEPS
from schemas.forecast_record import FORECAST
from schemas.intervals import BY_NAME
from schemas.sealed_letters import ORIGINS

Json = dict[str, Any]

_TEXT: Json = {"type": "string"}
_DATE: Json = {"type": "string", "format": "date"}
_PARTS = ["summary", "trend", "distribution", "heatmap", "stages", "readers", "scanners"]
PARAMETERS: Mapping[str, tuple[str, Json, str]] = {
    "exam_id": ("path", _TEXT, "As in the worklist; each slash as %2F."),
    "sop_instance_uid": ("path", _TEXT, "SOPInstanceUID of an image of the exam."),
    "part": ("path", {"enum": _PARTS}, "Which figure."),
    "figure": ("path", {"enum": ["summary", *FIGURES]}, "Which figure."),
    "fault": (
        "query",
        {"enum": [*FAULTS["missing"], *FAULTS["contradictions"], ""]},
        "Which fault, of `missing` and `contradictions`.",
    ),
    "station": ("query", _TEXT, "AE title of the scanner, of `scanners`."),
    "bound_s": ("query", {"type": "integer", "minimum": 1}, "Seconds after which an event is late; 300."),
    "system": ("query", _TEXT, "Only of this sending application or AE title."),
    "facility": ("query", _TEXT, "Only of this sending facility; empty for what names none."),
    "protocol": ("query", _TEXT, "HL7v2 or DICOM."),
    "letter_id": ("path", _TEXT, "Id of the dead letter."),
    "action": ("path", {"enum": [*ACTIONS]}, "What is done with it."),
    "run_id": ("path", _TEXT, "As the answer that began the run names it."),
    "state": (
        "query",
        {"enum": [*STATES, ALL, ""]},
        "Only letters in this state; open where missing.",
    ),
    "origin": ("query", {"enum": [*ORIGINS, ""]}, "Only letters of this origin."),
    "reason": ("query", _TEXT, "Only letters of this reason."),
    "kind": ("path", {"enum": ["csv", "parquet"]}, "Which kind of file."),
    "step": ("query", {"enum": [*STEPS, ""]}, "Which step is counted; all of them where it is missing."),
    "readers": ("query", _TEXT, "How many more or fewer readers there are from now on, as +1 (%2B1) or -1."),
    "scanners": ("query", _TEXT, "More or fewer scanners by modality, as CT+1 MR-1; the + as %2B."),
    "user": ("query", _TEXT, "Only what this user did."),
    "exam_of": ("query", _TEXT, "Only what concerns the exam of this id."),
    "patient": ("query", _TEXT, "Only what concerns this patient: 8 or more digits of the pseudonym."),
    "outcome": ("query", {"enum": [*OUTCOMES]}, "Only accesses that ended so (RFC 3881)."),
    "access": ("query", {"enum": [*KINDS]}, "Only accesses of this kind (DICOM PS3.15, A.5.3)."),
    "stage": ("query", {"enum": [*STAGES, ""]}, "Only exams in this stage."),
    "q": ("query", _TEXT, "Words that all are in it."),
    "exam": ("query", _TEXT, "Only this exam."),
    "days": ("query", {"enum": [*map(str, PERIODS_DAYS)]}, "Of how many days, today among them; 7."),
    "milestone": ("query", {"enum": [*FORECAST, ""]}, "Only forecasts of this milestone."),
    "day": ("query", _DATE, "By the department's calendar; today where it is missing."),
    "interval": ("query", {"enum": [*BY_NAME]}, "Name of an interval, see /api/intervals."),
    "from": ("query", _DATE, "First day of the period; six days before `to` where it is missing."),
    "to": ("query", _DATE, "Last day of the period; today where it is missing."),
    "compare_from": ("query", _DATE, "First day of the period to compare with."),
    "compare_to": ("query", _DATE, "Last day of it."),
    "site": ("query", _TEXT, "Only exams of this site."),
    "modality": ("query", _TEXT, "Only exams of this modality."),
    "priority": ("query", _TEXT, "Only exams of this priority; ROUTINE has those without one."),
    "patient_class": ("query", _TEXT, "Only exams of this patient class."),
    "limit": (
        "query",
        {"type": "integer", "minimum": 1, "maximum": MOST_EXAMS},
        "Most items of the page; some have a lower bound.",
    ),
    "cursor": ("query", _TEXT, "next_cursor of the page before."),
    "step_min": ("query", {"enum": [*STEPS_MIN]}, "Minutes from one frame to the next; 5."),
    "as_of": (
        "query",
        {"type": "string", "format": "date-time"},
        "Instant of which to tell, with its zone, not in the future; now where it is missing.",
    ),
    "sense": (
        "query",
        {"enum": [*Sense, ""]},
        "Of as_of: recorded (what we knew then, the default) or occurred (what was true then).",
    ),
    "If-None-Match": ("header", _TEXT, "ETag of an earlier answer: 304 where nothing has changed."),
    "Last-Event-ID": ("header", _TEXT, "Where a broken stream goes on."),
}
