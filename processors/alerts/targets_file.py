"""The file of targets: TOML, checked as a whole. Pure.

    [[target]]
    interval = "report_turnaround"     # a name of the table of intervals
    priority = ["STAT", "ASAP"]        # one or several; so modality, patient_class, site; without: all
    due_min = 60                       # minutes from the interval's start
    warn_before_min = 15               # else a quarter of due_min; where no forecast counts

    [warning]                          # when forecasts warn: see `warning_rule`
    probability = 0.5

Of each interval the first target that fits an exam counts. `target = []` says that there are none.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from itertools import product
from typing import Any

from processors.alerts.targets import JUDGED, SELECTORS
from processors.alerts.warning_rule import InvalidRule, WarningRule, warning_rule
from schemas.parts import Target

PRIORITIES = ("STAT", "ASAP", "ROUTINE", "PREOP", "CALLBACK", "TIMING")
PATIENT_CLASSES = ("E", "I", "O", "P", "R", "B", "C", "N", "U")
_CHOICES: Mapping[str, Collection[str]] = {"priority": PRIORITIES, "patient_class": PATIENT_CLASSES}
_MODALITY = re.compile(r"[A-Z][A-Z0-9]{1,15}")
_OPTIONS = ("interval", *SELECTORS, "due_min", "warn_before_min", "warning")
_LONGEST_MIN = 366 * 24 * 60


class InvalidTargets(ValueError):
    """The file says what cannot be; the message says where, and what is expected."""


def parse_targets(text: str) -> tuple[Target, ...]:
    """The targets in a TOML file, in its order; one that names several values is several.

    Raises InvalidTargets.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidTargets(f"no TOML: {error}") from None
    tables, rule = document.pop("target", None), _rule(document.pop("warning", {}), "[warning]")
    if document or not isinstance(tables, list):
        raise InvalidTargets(
            "expected [[target]] tables and nothing else but [warning]; `target = []` where there are none"
        )
    found: list[Target] = []
    for number, table in enumerate(tables, start=1):
        where = f"target {number}"
        new = list(_targets(table, where, rule))
        for target in new:
            earlier = next((one for one in found if _takes_all_of(one, target)), None)
            if earlier is not None:
                raise InvalidTargets(
                    f"{where} ({_named(target)}) is never reached: one before it takes its exams"
                )
        found += new
    return tuple(found)


def _rule(table: Any, where: str, default: WarningRule | None = None) -> WarningRule:
    try:
        return warning_rule(table) if default is None else warning_rule(table, default)
    except InvalidRule as error:
        raise InvalidTargets(f"{where}: {error}") from None


def _targets(table: Any, where: str, default: WarningRule) -> Iterator[Target]:
    if not isinstance(table, dict):
        raise InvalidTargets(f"{where} is a [[target]] table")
    for name in table:
        if name not in _OPTIONS:
            raise InvalidTargets(f"{where}: no option {name}; there are {', '.join(_OPTIONS)}")
    interval = table.get("interval")
    if not isinstance(interval, str) or interval not in JUDGED:
        raise InvalidTargets(f"{where}: interval is one of {', '.join(JUDGED)}")
    due_s = _seconds(table, "due_min", where, None)
    warn_before_s = _seconds(table, "warn_before_min", where, due_s // 4)
    if due_s == 0 or warn_before_s >= due_s:
        raise InvalidTargets(f"{where}: due_min is above 0, and warn_before_min below it")
    warns = _rule(table.get("warning", {}), where, default).fields()
    for values in product(*(_values(table, name, where) for name in SELECTORS)):
        chosen: dict[str, Any] = dict(zip(SELECTORS, values, strict=True)) | warns
        yield Target(interval=interval, due_s=due_s, warn_before_s=warn_before_s, **chosen)


def _seconds(table: Mapping[str, Any], name: str, where: str, default_s: int | None) -> int:
    minutes = table.get(name)
    if minutes is None and default_s is not None:
        return default_s
    is_number = isinstance(minutes, int | float) and not isinstance(minutes, bool)
    if not is_number or not 0 <= minutes <= _LONGEST_MIN:  # type: ignore[operator]  # a number, as just seen
        raise InvalidTargets(f"{where}: {name} is a number of minutes from 0 to {_LONGEST_MIN}")
    return round(float(minutes) * 60)  # type: ignore[arg-type]  # as above


def _values(table: Mapping[str, Any], name: str, where: str) -> list[str | None]:
    given = table.get(name)
    if given is None:
        return [None]
    values = given if isinstance(given, list) else [given]
    if not values or len(set(map(str, values))) < len(values):
        raise InvalidTargets(f"{where}: {name} is a text or a list of different texts")
    for value in values:
        _check(name, value, where)
    return [*values]


def _check(name: str, value: Any, where: str) -> None:
    if name in _CHOICES:
        if value not in _CHOICES[name]:
            raise InvalidTargets(f"{where}: {name} is one of {', '.join(_CHOICES[name])}")
    elif not isinstance(value, str) or not value.strip():
        raise InvalidTargets(f"{where}: {name} is a text")
    elif name == "modality" and not _MODALITY.fullmatch(value):
        raise InvalidTargets(f"{where}: modality is a code such as CT (DICOM PS3.3 C.7.3.1.1.1)")


def _takes_all_of(earlier: Target, later: Target) -> bool:
    pairs = [(getattr(earlier, name), getattr(later, name)) for name in SELECTORS]
    return earlier.interval == later.interval and all(one in (None, other) for one, other in pairs)


def _named(target: Target) -> str:
    chosen = [value for name in SELECTORS if (value := getattr(target, name)) is not None]
    return " ".join([target.interval, *chosen])
