"""What may become of a queue: many courses of the next day, each by its own chance. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dashboards.backlog.line import PRESENT_H, Line, Pace, staffing, usual_servers, usual_waiting
from dashboards.volume.hours import HOURS_OF_DAY, Floats, Ints

PATHS = 400
_SEED = 1
# How much the arrivals of a whole day are off, beyond chance: standard deviation of the logarithm.
_ARRIVALS_SPREAD = 0.06
# How much one exam takes longer or shorter than another, to the mean: less than by chance alone (1, Poisson).
_SERVICE_SPREAD = 0.6
# For so many hours it counts who is there now, and not who usually is; then less and less.
_PRESENT_FADES_H = 4.0


@dataclass(frozen=True, slots=True)
class Paths:
    """waiting: (path, hour), as each hour of the clock ends. few: (hour), so few are no backlog.

    ends_h: (hour), hours from now until its end: the first has begun already.
    """

    waiting: Floats
    few: Floats
    ends_h: Floats


def paths_of(line: Line, pace: Pace, joining: Floats, begun_h: float = 0.0, more_servers: int = 0) -> Paths:
    """The next hours of `line`, where `joining` (hour) are expected; with so many more to serve it.

    begun_h: So much of the first hour is over. The same history gives the same paths, with the same chance
    whatever the staffing, so that the difference is the staffing's alone.
    """
    hours = len(joining)
    lasts = np.ones(hours)
    lasts[0] -= begun_h
    random = np.random.default_rng(_SEED)
    busier = np.exp(_ARRIVALS_SPREAD * random.standard_normal(PATHS))[:, None]
    arrivals = random.poisson(busier * np.maximum(joining, 0.0) * lasts)
    if pace.shares is None:
        waiting = _by_turn(line, pace, arrivals, np.stack((lasts, np.full(hours, more_servers))), random)
    else:
        there = line.of_week[len(line.left) : len(line.left) + hours] % HOURS_OF_DAY
        waiting = _by_shares(line.now, arrivals, 1 - (1 - pace.shares[there]) ** lasts, random)
    return Paths(waiting, few_of(line, hours, more_servers), lasts.cumsum())


def _by_turn(line: Line, pace: Pace, arrivals: Ints, served_h: Floats, random: np.random.Generator) -> Floats:
    """served_h: (2, hour): how long each hour lasts, and how many more serve it."""
    hours = arrivals.shape[1]
    lasts, more_servers = served_h
    weeks = staffing(line, hours)
    of_path = weeks[random.integers(0, len(weeks), PATHS)] * _as_present(line, hours)
    faster = np.exp(pace.spread * random.standard_normal(PATHS))[:, None]
    # One draw for each path and hour, however many serve.
    luck = random.standard_normal((PATHS, hours))
    mean = np.maximum(of_path + more_servers, 0.0) * pace.per_server * faster * lasts
    served = np.maximum(0.0, np.rint(mean + _SERVICE_SPREAD * np.sqrt(mean) * luck))
    idle = random.binomial(arrivals, min(1.0, pace.idle_h))
    waiting = np.empty((PATHS, hours))
    before = np.full(PATHS, float(line.now))
    for hour in range(hours):
        there = before + arrivals[:, hour]
        # The latest are not served within their hour, however many serve.
        before = np.maximum(there - served[:, hour], np.minimum(idle[:, hour], there))
        waiting[:, hour] = before
    return waiting


def _by_shares(now: int, arrivals: Ints, shares: Floats, random: np.random.Generator) -> Floats:
    waiting = np.empty(arrivals.shape)
    before = np.full(len(arrivals), now, dtype=np.int64)
    for hour, share in enumerate(shares):
        there = before + arrivals[:, hour]
        before = there - random.binomial(there, share)
        waiting[:, hour] = before
    return waiting


def few_of(line: Line, hours: int, more_servers: int = 0) -> Floats:
    """(hour): so many as each hour ends are no backlog.

    As many as serve: nobody waits longer than one exam takes. Of signatures as many as are usual then.
    """
    now = len(line.left)
    return few_at(line, line.of_week[now + 1 : now + 1 + hours], more_servers)


def few_at(line: Line, of_week: Ints, more_servers: int = 0) -> Floats:
    """The same of these hours of the week."""
    found = usual_waiting(line) if line.queue == "signature" else usual_servers(line) + max(0, more_servers)
    return np.maximum(1.0, found[of_week])


def few_now(line: Line) -> float:
    """So few are no backlog now."""
    now = len(line.left)
    return float(few_at(line, line.of_week[now : now + 1])[0])


def _as_present(line: Line, hours: int) -> Floats:
    """(hour): who is there now, as a share of who usually is, as far as a queue made all of them be seen."""
    now = len(line.left)
    usual = usual_servers(line)[line.of_week[now - PRESENT_H : now]].sum()
    had_work = bool((line.waiting[now - PRESENT_H : now + 1] >= 1).all())
    ratio = line.servers[-PRESENT_H:].sum() / usual if usual > 0 and had_work else 1.0
    fades = np.exp(-np.arange(hours) / _PRESENT_FADES_H)
    return np.asarray(np.clip(ratio, 0.5, 1.5) ** fades)
