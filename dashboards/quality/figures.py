"""Rows of the quality page as JSON has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dashboards.analytics import Row
from dashboards.cards import Json
from dashboards.quality.definitions import PARTS

SOURCE = ("system", "facility", "protocol")


def source_of(row: Row) -> Json:
    """Who said it."""
    return {name: row[name] for name in SOURCE}


def late_of(row: Row) -> Json:
    """Of one source: how long its events took to be learned of."""
    p50_s, p95_s = row["quantiles_s"]
    late = int(row["n_late"])
    figures = {"p50_s": p50_s, "p95_s": p95_s, "max_s": row["max_s"]}
    return {
        **source_of(row),
        "events": int(row["n_events"]),
        **figures,
        "late": late,
        "share": late / row["n_events"],
    }


def duplicates_of(row: Row) -> Json:
    """Of one source: what it said again."""
    return {
        **source_of(row),
        "events": int(row["n_events"]),
        "copies": int(row["n_copies"]),
        "exams": int(row["n_exams"]),
        "event_types": " ".join(sorted(row["event_types"])),
        "last_at": _aware(row["last_at"]),
    }


def clock_of(row: Row) -> Json:
    """Of one source: how far its clock is off ours."""
    p25_s, p50_s, p75_s, p99_s = row["quantiles_s"]
    return {
        **source_of(row),
        "events": int(row["n_events"]),
        "median_s": p50_s,
        "spread_s": p75_s - p25_s,
        "nearest_s": p99_s,
        "ahead": int(row["n_ahead"]),
        "faults": int(row["n_faults"]),
    }


def scanner_of(row: Row) -> Json:
    """One scanner, and how many of its exams have a clock fault."""
    faulty = int(row["n_faults"])
    return {
        "station": row["station"],
        "modality": row["modality"],
        "exams": int(row["n_exams"]),
        "faulty": faulty,
        "share": faulty / row["n_exams"],
        "faults": " ".join(row["faults"]),
    }


def share_of(part: str, count: int, of: int) -> Json:
    """One part of the page's head: how many, of how many."""
    return {
        "part": part,
        "count": count,
        "of": of,
        "share": count / of if of else None,
        "meaning": PARTS[part],
    }


def total_of(rows: Sequence[Mapping[str, Any]], name: str) -> int:
    """The sum of one column."""
    return sum(int(row[name]) for row in rows)


def with_zone(row: Row) -> Json:
    """The row of one exam: instants in UTC, faults as one text."""
    told: Json = {}
    for name, value in row.items():
        told[name] = " ".join(value) if name == "clock_faults" else value
        if isinstance(value, datetime):
            told[name] = _aware(value)
    return told


def _aware(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
