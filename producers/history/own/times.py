"""Times as files have them. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from producers.history.own.mapping import FileMapping
from producers.history.own.refusals import InvalidTime, TimeWithoutZone

_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class Times:
    """Reads the times of one file."""

    def __init__(self, mapping: FileMapping) -> None:
        self._zone = mapping.zone_info
        self._format = mapping.time_format

    def read(self, value: Any, column: str) -> datetime | None:
        """The instant in UTC, None where there is none. Raises InvalidTime, TimeWithoutZone.

        A time that the clock showed twice, when summer time ended, is taken as the first of both.
        """
        if value is None or value == "":
            return None
        at = self._parsed(value, column)
        if at.tzinfo is None:
            if self._zone is None:
                raise TimeWithoutZone(column)
            at = at.replace(tzinfo=self._zone)
        try:
            at = at.astimezone(UTC)
        except OverflowError:
            raise InvalidTime(column) from None
        if not _EARLIEST <= at < _LATEST:
            raise InvalidTime(column)
        return at

    def _parsed(self, value: Any, column: str) -> datetime:
        if isinstance(value, datetime):
            return value
        if isinstance(value, date):
            raise InvalidTime(column)  # a day is no instant
        text = str(value).strip()
        try:
            return (
                datetime.strptime(text, self._format)  # noqa: DTZ007 - the zone follows
                if self._format
                else datetime.fromisoformat(text)
            )
        except ValueError:
            raise InvalidTime(column) from None
