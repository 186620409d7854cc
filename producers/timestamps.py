"""Times as HL7 v2 and DICOM write them: YYYY[MM[DD[HH[MM[SS[.f...]]]]]][+/-ZZZZ].

HL7 v2.5.1 section 2.A.77 (TS) and DICOM PS3.5 section 6.2 (DT). Senders also write milliseconds without
the point (17 digits). What is left out is the beginning: 2026 is 1 January 2026, 00:00.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

_TIMESTAMP = re.compile(
    r"(?P<year>\d{4})"
    r"(?:(?P<month>\d\d)(?:(?P<day>\d\d)(?:(?P<hour>\d\d)(?:(?P<minute>\d\d)"
    r"(?:(?P<second>\d\d)(?:\.(?P<fraction>\d{1,6})|(?P<thousandths>\d{1,3}))?)?)?)?)?)?"
    r"(?P<offset>[+-]\d{4})?",
    re.ASCII,
)
_LEAP_SECOND = 60


class InvalidTimestamp(ValueError):
    """The text is no time. The message does not repeat it."""


@dataclass(frozen=True, slots=True)
class Timestamp:
    """An instant, and how well the text says it.

    at: UTC.
    has_offset: the text names its offset from UTC; else it was read on the clock of the zone.
    has_time_of_day: else the text is a date, and `at` its beginning.
    is_skipped: the zone's clock never showed it: it was put forward over it (daylight saving begins).
        `at` is then as long after the change as the text is after the last time before it.
    is_ambiguous: the zone's clock showed it twice (daylight saving ends); `at` is the first.
    """

    at: datetime
    has_offset: bool
    has_time_of_day: bool
    is_skipped: bool
    is_ambiguous: bool


def parse_timestamp(text: str, zone: tzinfo) -> datetime:
    """The instant in UTC; `zone` is where the clock of a time without offset stands.

    A leap second counts as second 59. Raises InvalidTimestamp.
    """
    return read_timestamp(text, zone).at


@lru_cache(maxsize=4096)
def read_timestamp(text: str, zone: tzinfo) -> Timestamp:
    """As `parse_timestamp`, with what is doubtful about it. Raises InvalidTimestamp."""
    match = _TIMESTAMP.fullmatch(text.strip())
    if match is None:
        raise InvalidTimestamp(f"not a time: {len(text)} characters")
    offset = match["offset"]
    try:
        local = _local(match, parse_offset(offset) if offset else zone)
        at = local.astimezone(UTC)
        # The other reading of a doubtful time (PEP 495): it differs in both cases, and only then.
        other = at if offset else local.replace(fold=1).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidTimestamp("not a time: no such day, hour or offset") from None
    return Timestamp(
        at=at,
        has_offset=offset is not None,
        has_time_of_day=match["hour"] is not None,
        is_skipped=other < at,
        is_ambiguous=other > at,
    )


def _local(match: re.Match[str], zone: tzinfo) -> datetime:
    fraction = match["fraction"] or match["thousandths"] or ""
    second = int(match["second"] or 0)
    return datetime(
        int(match["year"]),
        int(match["month"] or 1),
        int(match["day"] or 1),
        int(match["hour"] or 0),
        int(match["minute"] or 0),
        59 if second == _LEAP_SECOND else second,
        int(fraction.ljust(6, "0")),
        tzinfo=zone,
    )


def parse_offset(text: str) -> timezone:
    """The offset `+HHMM` or `-HHMM` from UTC. Raises InvalidTimestamp."""
    match = re.fullmatch(r"([+-])(\d\d)([0-5]\d)", text.strip(), re.ASCII)
    if match is None:
        raise InvalidTimestamp("not an offset from UTC")
    minutes = int(match[2]) * 60 + int(match[3])
    if minutes >= 24 * 60:
        raise InvalidTimestamp("not an offset from UTC: a day or more")
    return timezone(timedelta(minutes=-minutes if match[1] == "-" else minutes))
