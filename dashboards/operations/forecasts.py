"""The track record of forecasts, and what comes tomorrow."""

from __future__ import annotations

from dashboards.operations.operation import CHOSEN, JSON, Operation

_FORECASTS = ("milestone", "modality", "priority")

OPERATIONS = (
    Operation(
        "/api/forecast/record",
        "What became of forecasts, live ones and those of days held out at training: coverage, pinball loss "
        "and Brier score beside the baseline's, reliability, coverage by day, groups.",
        ("days", *_FORECASTS),
        JSON,
        ("days", "filters", "verdict", "live", "held_out", "model", "choices"),
        analytics=True,
    ),
    Operation(
        "/api/forecast/warnings",
        "What warnings by breach probability were worth, at every threshold: precision, recall, lead.",
        _FORECASTS,
        JSON,
        ("days", "filters", "in_use", "raised", "live", "held_out"),
        analytics=True,
    ),
    Operation(
        "/api/forecast/volume",
        "How many exams are ordered, arrive, begin, are complete and reported in each of the next 24 hours "
        "and 15 days, by modality: mean, median, and the range that holds four of five, beside the same hour "
        "of the last eight weeks; and what was counted in the days before.",
        ("step", *CHOSEN),
        JSON,
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
        CHOSEN,
        JSON,
        ("days", "promised", "rows"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        "/api/forecast/volume.{kind}",
        "Its rows as a file.",
        ("kind", "step", *CHOSEN),
        "*/*",
        analytics=True,
        as_of=True,
    ),
    Operation(
        "/api/forecast/backlog",
        "Who waits for a scanner, a reader and a signature; when each queue clears at the present rate and "
        "with other staffing; how many will wait in each of the next 24 hours, with ranges.",
        ("readers", "scanners", *CHOSEN),
        JSON,
        ("made_at", "is_synthetic", "change", "assumptions", "words", "queues", "history", "rows"),
        analytics=True,
        as_of=True,
    ),
    Operation(
        "/api/forecast/backlog.{kind}",
        "Its hours as a file.",
        ("kind", "readers", "scanners", *CHOSEN),
        "*/*",
        analytics=True,
        as_of=True,
    ),
)
