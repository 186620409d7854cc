"""The installation: who is signed in, dead letters, health, audit, what is loaded."""

from __future__ import annotations

from dashboards.operations.operation import JSON, Operation

_AUDIT = ("from", "to", "user", "exam_of", "patient", "access", "outcome")

OPERATIONS = (
    Operation(
        "/api/check",
        "The last comparison of all turnaround times with those made from the events a second way, in SQL.",
        (),
        JSON,
        ("state", "is_running", "compared_at", "exams", "intervals", "differences", "failed", "next_at"),
    ),
    Operation(
        "/api/provenance",
        "Whether invented events are among what is shown, and from when to when they tell.",
        (),
        JSON,
        ("known", "synthetic"),
    ),
    Operation(
        "/api/session",
        "Who is signed in, with which roles and permissions; when the session ends if nobody touches it.",
        (),
        JSON,
        ("user", "roles", "permissions", "ends_in_s"),
        passing=True,
    ),
    Operation(
        "/api/deadletters",
        "What could not be processed, the latest first; how many there are by state.",
        ("state", "origin", "reason", "q", "limit", "cursor"),
        JSON,
        ("items", "total", "totals", "origins", "reasons", "next_cursor"),
        analytics=True,
    ),
    Operation(
        "/api/deadletters/{letter_id}",
        "All of one letter but what was sealed.",
        ("letter_id",),
        JSON,
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
        JSON,
        ("dead_letter_id", "taken", "resolution", "answer", "why_not"),
        analytics=True,
        method="post",
    ),
    Operation(
        "/api/deadletters/runs",
        "The same of every open letter that the filter takes; it goes on by itself, at Location.",
        (),
        JSON,
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
        JSON,
        ("run_id", "state", "total", "taken", "refused", "results"),
    ),
    Operation(
        "/api/health",
        "Parts, lag, rates, dead letters by the hour, what happened, and the dashboard's own feed.",
        (),
        JSON,
        ("looked_at", "is_supervised", "parts", "lag", "rates", "notices", "senders", "dashboard"),
        analytics=True,
    ),
    Operation(
        "/api/audit",
        "Who saw or took what, who signed in; erasures, legal holds, retention. Asking is recorded, too.",
        (*_AUDIT, "limit", "cursor"),
        JSON,
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
    Operation("/healthz", "Whether the process works.", (), JSON, ("alive",)),
    Operation("/readyz", "Whether there is a board to show.", (), JSON, ("ready",)),
)
