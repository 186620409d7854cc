"""The live views: board, worklist, turnaround today, alerts, and a day played back."""

from __future__ import annotations

from dashboards.operations.operation import CHOSEN, JSON, Operation

OPERATIONS = (
    Operation(
        "/api/board",
        "Count and longest-waiting exam of each stage.",
        (),
        JSON,
        ("site", "day", "stages"),
        as_of=True,
    ),
    Operation(
        "/api/worklist",
        "One page of the exams that are under way or were finished today.",
        ("stage", "modality", "priority", "q", "limit", "cursor"),
        JSON,
        ("items", "total", "next_cursor"),
        as_of=True,
    ),
    Operation(
        "/api/turnaround",
        "Percentiles of one interval by modality and priority, and how many of the day kept their targets.",
        ("day", "interval", *CHOSEN),
        JSON,
        ("day", "interval", "modalities", "priorities", "cells", "all"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        "/api/today",
        "What was done today until now, by the hour, beside the same weekday of the four weeks before.",
        ("interval", *CHOSEN),
        JSON,
        ("day", "hour", "weeks", "interval", "series"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        "/api/alerts",
        "The open alerts, what can still be kept first.",
        (),
        JSON,
        ("warned", "breached", "alerts"),
        as_of=True,
    ),
    Operation(
        "/api/playback",
        "The day that as_of lies in: the board as the day began, and what changed in each few minutes of it.",
        ("step_min",),
        JSON,
        ("as_of", "day", "start", "end", "known_until", "step_s", "frames"),
        as_of=True,
    ),
    Operation(
        "/api/stream",
        "Server-sent events: status, snapshot, delta, alerts; resumes after Last-Event-ID.",
        ("exam", "Last-Event-ID"),
        "text/event-stream",
    ),
)
