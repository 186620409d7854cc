"""Times as HL7 v2 and DICOM write them: YYYY[MM[DD[HH[MM[SS[.f...]]]]]][+/-ZZZZ].

HL7 v2.5.1 section 2.A.77 (TS) and DICOM PS3.5 section 6.2 (DT). Senders also write milliseconds without
the point (17 digits). What is left out is the beginning: 2026 is 1 January 2026, 00:00.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

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


def parse_timestamp(text: str, zone: tzinfo) -> datetime:
    """The instant in UTC; `zone` is where the clock of a time without offset stands.

    A leap second counts as second 59. Raises InvalidTimestamp.
    """
    match = _TIMESTAMP.fullmatch(text.strip())
    if match is None:
        raise InvalidTimestamp(f"not a time: {len(text)} characters")
    fraction = match["fraction"] or match["thousandths"] or ""
    second = int(match["second"] or 0)
    try:
        local = datetime(
            int(match["year"]),
            int(match["month"] or 1),
            int(match["day"] or 1),
            int(match["hour"] or 0),
            int(match["minute"] or 0),
            59 if second == _LEAP_SECOND else second,
            int(fraction.ljust(6, "0")),
            tzinfo=parse_offset(match["offset"]) if match["offset"] else zone,
        )
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidTimestamp("not a time: no such day, hour or offset") from None


def parse_offset(text: str) -> timezone:
    """The offset `+HHMM` or `-HHMM` from UTC. Raises InvalidTimestamp."""
    match = re.fullmatch(r"([+-])(\d\d)([0-5]\d)", text.strip(), re.ASCII)
    if match is None:
        raise InvalidTimestamp("not an offset from UTC")
    minutes = int(match[2]) * 60 + int(match[3])
    if minutes >= 24 * 60:
        raise InvalidTimestamp("not an offset from UTC: a day or more")
    return timezone(timedelta(minutes=-minutes if match[1] == "-" else minutes))
