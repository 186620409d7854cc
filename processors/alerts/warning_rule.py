"""When a forecast warns, as the file of targets says it. Pure.

The table `[warning]` is for all targets; a target may say `warning = { probability = 0.8 }` for itself.

    [warning]
    forecasts = "model"          # whose count: "any", also those by the medians of the last weeks; or "none"
    probability = 0.5            # to miss the target: so likely it has to be
    until_probability = 0.35     # the warning stands until it is below this; else two thirds of `probability`
    for_min = 3                  # for so many minutes it has to be so likely first
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from processors.alerts.outlook import BY_ANY, BY_MODEL

_NOBODY = "none"
_WHOSE = (BY_MODEL, BY_ANY, _NOBODY)
_OPTIONS = ("forecasts", "probability", "until_probability", "for_min")
_LONGEST_MIN = 240
_STANDS_UNTIL = 2 / 3


class InvalidRule(ValueError):
    """It says what cannot be; the message says what is expected."""


@dataclass(frozen=True, slots=True)
class WarningRule:
    """Whose forecasts count, or nobody's; the probabilities, 0 to 1; for how long, seconds."""

    whose: str = BY_MODEL
    probability: float = 0.5
    until_probability: float = 0.35
    for_s: int = 180

    def fields(self) -> dict[str, Any]:
        """As a target has it; nothing where the clock alone warns."""
        if self.whose == _NOBODY:
            return {}
        return {
            "warn_by": self.whose,
            "warn_probability": self.probability,
            "warn_until_probability": self.until_probability,
            "warn_for_s": self.for_s,
        }


DEFAULT_RULE = WarningRule()


def warning_rule(table: Any, default: WarningRule = DEFAULT_RULE) -> WarningRule:
    """What `table` says, and of what it does not say `default`. Raises InvalidRule."""
    if not isinstance(table, dict):
        raise InvalidRule(f"warning is a table of {', '.join(_OPTIONS)}")
    for name in table:
        if name not in _OPTIONS:
            raise InvalidRule(f"warning: no option {name}; there are {', '.join(_OPTIONS)}")
    whose = table.get("forecasts", default.whose)
    if whose not in _WHOSE:
        raise InvalidRule(f"warning: forecasts is one of {', '.join(_WHOSE)}")
    probability = _share(table, "probability", default.probability)
    stands = default.until_probability if "probability" not in table else probability * _STANDS_UNTIL
    until = _share(table, "until_probability", round(stands, 3))
    if probability == 0 or until > probability:
        raise InvalidRule("warning: probability is above 0, and until_probability not above it")
    for_min = _number(table, "for_min", default.for_s / 60, _LONGEST_MIN)
    return WarningRule(whose, probability, until, round(for_min * 60))


def _share(table: dict[str, Any], name: str, default: float) -> float:
    return _number(table, name, default, 1)


def _number(table: dict[str, Any], name: str, default: float, most: int) -> float:
    value = table.get(name, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= most:
        raise InvalidRule(f"warning: {name} is a number from 0 to {most}")
    return float(value)
