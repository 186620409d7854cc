"""What other targets or other staffing would have meant."""

from __future__ import annotations

from dashboards.operations.operation import CHOSEN, JSON, Operation

_WHAT_IF = ("targets", "from", "to", "interval", *CHOSEN)
WHAT_IF_TARGETS = "/api/what-if/targets"

OPERATIONS = (
    Operation(
        WHAT_IF_TARGETS,
        "The targets in force now, and what a target may say.",
        (),
        JSON,
        ("targets", "intervals", "priorities", "patient_classes"),
    ),
    Operation(
        WHAT_IF_TARGETS,
        "The targets in a TOML file, as the page edits them; 422 says where it is wrong.",
        (),
        JSON,
        ("targets",),
        method="post",
        body=("targets",),
    ),
    Operation(
        "/api/what-if",
        "A period judged by the targets in force now and by proposed ones, side by side: all exams, then by "
        "interval, modality, priority and hour.",
        (),
        JSON,
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
        JSON,
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
        JSON,
        ("period", "exams", "modelled", "scanners", "reader_hours", "rows"),
        analytics=True,
        method="post",
        body=("readers", "hours", "scanners", "from", "to", "site"),
    ),
)
