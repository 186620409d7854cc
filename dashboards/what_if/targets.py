"""Targets as the page knows them: in force now, or proposed. What they may say is handed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dashboards.cards import Json
from dashboards.interval_words import interval_words
from schemas.parts import Target

SELECTORS = ("modality", "priority", "patient_class", "site")


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetsDesk:
    """What the composition root knows of targets.

    in_force: The targets in force now, in their order: of each interval the first that fits an exam counts.
    read: Those in a TOML file (docs/alerts.md). Raises BadQuestion, which says where it is wrong.
    intervals: Names of the intervals that can have one.
    priorities, patient_classes: What a target may choose by.
    """

    in_force: Callable[[], Sequence[Target]]
    read: Callable[[str], Sequence[Target]]
    intervals: tuple[str, ...]
    priorities: tuple[str, ...]
    patient_classes: tuple[str, ...]


def told(target: Target) -> Json:
    """A target as answers have it."""
    return {
        **interval_words(target.interval),
        **{name: getattr(target, name) for name in SELECTORS},
        "due_min": target.due_s / 60,
        "warn_before_min": target.warn_before_s / 60,
        "warning": _warning(target),
    }


def _warning(target: Target) -> Json:
    """As the file of targets has it: by whose forecasts it is warned of, and when."""
    if target.warn_by is None:
        return {"forecasts": "none"}
    return {
        "forecasts": target.warn_by,
        "probability": target.warn_probability,
        "until_probability": target.warn_until_probability,
        "for_min": (target.warn_for_s or 0) / 60,
    }


def parameters(targets: Sequence[Target], side: str) -> Mapping[str, object]:
    """The targets as arrays of a question, one place for each: `side`_interval, `side`_due and the rest."""
    return {
        f"{side}_interval": [target.interval for target in targets],
        f"{side}_due": [float(target.due_s) for target in targets],
        **{f"{side}_{name}": [getattr(target, name) or "" for target in targets] for name in SELECTORS},
    }
