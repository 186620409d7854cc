"""`docs/intervals.md`: every interval that is measured, for a person who reads."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from schemas.intervals import CLOCK_BOUND_S, INTERVALS, MILESTONES, ORDERED_PAIRS, REASONS, IntervalSpec

_HEAD = """# Intervals

<!-- Written by `python -m schemas.documents` from the table in `schemas/intervals.py`: change that. -->

Each exam's row in `radstream.turnaround.v1` has the intervals whose two ends are known; `v_turnaround` in
ClickHouse has one row per exam and interval, measured or not. An interval goes from the first time that its
start was reached to the first time that its end was. What was retracted or withdrawn, or belongs to an
attempt that was broken off, does not count. Codes are those of the RadLex SWIM lexicon (RSNA).
"""


def intervals_page() -> str:
    """The whole page, as Markdown."""
    lines = [_HEAD, *_intervals(), *_milestones(), *_excluded()]
    return "\n".join(lines).rstrip() + "\n"


def _intervals() -> Iterable[str]:
    for phase, specs in groupby(INTERVALS, key=lambda spec: spec.phase):
        yield from (
            f"## {phase}",
            "",
            "| interval | from | to | SWIM metric | meaning |",
            "|---|---|---|---|---|",
        )
        yield from map(_interval, specs)
        yield ""


def _interval(spec: IntervalSpec) -> str:
    end = f"`{spec.end}`, the last time" if spec.to_last else f"`{spec.end}`"
    return f"| `{spec.name}` | `{spec.start}` | {end} | {spec.swim_code or ''} | {spec.meaning} |"


def _milestones() -> Iterable[str]:
    yield from ("## Milestones", "", "| milestone | shown as | SWIM |", "|---|---|---|")
    for name, milestone in MILESTONES.items():
        yield f"| `{name}` | {milestone.label} | {', '.join(milestone.swim_codes)} |"
    yield from ("", "`result` is the first of `dictated`, `preliminary` and `final`.", "")


def _excluded() -> Iterable[str]:
    yield from (
        "## Excluded",
        "",
        "An interval whose ends cannot be right is not measured; `excluded` (in ClickHouse",
    )
    yield from (
        "`v_turnaround_excluded`) has it with the reason, and `clock_faults` what contradicts what.",
        "",
    )
    yield from ("| reason | meaning |", "|---|---|")
    yield from (f"| `{reason}` | {meaning} |" for reason, meaning in REASONS.items())
    yield from (
        "",
        f"The bound is {CLOCK_BOUND_S // 60} minutes. These have to come in this order, whoever says them:",
    )
    yield from ("", *(f"* `{earlier}`, `{later}`" for earlier, later in ORDERED_PAIRS))
