"""Every operation of the API, for its document."""

from __future__ import annotations

from dataclasses import dataclass

_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: path, what it is for, the parameters that it takes by name, and what it answers with.

    analytics: ClickHouse, or another part than the dashboard, has to be there for it.
    success: The status of an answer that is no refusal.
    passing: What it says is another thing with every second: no ETag.
    as_of: It can tell what was at an instant.
    body: Members of the JSON that it is sent; the first is required.
    """

    path: str
    summary: str
    parameters: tuple[str, ...] = ()
    media_type: str = _JSON
    answer: tuple[str, ...] = ()
    analytics: bool = False
    method: str = "get"
    body: tuple[str, ...] = ()
    success: str = "200"
    passing: bool = False
    as_of: bool = False


_CHOSEN = ("site", "modality", "priority", "patient_class")
_PERIOD = ("interval", "from", "to", *_CHOSEN)
_COMPARED = (*_PERIOD, "compare_from", "compare_to")
_QUALITY = ("from", "to", "bound_s", "site", "system", "facility", "protocol")
_FORECASTS = ("milestone", "modality", "priority")
_AUDIT = ("from", "to", "user", "exam_of", "patient", "access", "outcome")
_WHAT_IF = ("targets", "from", "to", "interval", *_CHOSEN)
WHAT_IF_TARGETS = "/api/what-if/targets"
EXAM = "/api/exams/{exam_id}"
RECONCILIATION = f"{EXAM}/reconciliation"

OPERATIONS = (
    Operation(
        "/api/board",
        "Count and longest-waiting exam of each stage.",
        (),
        _JSON,
        ("site", "day", "stages"),
        as_of=True,
    ),
    Operation(
        "/api/worklist",
        "One page of the exams that are under way or were finished today.",
        ("stage", "modality", "priority", "q", "limit", "cursor"),
        _JSON,
        ("items", "total", "next_cursor"),
        as_of=True,
    ),
    Operation(
        "/api/turnaround",
        "Percentiles of one interval by modality and priority, and how many of the day kept their targets.",
        ("day", "interval", *_CHOSEN),
        _JSON,
        ("day", "interval", "modalities", "priorities", "cells", "all"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        "/api/today",
        "What was done today until now, by the hour, beside the same weekday of the four weeks before.",
        ("interval", *_CHOSEN),
        _JSON,
        ("day", "hour", "weeks", "interval", "series"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        "/api/alerts",
        "The open alerts, what can still be kept first.",
        (),
        _JSON,
        ("warned", "breached", "alerts"),
        as_of=True,
    ),
    Operation(
        "/api/playback",
        "The day that as_of lies in: the board as the day began, and what changed in each few minutes of it.",
        ("step_min",),
        _JSON,
        ("as_of", "day", "start", "end", "known_until", "step_s", "frames"),
        as_of=True,
    ),
    Operation(
        "/api/check",
        "The last comparison of all turnaround times with those made from the events a second way, in SQL.",
        (),
        _JSON,
        ("state", "is_running", "compared_at", "exams", "intervals", "differences", "failed", "next_at"),
    ),
    Operation(
        "/api/stream",
        "Server-sent events: status, snapshot, delta, alerts; resumes after Last-Event-ID.",
        ("exam", "Last-Event-ID"),
        "text/event-stream",
    ),
    Operation(
        EXAM,
        "What is known of one exam.",
        ("exam_id",),
        _JSON,
        ("exam", "found_in", "analytics"),
        as_of=True,
    ),
    Operation(
        f"{EXAM}/timeline",
        "Its events in the order in which they occurred: source, both clocks, and what each changed.",
        ("exam_id", "limit", "cursor"),
        _JSON,
        ("exam_id", "events", "total", "next_cursor"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        f"{EXAM}/reports",
        "The versions of its report: never what they say.",
        ("exam_id",),
        _JSON,
        ("exam_id", "reports"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        f"{EXAM}/alerts",
        "Every alert that it had.",
        ("exam_id",),
        _JSON,
        ("exam_id", "alerts"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        f"{EXAM}/series",
        "Its series; `middle` is the image that stands for each.",
        ("exam_id", "limit", "cursor"),
        _JSON,
        ("exam_id", "series", "next_cursor", "shows_pictures"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        f"{EXAM}/images/{{sop_instance_uid}}/picture",
        "A small picture of one image. The access is in the audit topic before it goes out.",
        ("exam_id", "sop_instance_uid"),
        "image/webp",
        analytics=True,
    ),
    Operation(
        RECONCILIATION,
        "The exams that an exam's images may belong to, and the images that were joined to it.",
        ("exam_id", "q"),
        _JSON,
        ("exam_id", "candidates", "joined", "complete"),
    ),
    Operation(
        RECONCILIATION,
        "Say that an exam's images belong to another exam, or with undo that they do not. Kafka has it then.",
        ("exam_id",),
        _JSON,
        ("reconciled", "from_exam_id", "into_exam_id", "event_ids"),
        method="post",
        body=("into", "undo"),
    ),
    Operation(
        "/api/provenance",
        "Whether invented events are among what is shown, and from when to when they tell.",
        (),
        _JSON,
        ("known", "synthetic"),
    ),
    Operation("/api/intervals", "Every interval and what it means.", (), _JSON, ("intervals",)),
    Operation(
        "/api/turnaround/choices",
        "The values of each filter.",
        (),
        _JSON,
        ("site", "modality"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        "/api/turnaround/exams",
        "The exams behind the figures.",
        (*_PERIOD, "limit", "cursor"),
        _JSON,
        ("rows", "next_cursor"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        "/api/turnaround/exams.{kind}",
        "The same as a file.",
        (*_PERIOD, "kind"),
        "*/*",
        analytics=True,
        as_of=True,
    ),
    Operation(
        "/api/turnaround/{part}",
        "One figure of a period, beside the same of another.",
        (*_COMPARED, "part"),
        _JSON,
        ("interval", "label", "meaning", "period", "rows"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        "/api/turnaround/{part}.{kind}",
        "Its rows as a file.",
        (*_COMPARED, "part", "kind"),
        "*/*",
        analytics=True,
        as_of=True,
    ),
    Operation(
        "/api/forecast/record",
        "What became of forecasts, live ones and those of days held out at training: coverage, pinball loss "
        "and Brier score beside the baseline's, reliability, coverage by day, groups.",
        ("days", *_FORECASTS),
        _JSON,
        ("days", "filters", "verdict", "live", "held_out", "model", "choices"),
        analytics=True,
    ),
    Operation(
        "/api/forecast/warnings",
        "What warnings by breach probability were worth, at every threshold: precision, recall, lead.",
        _FORECASTS,
        _JSON,
        ("days", "filters", "in_use", "raised", "live", "held_out"),
        analytics=True,
    ),
    Operation(
        "/api/quality/choices",
        "The sites and sources of the period.",
        ("from", "to"),
        _JSON,
        ("site", "sources"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        "/api/quality/{figure}",
        "One figure of the quality of data in a period, by source.",
        (*_QUALITY, "figure"),
        _JSON,
        ("part", "meaning", "period", "bound_s", "faults", "rows"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        "/api/quality/{figure}.{kind}",
        "Its rows as a file.",
        (*_QUALITY, "figure", "kind"),
        "*/*",
        analytics=True,
        as_of=True,
    ),
    Operation(
        "/api/quality/{figure}/behind",
        "The exams or events behind a figure, the latest first.",
        (*_QUALITY, "figure", "fault", "station", "limit", "cursor"),
        _JSON,
        ("period", "rows", "next_cursor"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        "/api/quality/{figure}/behind.{kind}",
        "The same as a file.",
        (*_QUALITY, "figure", "fault", "station", "kind"),
        "*/*",
        analytics=True,
        as_of=True,
    ),
    Operation(
        WHAT_IF_TARGETS,
        "The targets in force now, and what a target may say.",
        (),
        _JSON,
        ("targets", "intervals", "priorities", "patient_classes"),
    ),
    Operation(
        WHAT_IF_TARGETS,
        "The targets in a TOML file, as the page edits them; 422 says where it is wrong.",
        (),
        _JSON,
        ("targets",),
        method="post",
        body=("targets",),
    ),
    Operation(
        "/api/what-if",
        "A period judged by the targets in force now and by proposed ones, side by side: all exams, then by "
        "interval, modality, priority and hour.",
        (),
        _JSON,
        ("period", "filters", "interval", "now", "then", "rows"),
        analytics=True,
        method="post",
        body=_WHAT_IF,
    ),
    Operation(
        "/api/what-if.{kind}",
        "Its rows as a file.",
        ("kind",),
        "*/*",
        analytics=True,
        method="post",
        body=_WHAT_IF,
    ),
    Operation(
        "/api/what-if/exams",
        "The exams that one side calls late and the other does not.",
        ("limit", "cursor"),
        _JSON,
        ("rows", "next_cursor"),
        analytics=True,
        method="post",
        body=_WHAT_IF,
    ),
    Operation(
        "/api/what-if/exams.{kind}",
        "The same as a file.",
        ("kind",),
        "*/*",
        analytics=True,
        method="post",
        body=_WHAT_IF,
    ),
    Operation(
        "/api/what-if/staffing",
        "A period with other scanners and readers, modelled by the simulator fed with its arrivals: what was "
        "measured, what the model makes of the staffing that there was, and of the other.",
        (),
        _JSON,
        ("period", "exams", "modelled", "scanners", "reader_hours", "rows"),
        analytics=True,
        method="post",
        body=("readers", "hours", "scanners", "from", "to", "site"),
    ),
    Operation(
        "/api/forecast/volume",
        "How many exams are ordered, arrive, begin, are complete and reported in each of the next 24 hours "
        "and 15 days, by modality: mean, median, and the range that holds four of five, beside the same hour "
        "of the last eight weeks; and what was counted in the days before.",
        ("step", *_CHOSEN),
        _JSON,
        (
            "made_at",
            "hour_at",
            "is_synthetic",
            "method",
            "baseline",
            "words",
            "modalities",
            "history",
            "rows",
        ),
        analytics=True,
        as_of=True,
    ),
    Operation(
        "/api/forecast/volume/record",
        "How right the forecasts of volume and backlog of the last two weeks would have been, each made anew "
        "by what had been counted before it, beside the same hour of the last eight weeks.",
        _CHOSEN,
        _JSON,
        ("days", "promised", "rows"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        "/api/forecast/volume.{kind}",
        "Its rows as a file.",
        ("kind", "step", *_CHOSEN),
        "*/*",
        analytics=True,
        as_of=True,
    ),
    Operation(
        "/api/forecast/backlog",
        "Who waits for a scanner, a reader and a signature; when each queue clears at the present rate and "
        "with other staffing; how many will wait in each of the next 24 hours, with ranges.",
        ("readers", "scanners", *_CHOSEN),
        _JSON,
        ("made_at", "is_synthetic", "change", "assumptions", "words", "queues", "history", "rows"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        "/api/forecast/backlog.{kind}",
        "Its hours as a file.",
        ("kind", "readers", "scanners", *_CHOSEN),
        "*/*",
        analytics=True,
        as_of=True,
    ),
    Operation(
        "/api/session",
        "Who is signed in, with which roles and permissions; when the session ends if nobody touches it.",
        (),
        _JSON,
        ("user", "roles", "permissions", "ends_in_s"),
        passing=True,
    ),
    Operation(
        "/api/deadletters",
        "What could not be processed, the latest first; how many there are by state.",
        ("state", "origin", "reason", "q", "limit", "cursor"),
        _JSON,
        ("items", "total", "totals", "origins", "reasons", "next_cursor"),
        analytics=True,
    ),
    Operation(
        "/api/deadletters/{letter_id}",
        "All of one letter but what was sealed.",
        ("letter_id",),
        _JSON,
        ("dead_letter_id", "state"),
        analytics=True,
    ),
    Operation(
        "/api/deadletters/{letter_id}/payload",
        "What was sealed: it names patients. The access is in the audit topic before it goes out.",
        ("letter_id",),
        "application/octet-stream",
        analytics=True,
    ),
    Operation(
        "/api/deadletters/{letter_id}/{action}",
        "Drive one letter again to whom it was meant for, or dismiss it; answered when that is in Kafka.",
        ("letter_id", "action"),
        _JSON,
        ("dead_letter_id", "taken", "resolution", "answer", "why_not"),
        analytics=True,
        method="post",
    ),
    Operation(
        "/api/deadletters/runs",
        "The same of every open letter that the filter takes; it goes on by itself, at Location.",
        (),
        _JSON,
        ("run_id", "state", "total", "taken", "refused", "results"),
        analytics=True,
        method="post",
        body=("action", "origin", "reason", "q"),
        success="202",
    ),
    Operation(
        "/api/deadletters/runs/{run_id}",
        "How far a run is, and what came of each letter.",
        ("run_id",),
        _JSON,
        ("run_id", "state", "total", "taken", "refused", "results"),
    ),
    Operation(
        "/api/health",
        "Parts, lag, rates, dead letters by the hour, what happened, and the dashboard's own feed.",
        (),
        _JSON,
        ("looked_at", "is_supervised", "parts", "lag", "rates", "notices", "senders", "dashboard"),
        analytics=True,
    ),
    Operation(
        "/api/audit",
        "Who saw, searched or took what, and who signed in, the latest first; asking is recorded, too.",
        (*_AUDIT, "limit", "cursor"),
        _JSON,
        ("period", "filters", "kinds", "rows", "next_cursor"),
        analytics=True,
    ),
    Operation(
        "/api/audit.{kind}",
        "The same as a file.",
        (*_AUDIT, "kind"),
        "*/*",
        analytics=True,
    ),
    Operation("/healthz", "Whether the process works.", (), _JSON, ("alive",)),
    Operation("/readyz", "Whether there is a board to show.", (), _JSON, ("ready",)),
)
