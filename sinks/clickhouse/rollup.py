"""A rollup: every period that changed is counted anew, as a whole, from the intervals.

A digest cannot give back what was added to it, and a row of an exam that is replaced would count twice in a
materialized view. So a period is never added to: whenever a version of an exam comes, the periods of all of
its versions are counted again, and the last count of a cell replaces the one before. To count twice changes
nothing, so a crash, a repeat or a second process does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clickhouse_connect.driver.client import Client

# An insert's rows are seen in one table before they are seen in the next. What came this shortly before the
# last count is counted again, for most inserts take less...
_FRESH_US = 10_000_000
# ... and everything once more after so long, for an insert that took longer. No insert takes as long as this.
_SETTLED_US = 600_000_000

_NOW = """
SELECT toUnixTimestamp64Micro(now64(6, 'UTC')),
    (SELECT max(version) FROM turnaround_counts WHERE name = {name:String})
"""
TOUCHED = """
SELECT exam_id FROM turnaround_hours
WHERE touched_at >= fromUnixTimestamp64Micro({fresh_us:Int64})
    OR (touched_at >= fromUnixTimestamp64Micro({from_us:Int64})
        AND touched_at < fromUnixTimestamp64Micro({settled_us:Int64}))
"""
_COUNTED = """
INSERT INTO turnaround_counts
SELECT {name:String}, fromUnixTimestamp64Micro({version:Int64}, 'UTC'), {version:Int64}
"""


@dataclass(frozen=True, slots=True)
class Rollup:
    """One of them.

    name: under which turnaround_counts has up to when it is counted.
    changed: the periods, as numbers in their order, that the exams of TOUCHED concern.
    count: the statement that counts periods; its parameters are `bounds`, and a version.
    at_once: how many periods at most. gap: from one to the next, where both are counted together, at most.
    """

    name: str
    changed: str
    count: str
    bounds: Callable[[Sequence[int]], Mapping[str, Any]]
    at_once: int
    gap: int


def count_anew(client: Client, rollup: Rollup, **parameters: object) -> int:
    """Bring it up to what turnaround has now; how many periods were counted.

    `parameters`: more of them for both statements. Raises the driver's error: then the next call counts them.
    """
    (now_us, last_us) = client.query(_NOW, parameters={"name": rollup.name}).result_rows[0]
    touched = touched_windows(int(now_us), int(last_us))
    rows = client.query(rollup.changed, parameters={**touched, **parameters}).result_rows
    version = max(int(now_us), int(last_us) + 1)  # a clock that was set back must not hide a count
    periods = [int(period) for (period,) in rows]
    for some in portions(periods, rollup.at_once, rollup.gap):
        client.command(rollup.count, parameters={**rollup.bounds(some), **parameters, "version": version})
    if periods:
        client.command(_COUNTED, parameters={"name": rollup.name, "version": version})
    return len(periods)


def touched_windows(now_us: int, last_us: int) -> dict[str, int]:
    """When what has to be counted now was touched: fresh, or from `from_us` until `settled_us`.

    From count to count the second windows leave no gap.
    """
    since_us = min(now_us, last_us)  # a clock that was set back must hide no change either
    return {
        "fresh_us": max(0, since_us - _FRESH_US),
        "from_us": max(0, since_us - _SETTLED_US),
        "settled_us": max(0, now_us - _SETTLED_US),
    }


def portions(periods: Sequence[int], at_once: int, gap: int) -> Iterator[Sequence[int]]:
    """Some at a time: years of them need no more memory, and no statement more time, than some days.

    Those that lie far apart are apart: a statement looks at all that lies between its periods.
    """
    first = 0
    for place in range(1, len(periods) + 1):
        is_last = place == len(periods)
        if is_last or place - first == at_once or periods[place] - periods[place - 1] > gap:
            yield periods[first:place]
            first = place
