"""The parts as the supervisor's state file has them, held against the processes that there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from dashboards.health.report import Notice, PartHealth
from runtime.health.part_words import next_step, words_of
from runtime.stack.state import PartState, StackState, is_alive


def part_rows(state: StackState | None, notices: Iterable[Notice]) -> tuple[PartHealth, ...]:
    """One row per part; none where no supervisor runs."""
    if state is None:
        return ()
    ended = {notice.part: notice.at for notice in reversed(list(notices))}
    return tuple(_row(name, part, ended) for name, part in state.parts.items())


def _row(name: str, part: PartState, ended: Mapping[str, datetime]) -> PartHealth:
    words, seen = words_of(name), _seen(part)
    since = datetime.fromtimestamp(part.created_at, UTC) if part.created_at else ended.get(name)
    return PartHealth(
        part=name,
        state=seen,
        pid=part.pid,
        ports=tuple(part.ports.values()),
        restarts=part.restarts,
        since=since,
        does=words.does,
        without=words.without,
        next_step=next_step(name, seen),
    )


def _seen(part: PartState) -> str:
    """The supervisor notices a death within milliseconds; the file may be older by that."""
    if part.pid is not None and not is_alive(part.pid, part.created_at):
        return "gone"
    return part.state
