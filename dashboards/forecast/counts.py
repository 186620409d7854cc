"""Figures from counts: of held-out days and of live ones the same, as both have the same columns. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schemas.forecast_record import DAY_COUNTS, TENTH_COUNTS

Counts = Mapping[str, Any]
Json = dict[str, Any]
LEAST = 200
"""Forecasts that a figure needs to be judged by."""
_Z = 1.96


def summed(rows: Iterable[Counts], names: Sequence[str]) -> dict[str, float]:
    """The sum of each column of `names`."""
    found = dict.fromkeys(names, 0.0)
    for row in rows:
        for name in names:
            found[name] += row[name]
    return found


def share_of(part: float, whole: float) -> Json | None:
    """A share, and what holds the true one nineteen times in twenty (Wilson 1927); None of nothing."""
    if not whole:
        return None
    share = part / whole
    middle = (share + _Z * _Z / (2 * whole)) / (1 + _Z * _Z / whole)
    reach = (
        _Z * math.sqrt(share * (1 - share) / whole + _Z * _Z / (4 * whole * whole)) / (1 + _Z * _Z / whole)
    )
    return {"share": share, "low": max(0.0, middle - reach), "high": min(1.0, middle + reach)}


def figures(days: Sequence[Counts], tenths: Sequence[Counts]) -> Json:
    """All that is said of some forecasts; None where nothing can be said."""
    day, tenth = summed(days, DAY_COUNTS), summed(tenths, TENTH_COUNTS)
    return {
        "forecasts": int(day["forecasts"]),
        "by_baseline": int(day["by_baseline"]),
        "is_too_few": day["forecasts"] < LEAST,
        "coverage_80": share_of(day["inside_80"], day["forecasts"]),
        "coverage_90": share_of(day["inside_90"], day["judged_90"]),
        **_beside(day, "scored", "pinball_min", "loss_min"),
        **_beside(day, "scored", "median_error_min", "error_min"),
        "judged_breaches": int(tenth["forecasts"]),
        **_beside(tenth, "scored", "brier", "squared"),
    }


def _beside(found: Mapping[str, float], count: str, name: str, column: str) -> Json:
    """Ours, the baseline's, and how much less ours is."""
    whole = found[count]
    ours, theirs = (found[one] / whole if whole else None for one in (column, f"baseline_{column}"))
    less = None if ours is None or not theirs else 1 - ours / theirs
    return {name: ours, f"{name}_baseline": theirs, f"{name}_less": less}


def reliability(tenths: Sequence[Counts]) -> list[Json]:
    """By tenth of probability: what was said on average, how often it happened, within what it may lie."""
    found = []
    for (tenth,), rows in sorted(_grouped(tenths, ("tenth",)).items()):
        counts = summed(rows, TENTH_COUNTS)
        happened = share_of(counts["happened"], counts["forecasts"])
        if happened is not None:
            said = counts["said"] / counts["forecasts"]
            found.append({"tenth": tenth, "forecasts": int(counts["forecasts"]), "said": said, **happened})
    return found


def by_day(days: Sequence[Counts]) -> list[Json]:
    """Coverage of each day, and between what it would lie by the draw alone if the range held its promise."""
    found = []
    for (day,), of_day in sorted(_grouped(days, ("day",)).items()):
        counts = summed(of_day, DAY_COUNTS)
        forecasts = counts["forecasts"]
        reach = _Z * math.sqrt(0.8 * 0.2 / forecasts)
        found.append(
            {
                "day": day,
                "forecasts": int(forecasts),
                "coverage_80": counts["inside_80"] / forecasts,
                "expected_low": max(0.0, 0.8 - reach),
                "expected_high": min(1.0, 0.8 + reach),
            }
        )
    return found


def by_group(days: Sequence[Counts], tenths: Sequence[Counts]) -> list[Json]:
    """The figures of each milestone, then of each modality and priority; those with most forecasts first."""
    found = []
    for names in (("milestone",), ("modality", "priority")):
        of_tenths = _grouped(tenths, names)
        rows = [
            {
                "by": " and ".join(names),
                **dict(zip(names, group, strict=True)),
                **figures(of_days, of_tenths.get(group, ())),
            }
            for group, of_days in _grouped(days, names).items()
        ]
        found += sorted(rows, key=lambda row: (-row["forecasts"], *(row[name] for name in names)))
    return found


def chosen(rows: Iterable[Counts], wanted: Mapping[str, str]) -> list[Counts]:
    """Those of the milestone, modality and priority that are wanted; an empty one lets all through."""
    narrow = {name: value for name, value in wanted.items() if value}
    return [row for row in rows if all(row[name] == value for name, value in narrow.items())]


def _grouped(rows: Iterable[Counts], names: Sequence[str]) -> dict[tuple[Any, ...], list[Counts]]:
    """The rows that have the same values in the columns of `names`, by these values."""
    found: dict[tuple[Any, ...], list[Counts]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in names), []).append(row)
    return found
