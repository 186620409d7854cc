"""One queue: who waits in it, who serves it, and at which rate. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dashboards.volume.counts import ALL, QUEUES, STEPS, Counts
from dashboards.volume.hours import HOURS_OF_DAY, HOURS_OF_WEEK, Flags, Floats, Ints

_JOINS = {"scanner": "arrived", "reading": "complete", "signature": "reported"}
WEEKS = 8
PRESENT_H = 3
_LEAST_BUSY_HOURS = 20
_BEST_TENTH = 0.9


@dataclass(frozen=True, slots=True)
class Line:
    """A queue and its history by the hour, until `now`.

    queue: One of QUEUES; modality: of scanners, else ALL. now: How many wait at this instant.
    waiting: (hour), as each began, the present one included.
    left, servers: (hour). step, place: of those who join it, in the forecast of the volume.
    """

    queue: str
    modality: str
    now: int
    waiting: Floats
    left: Floats
    servers: Floats
    of_week: Ints
    step: int
    place: int

    @property
    def present(self) -> float:
        """How many served it in an hour, on average of the last PRESENT_H."""
        return float(self.servers[-PRESENT_H:].mean())


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a queue is served.

    shares: (24), by hour of the day, which share of those in line leaves it within the hour, where they wait
        for nobody who is busy with others (a signature); None: they wait for their turn.

    per_server: Exams in an hour by one who serves, while nobody has to wait for work.
    spread: Standard deviation of its logarithm from day to day, beyond chance.
    idle_h: Hours that an exam is in line though nobody is before it.
    is_measured: False: the queue never stood long enough, and `per_server` is of the best tenth of hours.
    """

    per_server: float
    spread: float
    idle_h: float
    is_measured: bool
    shares: Floats | None = None


def lines_of(counts: Counts) -> Iterator[Line]:
    """Of scanners one for each modality; those of people are of all modalities."""
    for number, queue in enumerate(QUEUES):
        for place, modality in enumerate(counts.modalities):
            if (modality == ALL) == (queue == "scanner"):
                continue
            yield Line(
                queue=queue,
                modality=modality,
                now=int(counts.waiting_now[number, place]),
                waiting=counts.waiting[number, place],
                left=counts.left[number, place],
                servers=counts.servers[number, place],
                of_week=counts.hours.of_week,
                step=STEPS.index(_JOINS[queue]),
                place=place,
            )


def is_busy(line: Line) -> Flags:
    """(hour): whether as many waited all the hour as there were to serve them."""
    return (line.servers > 0) & (np.minimum(line.waiting[:-1], line.waiting[1:]) >= line.servers)


def pace_of(line: Line) -> Pace | None:
    """None where nobody was ever seen to serve it."""
    served = line.servers > 0
    if not served.any():
        return None
    if line.queue == "signature":
        return _by_shares(line)
    busy = is_busy(line)
    quiet = served & ~busy
    left = float(line.left[quiet].sum())
    idle_h = float(line.waiting[1:][quiet].sum()) / left if left else 0.0
    if busy.sum() < _LEAST_BUSY_HOURS:
        rates = line.left[served] / line.servers[served]
        best = float(np.quantile(rates, _BEST_TENTH))
        return Pace(best, _DOUBT, idle_h, is_measured=False) if best > 0 else None
    per_server = float(line.left[busy].sum() / line.servers[busy].sum())
    return (
        Pace(per_server, _spread(line, busy, per_server), idle_h, is_measured=True)
        if per_server > 0
        else None
    )


def _by_shares(line: Line) -> Pace:
    """Reports are signed as they come: the more there are, the more are signed in an hour."""
    hour_of_day = line.of_week[: len(line.left)] % HOURS_OF_DAY
    in_line = line.waiting[1:] + line.left
    left, there = (np.bincount(hour_of_day, one, HOURS_OF_DAY) for one in (line.left, in_line))
    shares = (left + _AS_IF * left.sum() / max(1.0, there.sum())) / (there + _AS_IF)
    per_server = float(line.left.sum() / max(1.0, line.servers.sum()))
    return Pace(per_server, 0.0, 0.0, is_measured=True, shares=np.minimum(shares, 1.0))


_DOUBT = 0.2
_AS_IF = 5.0
_USUAL = 0.75


def _spread(line: Line, busy: Flags, per_server: float) -> float:
    days = np.arange(len(busy)) // HOURS_OF_DAY
    left = np.bincount(days[busy], line.left[busy])
    expected = np.bincount(days[busy], line.servers[busy]) * per_server
    some = expected > 0
    if not some.any():
        return _DOUBT
    # The variance of the ratio without that of chance, 1 / expected; who read more tells more.
    beyond = (left[some] / expected[some] - 1) ** 2 - 1 / expected[some]
    return float(np.sqrt(max(0.0, np.average(beyond, weights=expected[some]))))


def staffing(line: Line, hours: int) -> Floats:
    """(week, hour to come): who served in the same hours of the last WEEKS weeks.

    Who is there and has nothing to do is not seen: an hour without a queue counts for as many as are usual.
    """
    now = len(line.left)
    to_come = line.of_week[now : now + hours]
    usual = usual_servers(line)
    found = []
    for week in range(1, WEEKS + 1):
        first = now - week * HOURS_OF_WEEK
        if first < 0:
            break
        places = np.arange(first, min(first + hours, now))
        places = np.concatenate((places, np.full(hours - len(places), now - 1)))
        least = np.minimum(line.waiting[places], line.waiting[places + 1])
        seen, there = line.servers[places], usual[to_come]
        found.append(np.where(least >= np.maximum(1.0, there), seen, np.maximum(seen, there)))
    return np.array(found) if found else usual[to_come][None]


def usual_servers(line: Line) -> Floats:
    """(168): no more than so many serve in three of four weeks."""
    return _usual(line, line.servers)


def usual_waiting(line: Line) -> Floats:
    """(168): no more than so many wait as that hour begins in three of four weeks."""
    return _usual(line, line.waiting[:-1])


def _usual(line: Line, counted: Floats) -> Floats:
    recent = counted[-WEEKS * HOURS_OF_WEEK :]
    past = line.of_week[: len(line.left)][-WEEKS * HOURS_OF_WEEK :]
    if not len(recent):
        return np.zeros(HOURS_OF_WEEK)
    # Hours by place in the week, the smallest of each place first.
    in_order = recent[np.lexsort((recent, past))]
    there = np.bincount(past, minlength=HOURS_OF_WEEK)
    at = _USUAL * np.maximum(there - 1, 0)
    low = np.floor(at).astype(np.int64)
    begins = there.cumsum() - there
    last = len(in_order) - 1
    below, above = (in_order[np.minimum(begins + one, last)] for one in (low, np.ceil(at).astype(np.int64)))
    return np.where(there > 0, below + (above - below) * (at - low), 0.0)
