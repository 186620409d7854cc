"""The measured intervals of an exam: one table for the fold, the pages and the documents.

A name in it is on the wire (`radstream.parts.Interval`): it is never given another meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Milestone:
    """A point in an exam's way. `swim_codes`: RadLex SWIM codes of the steps that state it."""

    label: str
    swim_codes: tuple[str, ...] = ()


MILESTONES: Mapping[str, Milestone] = {
    "ordered": Milestone("ordered", ("RID45813",)),
    "protocolled": Milestone("protocolled", ("RID45824",)),
    "scheduled": Milestone("scheduled", ("RID45814",)),
    "arrived": Milestone("arrived", ("RID45825",)),
    "prepared": Milestone("ready", ("RID45900",)),
    "entered_room": Milestone("in the room", ("RID45897",)),
    "left_room": Milestone("out of the room", ("RID45899",)),
    "started": Milestone("started", ("RID46000",)),
    "first_acquired": Milestone("first image acquired", ("RID46001",)),
    "completed": Milestone("completed", ("RID45847",)),
    "first_image": Milestone("first image stored", ("RID46001",)),
    "stored": Milestone("stored", ("RID45871",)),
    "study_stored": Milestone("study complete in the archive", ("RID45835",)),
    "committed": Milestone("storage committed", ("RID45830",)),
    "analysis_started": Milestone("analysis started", ("RID45834",)),
    "analysed": Milestone("analysis completed", ("RID45833",)),
    "opened": Milestone("opened", ("RID45893",)),
    "interpretation_started": Milestone("interpretation started", ("RID45874",)),
    "dictation_started": Milestone("dictation started", ("RID45858",)),
    "dictated": Milestone("dictated", ("RID45859",)),
    "preliminary": Milestone("preliminary", ("RID45911",)),
    "final": Milestone("final report", ("RID45865",)),
    "corrected": Milestone("corrected", ("RID45850",)),
    "delivered": Milestone("report delivered", ("RID45865",)),
    "viewed": Milestone("report viewed", ("RID45931",)),
    "acknowledged": Milestone("report acknowledged", ("RID45930",)),
    "critical_attempted": Milestone("critical result: first attempt", ("RID45831",)),
    "critical_notified": Milestone("critical result told", ("RID45854",)),
    "critical_acknowledged": Milestone("critical result acknowledged", ("RID45930",)),
    "cancelled": Milestone("cancelled", ("RID45862", "RID46003")),
    # The first of dictated, preliminary and final.
    "result": Milestone("first result", ("RID45859", "RID45911", "RID45865")),
}


@dataclass(frozen=True, slots=True)
class IntervalSpec:
    """A named interval: from the first time that `start` was reached to the first time that `end` was.

    swim_code: the lexicon's own metric, where it has this one. priority: only of exams with this priority.
    to_last: to the last time that `end` was reached.
    """

    phase: str
    name: str
    start: str
    end: str
    meaning: str
    swim_code: str | None = None
    priority: str | None = None
    to_last: bool = False

    @property
    def label(self) -> str:
        """As pages show it."""
        start, end = MILESTONES[self.start].label, MILESTONES[self.end].label
        return f"{start[0].upper()}{start[1:]} → {end}"


_ORDER, _SCAN, _STORE = "Order and patient", "Acquisition", "Images"
_READ, _REPORT, _CRITICAL, _WHOLE = "Reading", "Report", "Critical result", "Whole exam"

