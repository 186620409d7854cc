"""What each part is for, and what follows while it is away: so that a page can say what to do. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PartWords:
    """does: What it is for. without: What follows while it is away."""

    does: str
    without: str


_WORDS = {
    "kafka": PartWords(
        "The log", "Nothing is acknowledged: senders keep their messages, images wait in the spool."
    ),
    "registry": PartWords("Contracts of the events", "Parts that run go on; none can be started."),
    "clickhouse": PartWords("Figures and history", "The board goes on; figures and timelines do not."),
    "objectstore": PartWords("Images", "Images wait in the spool; pictures are not shown."),
    "fold": PartWords("Events to worklist and turnaround", "The board stands still; nothing is lost."),
    "archive": PartWords(
        "The log to the object store, signed", "The archive grows old; it catches up by itself."
    ),
    "reconciler": PartWords("Joins images and orders", "New images without an order stay unmatched."),
    "alerts": PartWords("Targets and alerts", "Nobody is warned of a target that is about to be missed."),
    "predictions": PartWords("Forecasts of open exams", "Forecasts grow old, and are shown as old."),
    "sink": PartWords(
        "The log to ClickHouse", "Figures and timelines grow old; they catch up by themselves."
    ),
    "hl7": PartWords("Takes HL7 messages", "Senders get no answer and keep their messages."),
    "hl7-out": PartWords("Reports to other systems", "Reports are delivered later."),
    "dicom": PartWords("Takes images, answers queries", "Modalities cannot send; they keep their images."),
    "dicom-archive": PartWords("Spool to object store", "Images wait in the spool."),
    "dicom-out": PartWords("Studies to other systems", "Studies are sent on later."),
    "webhook": PartWords("Alerts to other systems", "Other systems are told of alerts later."),
    "audit-syslog": PartWords(
        "Accesses to audit repositories", "Audit repositories are told of accesses later."
    ),
    "dashboard": PartWords("These pages", "No page is shown; nothing else needs them."),
    "simulator": PartWords("Simulated department", "Nothing is simulated any more."),
}
_UNKNOWN = PartWords("", "")


def words_of(part: str) -> PartWords:
    """Of the second and third process of a role those of the role."""
    role, _, number = part.rpartition("-")
    return _WORDS.get(part) or (_WORDS.get(role) if number.isdigit() else None) or _UNKNOWN


def next_step(part: str, state: str) -> str:
    """What to do about a part in this state; empty where there is nothing to do."""
    log = f"logs/{part}.log in the data directory says why"
    return {
        "starting": "Wait: it serves when it has made ready.",
        "died": f"Wait: it is started again by itself. {log[0].upper()}{log[1:]}.",
        "gone": f"Its process is not there and is about to be started again; {log}.",
        "failed": f"It is not started again by itself: {log}. Mend that, then `radstream down` and `up`.",
    }.get(state, "")
