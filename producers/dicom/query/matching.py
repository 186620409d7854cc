"""Attribute matching as in DICOM PS3.4 section C.2.2.2: pure, on plain values.

An item is a mapping of keywords to texts as DICOM writes them, or to tuples of items for sequences. A key
without value matches everything (universal matching, C.2.2.2.3).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, Union

Item: TypeAlias = Mapping[str, Union[str, "tuple[Item, ...]"]]

# PS3.4 C.2.2.2.4: wildcards mean something in these only.
_WILDCARD_VRS = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
_RANGE_VRS = frozenset({"DA", "TM"})
_DATE = re.compile(r"\d{8}", re.ASCII)
_TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,12}", re.ASCII)
_FIRST = {"DA": "00000000", "TM": "000000.000000"}
_LAST = {"DA": "99999999", "TM": "235959.999999"}
# PS3.4 K.2.2.1.2: a range of dates and one of times are one period, from the first to the last instant.
_PERIODS = {"ScheduledProcedureStepStartTime": "ScheduledProcedureStepStartDate"}


def is_date(text: str) -> bool:
    """Whether it is a DA of today's form (PS3.5 section 6.2)."""
    return _DATE.fullmatch(text) is not None


def is_time(text: str) -> bool:
    """Whether it is a TM of today's form."""
    return _TIME.fullmatch(text) is not None


class BadKey(ValueError):
    """A key's value is none that its VR takes. `keyword` names it; the value is not repeated."""

    def __init__(self, keyword: str, problem: str) -> None:
        """`problem`: what is expected."""
        super().__init__(f"{keyword}: {problem}")
        self.keyword = keyword


@dataclass(frozen=True, slots=True)
class Key:
    """One attribute that a query asks for: `values` to match, or, of a sequence, the keys of its item."""

    keyword: str
    vr: str
    values: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()

    @property
    def is_universal(self) -> bool:
        """It asks for the attribute and matches whatever it is."""
        if self.vr == "SQ":
            return all(key.is_universal for key in self.keys)
        return not self.values


@dataclass(frozen=True, slots=True)
class Bounds:
    """First and last value of a range, inclusive, both written out in full."""

    first: str
    last: str


def matches(keys: Sequence[Key], item: Item) -> bool:
    """Whether `item` matches all of `keys`. Raises BadKey.

    What is no attribute of our items is matched by anything, as C.2.2.1.3 has it for unsupported keys.
    """
    by_keyword = {key.keyword: key for key in keys}
    for key in keys:
        date = by_keyword.get(_PERIODS.get(key.keyword, ""))
        if date is not None and not date.is_universal and not key.is_universal:
            if not _in_period(date, key, item):
                return False
        elif not key.is_universal and not _matches(key, item.get(key.keyword)):
            return False
    return True


def check(keys: Sequence[Key]) -> None:
    """Raises BadKey where a value cannot be matched, whatever the items are."""
    for key in keys:
        check(key.keys)
        if key.vr in _RANGE_VRS and key.values:
            bounds_of(key)


def bounds_of(key: Key) -> Bounds:
    """The range that a date or time asks for; a time that leaves seconds out is the whole minute."""
    if len(key.values) != 1:
        raise BadKey(key.keyword, "one date, one time or one range")
    first, dash, last = key.values[0].partition("-")
    first, last = first.strip(), last.strip()
    if not dash:
        last = first
    if not first and not last:
        raise BadKey(key.keyword, "a range needs a beginning or an end")
    return Bounds(
        _full(key, first, _FIRST[key.vr]) if first else _FIRST[key.vr],
        _full(key, last, _LAST[key.vr]) if last else _LAST[key.vr],
    )


def _full(key: Key, text: str, pattern: str) -> str:
    # Before 1993 the standard wrote 1992.12.31 and 23:59:59.
    plain = text.replace(".", "") if key.vr == "DA" else text.replace(":", "")
    if (_DATE if key.vr == "DA" else _TIME).fullmatch(plain) is None:
        raise BadKey(key.keyword, "dates are YYYYMMDD" if key.vr == "DA" else "times are HHMMSS.FFFFFF")
    return plain + pattern[len(plain) :]


def _in_period(date: Key, time: Key, item: Item) -> bool:
    days, times = bounds_of(date), bounds_of(time)
    day, time_of_day = _text(item, date.keyword), _text(item, time.keyword)
    if not day or not time_of_day:
        return False
    at = day + _full(time, time_of_day, _FIRST["TM"])
    return days.first + times.first <= at <= days.last + times.last


def _text(item: Item, keyword: str) -> str:
    value = item.get(keyword, "")
    return value if isinstance(value, str) else ""


def _matches(key: Key, value: str | tuple[Item, ...] | None) -> bool:
    if value is None:
        return True
    if not isinstance(value, str):  # PS3.4 C.2.2.2.6: one of the items must match
        return any(matches(key.keys, item) for item in value)
    if key.vr in _RANGE_VRS:
        bounds = bounds_of(key)
        return bool(value) and bounds.first <= _full(key, value, _FIRST[key.vr]) <= bounds.last
    # Of several values one must match, as those of Modalities in Study (C.2.2.2.1).
    return any(_single(key.vr, wanted, one) for one in value.split("\\") for wanted in key.values)


def _single(vr: str, wanted: str, value: str) -> bool:
    if vr == "PN":  # PS3.4 C.2.2.2.1: names may be matched without regard to case
        wanted, value = _name(wanted), _name(value)
    if vr in _WILDCARD_VRS:
        return wildcard_match(wanted, value)
    if vr == "IS" and wanted and value:
        return _number(wanted) == _number(value)
    return wanted == value


def _number(text: str) -> int | str:
    """+7 and 07 are 7 (PS3.5 section 6.2)."""
    return int(text) if _INTEGER.fullmatch(text) else text


def _name(text: str) -> str:
    """A name without what components it leaves out at the end (PS3.5 section 6.2.1)."""
    return text.casefold().rstrip("=^ ")


def wildcard_match(pattern: str, text: str) -> bool:
    """`*`: any characters, also none; `?`: exactly one. Never slower than pattern times text."""
    at = in_pattern = 0
    star, resume = -1, 0
    while at < len(text):
        if in_pattern < len(pattern) and pattern[in_pattern] == "*":
            star, resume = in_pattern, at
            in_pattern += 1
        elif in_pattern < len(pattern) and pattern[in_pattern] in ("?", text[at]):
            at, in_pattern = at + 1, in_pattern + 1
        elif star >= 0:
            resume += 1
            at, in_pattern = resume, star + 1
        else:
            return False
    return not pattern[in_pattern:].strip("*")
