"""Which forecast of a queue came closer in held-out weeks: its courses, or the same hours before. Pure.

Each is made anew at hours of the last weeks, by what had been counted before. Of the next hours of a queue
that stands, and of the whole day of one that is longer than at this hour of other weeks, the courses are told
in any case: of it the same hours of other weeks know nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dashboards.backlog.clearing import fan
from dashboards.backlog.line import Line, lines_of, pace_of
from dashboards.backlog.naive import most_at_this_hour, naive_waiting
from dashboards.backlog.paths import few_now, paths_of
from dashboards.volume.counts import Counts
from dashboards.volume.forecast import HOURS_TO_COME
from dashboards.volume.hours import Floats
from dashboards.volume.spread import pinball

BANDS = (slice(0, 4), slice(4, HOURS_TO_COME))
"""Hours ahead, of each of which it is chosen: those of which the present tells, and the rest of the day."""
# Fewer forecasts decide nothing. What is plain is told unless the courses are clearly better.
_LEAST, _CLEARLY = 7, 0.95

Closer = Mapping[tuple[str, str], Sequence[bool]]
"""By queue and modality: in which of BANDS the same hours of the last weeks came closer."""
_NOWHERE = (False,) * len(BANDS)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What was to be said of a queue at an hour of the past, and what came: (levels, hour) and (hour).

    naive: None where not a week was known. is_own: As `own_bands` has it.
    """

    line: Line
    came: Floats
    ours: Floats
    naive: Floats | None
    is_own: Sequence[bool]

    def told(self, is_naive: Sequence[bool]) -> Floats:
        """(levels, hour): what the page would have said."""
        return chosen(self.ours, self.naive, without(is_naive, self.is_own))


def held_out(then: Counts, expected: Floats, came: Callable[[Line], Floats]) -> Iterator[HeldOut]:
    """Every queue `then`, where `expected` (step, modality, hour) was to join it; `came`: what came."""
    for line in lines_of(then):
        pace = pace_of(line)
        if pace is None:
            continue
        ours = fan(paths_of(line, pace, expected[line.step, line.place]))
        yield HeldOut(line, came(line), ours, naive_waiting(line, HOURS_TO_COME), own_bands(line))


def own_bands(line: Line) -> Sequence[bool]:
    """In which of BANDS the courses of `line` are told in any case.

    In the next hours if more wait than there are to serve them; later if also more than at this hour of nine
    weeks in ten.
    """
    stands = line.now > few_now(line)
    return stands, stands and line.now > most_at_this_hour(line)


def without(is_naive: Sequence[bool], is_own: Sequence[bool]) -> Sequence[bool]:
    """In which of BANDS the same hours of the weeks before are told."""
    return tuple(naive and not own for naive, own in zip(is_naive, is_own, strict=True))


def came_closer(held_out: Sequence[HeldOut]) -> Sequence[bool]:
    """Of each of BANDS, whether the same hours of the weeks before are told: unless the courses lost less."""
    return tuple(_came_closer(held_out, number) for number in range(len(BANDS)))


def _came_closer(held_out: Sequence[HeldOut], number: int) -> bool:
    band = BANDS[number]
    losses = [
        (pinball(one.came, one.ours)[band].mean(), pinball(one.came, one.naive)[band].mean())
        for one in held_out
        if one.naive is not None and not one.is_own[number]
    ]
    if len(losses) < _LEAST:
        return False
    ours, naive = np.mean(losses, axis=0)
    return bool(_CLEARLY * naive < ours)


def chosen(ours: Floats, naive: Floats | None, is_naive: Sequence[bool]) -> Floats:
    """(levels, hour): `ours`, but in the bands that are naive."""
    if naive is None or not any(is_naive):
        return ours
    found = ours.copy()
    for band, takes_naive in zip(BANDS, is_naive, strict=True):
        if takes_naive:
            found[:, band] = np.rint(naive[:, band])
    return found


def closer_of(closer: Closer, line: Line) -> Sequence[bool]:
    """In which of BANDS the same hours of the last weeks are told of `line` now."""
    return without(closer.get((line.queue, line.modality), _NOWHERE), own_bands(line))
