"""What happened to the parts: the supervisor's journal and what parts say of themselves, read as they grow.

The supervisor appends a line for each step in a part's life to `logs/supervisor.log`; a log is bounded at
each start (`runtime.stack.logs`). Of each file only what was added since is read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from dashboards.health.report import Notice
from runtime.health.notice_words import OF_SUPERVISOR, SAID_BY_PARTS, NoticeWords
from runtime.stack.logs import log_path
from runtime.stack.record import LOG_NAME

_FIRST_BYTES = 512 * 1024
_KEPT = 200
# What an entry says besides, where it is no one's data: numbers and reasons, never a message or a name.
_DETAILS = ("reason", "detail", "error", "signal", "exit_code", "partition", "partitions", "destination")


class GrowingLog:
    """The lines that were added to a file since the last look."""

    def __init__(self, path: Path) -> None:
        """Of what is there already only the end is read."""
        self._path = path
        self._offset: int | None = None
        self._inode = 0

    def lines(self) -> Iterator[bytes]:
        """Whole lines; none where there is no file."""
        try:
            with self._path.open("rb") as log:
                size, inode = self._path.stat().st_size, self._path.stat().st_ino
                if self._offset is None or inode != self._inode or size < self._offset:
                    self._offset, self._inode = max(0, size - _FIRST_BYTES), inode
                log.seek(self._offset)
                added = log.read(max(0, size - self._offset))
        except OSError:
            return
        whole, _, _ = added.rpartition(b"\n")
        self._offset += len(whole) + 1 if whole else 0
        yield from whole.splitlines()


class Journal:
    """The latest notices of all parts. For one thread."""

    def __init__(self, data: Path) -> None:
        """`data`: the data directory."""
        self._data = data
        self._logs: dict[str, GrowingLog] = {}
        self._notices: dict[str, deque[Notice]] = {}

    def read(self, parts: Iterable[str]) -> list[Notice]:
        """What is known, the latest first."""
        for name in (LOG_NAME, *parts):
            log = self._logs.setdefault(name, GrowingLog(log_path(self._data, name)))
            kept = self._notices.setdefault(name, deque(maxlen=_KEPT))
            for line in log.lines():
                notice = supervisor_notice(line) if name == LOG_NAME else part_notice(name, line)
                if notice is not None:
                    keep(kept, notice)
        # Of one millisecond the later line is the later notice.
        found = [notice for kept in self._notices.values() for notice in reversed(kept)]
        return sorted(found, key=lambda notice: notice.at, reverse=True)[:_KEPT]


def keep(kept: deque[Notice], notice: Notice) -> None:
    """Append it; one that says the same as the last only counts."""
    same = kept and (kept[-1].part, kept[-1].kind, kept[-1].detail) == (
        notice.part,
        notice.kind,
        notice.detail,
    )
    if same:
        kept[-1] = replace(notice, times=kept[-1].times + 1)
    else:
        kept.append(notice)


def supervisor_notice(line: bytes) -> Notice | None:
    """A line of the supervisor's journal; None where nobody needs to know. Pure."""
    entry = _entry(line)
    return _notice(entry, OF_SUPERVISOR, str(entry.get("part", "")), kind="kind", at="occurred_at")


def part_notice(part: str, line: bytes) -> Notice | None:
    """A line of a part's log, where it says one of SAID_BY_PARTS. Pure."""
    return _notice(_entry(line), SAID_BY_PARTS, part, kind="event", at="timestamp")


def _notice(
    entry: Mapping[str, Any], known: Mapping[str, NoticeWords], part: str, *, kind: str, at: str
) -> Notice | None:
    """`kind` and `at`: the fields of `entry` that say what happened and when."""
    words, happened_at = known.get(str(entry.get(kind))), _at(entry.get(at))
    if words is None or happened_at is None:
        return None
    return Notice(
        at=happened_at,
        part=part,
        kind=str(entry[kind]),
        level=words.level,
        meaning=words.meaning,
        next_step=words.next_step,
        detail=_detail(entry),
    )


def _entry(line: bytes) -> Mapping[str, Any]:
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}  # what a library, Java or a traceback prints
    return entry if isinstance(entry, dict) else {}


def _at(said: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _detail(entry: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {entry[name]}" for name in _DETAILS if entry.get(name) not in (None, ""))[:300]
