"""In one sentence: whether forecasts can be trusted now. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from dashboards.forecast.held_out import HeldOut, NoModel

Figures = dict[str, Any]
_PROMISED = 0.8
_WELL, _NEARLY = 0.02, 0.05
_TRAIN = "`radstream train` learns from the latest weeks."


class Trust(StrEnum):
    """How far forecasts can be trusted."""

    WELL = "well"
    NEARLY = "nearly"
    POOR = "poor"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What stands on top of the page. next_step: empty where nothing has to be done."""

    trust: Trust
    says: str
    next_step: str = ""


def verdict(
    live: Figures, days: int, held_out: HeldOut | NoModel, held: Figures | None, whose: str = ""
) -> Verdict:
    """By the live forecasts where there are enough, else by those of the held-out days.

    whose: which forecasts they are, where they are not all.
    """
    which = f"({whose}) " if whose else ""
    if not live["is_too_few"]:
        return _judged(live, f"{which}of the last {days} days", held_out)
    so_far = _so_far(live["forecasts"])
    if held is not None and not held["is_too_few"] and isinstance(held_out, HeldOut):
        found = _judged(held, f"{which}{_held_days(held_out)}", held_out)
        return Verdict(found.trust, f"{found.says} {so_far}", found.next_step)
    if isinstance(held_out, NoModel):
        return Verdict(Trust.UNKNOWN, f"{held_out.why} {so_far}", held_out.next_step)
    why = "What became of the forecasts of its held-out days was not kept, or was too little to judge."
    return Verdict(Trust.UNKNOWN, f"{why} {so_far}", _TRAIN)


def _judged(found: Figures, of_days: str, held_out: HeldOut | NoModel) -> Verdict:
    share = found["coverage_80"]
    off = 0.0 if share["low"] <= _PROMISED <= share["high"] else abs(share["share"] - _PROMISED)
    trust = Trust.WELL if off <= _WELL else Trust.NEARLY if off <= _NEARLY else Trust.POOR
    says = (
        f"Of {found['forecasts']:,} forecasts {of_days} {_percent(share['share'])} came true "
        f"within their range, which promises {_percent(_PROMISED)}."
    )
    return Verdict(trust, says, _step(trust, share["share"], held_out))


def _percent(share: float) -> str:
    """Number and sign stay on one line."""
    return f"{share * 100:.0f}\u202f%"


def _step(trust: Trust, share: float, held_out: HeldOut | NoModel) -> str:
    if trust is Trust.WELL:
        return held_out.next_step if isinstance(held_out, NoModel) else ""
    width = (
        "narrow: expect more to come outside" if share < _PROMISED else "wide: they say less than they could"
    )
    return f"Ranges are too {width}. They are calibrated anew every few minutes; if it lasts, {_TRAIN}"


def _held_days(held_out: HeldOut) -> str:
    return f"of the days held out at training ({held_out.first_day} to {held_out.last_day})"


def _so_far(count: int) -> str:
    if not count:
        return "No live forecast has come true or false yet."
    return f"Live {'is' if count == 1 else 'are'} {count} so far: too few to judge."
