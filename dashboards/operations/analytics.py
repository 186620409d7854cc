"""Turnaround and quality over weeks."""

from __future__ import annotations

from dashboards.operations.operation import CHOSEN, JSON, Operation

_PERIOD = ("interval", "from", "to", *CHOSEN)
_COMPARED = (*_PERIOD, "compare_from", "compare_to")
_QUALITY = ("from", "to", "bound_s", "site", "system", "facility", "protocol")

OPERATIONS = (
    Operation("/api/intervals", "Every interval and what it means.", (), JSON, ("intervals",)),
    Operation(
        "/api/turnaround/choices",
        "The values of each filter.",
        (),
        JSON,
        ("site", "modality"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        "/api/turnaround/exams",
        "The exams behind the figures.",
        (*_PERIOD, "limit", "cursor"),
        JSON,
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
        JSON,
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
        "/api/quality/choices",
        "The sites and sources of the period.",
        ("from", "to"),
        JSON,
        ("site", "sources"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        "/api/quality/{figure}",
        "One figure of the quality of data in a period, by source.",
        (*_QUALITY, "figure"),
        JSON,
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
        JSON,
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
)