INTERVALS: tuple[IntervalSpec, ...] = (
    IntervalSpec(
        _WHOLE,
        "report_turnaround",
        "completed",
        "final",
        "Report turnaround: end of imaging to the signed report (ACR GRID)",
        "RID45976",
    ),
    IntervalSpec(_WHOLE, "order_to_final", "ordered", "final", "From the order to the signed report"),
    IntervalSpec(_WHOLE, "arrival_to_final", "arrived", "final", "From arrival to the signed report"),
    IntervalSpec(
        _WHOLE, "order_to_completed", "ordered", "completed", "From the order to the end of imaging"
    ),
    IntervalSpec(_ORDER, "order_to_protocol", "ordered", "protocolled", "Until a protocol was chosen"),
    IntervalSpec(_ORDER, "order_to_scheduled", "ordered", "scheduled", "Until the exam had an appointment"),
    IntervalSpec(_ORDER, "order_to_arrival", "ordered", "arrived", "Until the patient arrived"),
    IntervalSpec(_ORDER, "order_to_start", "ordered", "started", "From the order to the start of imaging"),
    IntervalSpec(
        _ORDER,
        "stat_order_to_start",
        "ordered",
        "started",
        "The same of STAT orders: time from STAT order to acquisition",
        "RID45982",
        priority="STAT",
    ),
    IntervalSpec(
        _ORDER, "arrival_to_start", "arrived", "started", "Wait of the patient in the department", "RID45979"
    ),
    IntervalSpec(_ORDER, "arrival_to_ready", "arrived", "prepared", "Preparation of the patient"),
    IntervalSpec(_ORDER, "ready_to_start", "prepared", "started", "Wait of the prepared patient"),
    IntervalSpec(_SCAN, "acquisition", "started", "completed", "Duration of imaging", "RID45981"),
    IntervalSpec(_SCAN, "room", "entered_room", "left_room", "Patient in the room", "RID45980"),
    IntervalSpec(_STORE, "completion_to_stored", "completed", "stored", "Until the first transfer had ended"),
    IntervalSpec(
        _STORE,
        "completion_to_study_stored",
        "completed",
        "study_stored",
        "Transfer from the modality: until the last image was in the archive",
        "RID45983",
        to_last=True,
    ),
    IntervalSpec(_STORE, "study_stored_to_committed", "study_stored", "committed", "Storage commitment"),
    IntervalSpec(_STORE, "analysis", "analysis_started", "analysed", "Duration of the algorithm"),
    IntervalSpec(
        _STORE, "completion_to_analysed", "completed", "analysed", "Until an algorithm had a result"
    ),
    IntervalSpec(_READ, "completion_to_opened", "completed", "opened", "Wait for a radiologist"),
    IntervalSpec(
        _READ,
        "completion_to_interpretation",
        "completed",
        "interpretation_started",
        "From the end of imaging to the start of the reading",
    ),
    IntervalSpec(
        _READ, "interpretation", "interpretation_started", "dictated", "From the start of reading to dictated"
    ),
    IntervalSpec(_READ, "dictation", "dictation_started", "dictated", "Duration of the dictation"),
    IntervalSpec(
        _REPORT, "completion_to_preliminary", "completed", "preliminary", "To the preliminary report"
    ),
    IntervalSpec(_REPORT, "dictated_to_preliminary", "dictated", "preliminary", "Transcription"),
    IntervalSpec(_REPORT, "dictated_to_final", "dictated", "final", "Transcription and verification"),
    IntervalSpec(_REPORT, "preliminary_to_final", "preliminary", "final", "Verification"),
    IntervalSpec(_REPORT, "final_to_delivered", "final", "delivered", "Delivery to another system"),
    IntervalSpec(_REPORT, "final_to_viewed", "final", "viewed", "Until the referring side opened the report"),
    IntervalSpec(
        _REPORT, "final_to_acknowledged", "final", "acknowledged", "Until the referring side acknowledged it"
    ),
    IntervalSpec(
        _CRITICAL,
        "critical_notification",
        "result",
        "critical_notified",
        "From the first result to the critical notification (ACR category 1: minutes, 2: hours, 3: days)",
        "RID45984",
    ),
    IntervalSpec(
        _CRITICAL,
        "critical_attempt_to_notified",
        "critical_attempted",
        "critical_notified",
        "From the first attempt to someone who was reached",
    ),
    IntervalSpec(
        _CRITICAL,
        "critical_acknowledgement",
        "critical_notified",
        "critical_acknowledged",
        "Until the referring side acknowledged it",
    ),
)
BY_NAME: Mapping[str, IntervalSpec] = {spec.name: spec for spec in INTERVALS}

# Why an interval whose two ends are known is not measured.
REASONS: Mapping[str, str] = {
    "end_before_start": "Its end was said to be before its start, though by less than the bound",
    "clock_fault": "One of its ends contradicts another milestone by more than the bound, or lies after the "
    "time at which it was recorded, or decades before: a clock is wrong, or a person entered a wrong time",
}
# The bound, in seconds. Clocks that are kept by NTP are within one; people are within minutes.
CLOCK_BOUND_S = 300
# What cannot be the other way round, whoever says it.
ORDERED_PAIRS: tuple[tuple[str, str], ...] = (
    ("arrived", "completed"),
    ("entered_room", "left_room"),
    ("started", "completed"),
    ("started", "preliminary"),
    ("started", "final"),
    ("completed", "final"),
    ("interpretation_started", "final"),
    ("dictated", "final"),
    ("preliminary", "final"),
)
