"""A reader of the board's stream, and one who asks ClickHouse all the time: is anything ever blank?"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import httpx

from sinks.clickhouse.client import connect
from tests.running_stack import RunningStack
from tests.sink_running import until


@dataclass
class Watched:
    """What a reader of the board's stream has seen, and somebody who asks ClickHouse all the time."""

    exams: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    at_first: int = 0
    least_rows_in_clickhouse: int = 10**9

    @property
    def rows(self) -> int:
        return len(self.exams)


@contextmanager
def watching(stack: RunningStack) -> Iterator[Watched]:
    """The board and the table, watched inside the block."""
    watched, stop = Watched(), threading.Event()
    headers = stack.dashboard_headers()
    threads = [
        threading.Thread(target=_watch_board, args=(stack, headers, watched, stop)),
        threading.Thread(target=_watch_table, args=(stack, watched, stop)),
    ]
    for thread in threads:
        thread.start()
    try:
        until(lambda: bool(watched.exams), "there is no snapshot", timeout_s=30.0)
        watched.at_first = watched.rows
        yield watched
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)


def _watch_board(
    stack: RunningStack, headers: dict[str, str], watched: Watched, stop: threading.Event
) -> None:
    with httpx.stream("GET", f"{stack.dashboard_url}/api/stream", headers=headers, timeout=30) as answer:
        event = ""
        for line in answer.iter_lines():
            if stop.is_set():
                return
            name, _, content = line.partition(": ")
            if name == "event":
                event = content
            elif name == "data" and event in ("snapshot", "delta"):
                said = json.loads(content)
                there = {row["exam_id"] for row in said["rows"]}
                watched.gone |= set(said.get("gone", ()))
                if event == "snapshot":
                    watched.gone |= watched.exams - there
                watched.exams |= there


def _watch_table(stack: RunningStack, watched: Watched, stop: threading.Event) -> None:
    with closing(
        connect(stack.clickhouse_url, stack.clickhouse_user, stack.clickhouse_password, "radstream")
    ) as client:
        while not stop.is_set():
            ((rows,),) = client.query("SELECT count() FROM v_worklist").result_rows
            watched.least_rows_in_clickhouse = min(watched.least_rows_in_clickhouse, rows)
