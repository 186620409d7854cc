"""What a department's own history says of its queues: who was there, and how long each step takes. Pure.

Nobody says when a reading begins, or when a scanner is made ready. Where the next exam was waiting already
when the one before ended, all that passed between the two ends was work: such pairs tell both. Who came to a
free scanner waited for nothing but to be prepared.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from itertools import pairwise
from statistics import median

from dashboards.questions import BadQuestion
from dashboards.trends.question import Period
from runtime.whole_courses import Whole

_LONGEST_TURNOVER_S, _LONGEST_READING_S = 3_600.0, 14_400.0
# What the simulated readers do between two exams (producers.simulator.queues).
_BETWEEN_READS_S = 20.0
_USUAL_TURNOVER_S = 150.0


OnDuty = Mapping[tuple[int, int, tuple[str, ...]], int]
"""How many readers there are by weekday (0 is Monday), hour, and the modalities that they read."""


class _Known:
    """What is known of some exams, and stands in for the others of their modality, one after the other.

    A median in their place would lose what makes queues: that some take long.
    """

    def __init__(self, exams: Sequence[Whole], own: Mapping[int, float], usual: Mapping[str, float]) -> None:
        self._own = own
        self._usual = usual
        self._of: dict[str, list[float]] = defaultdict(list)
        for number, seconds in own.items():
            self._of[exams[number].course.modality].append(seconds)

    def of(self, number: int, modality: str) -> float:
        """Seconds of the exam in this place."""
        found = self._of.get(modality)
        if number in self._own or not found:
            return self._own.get(number, self._usual[modality])
        return found[number % len(found)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """By modality, seconds (medians); scanners. preparations, readings: of each exam."""

    preparation_s: Mapping[str, float]
    turnover_s: Mapping[str, float]
    reading_s: Mapping[str, float]
    scanners: Mapping[str, int]
    on_duty: OnDuty
    preparations: _Known
    readings: _Known


def calibrated(exams: Sequence[Whole], period: Period, zone: tzinfo) -> Calibration:
    """What `exams` say. Raises BadQuestion where that is too little."""
    by_modality: dict[str, list[Whole]] = defaultdict(list)
    for one in exams:
        by_modality[one.course.modality].append(one)
    scanners = {code: _scanners(found) for code, found in by_modality.items()}
    prepared = dict(_preparations(exams, scanners))
    preparation = {code: _usual_preparation_s(code, exams, prepared) for code in by_modality}
    own = dict(_readings(exams))
    known: dict[str, list[float]] = defaultdict(list)
    for number, seconds in own.items():
        known[exams[number].course.modality].append(seconds)
    if not own:
        raise BadQuestion(
            "nobody is known to have read two waiting exams in a row, so how long a reading takes cannot be "
            "told: choose a longer period"
        )
    usual = median(own.values())
    return Calibration(
        preparation_s=preparation,
        turnover_s={code: _turnover_s(found, preparation[code]) for code, found in by_modality.items()},
        reading_s={code: median(known[code]) if known[code] else usual for code in by_modality},
        scanners=scanners,
        on_duty=_on_duty(exams, period, zone),
        preparations=_Known(exams, prepared, preparation),
        readings=_Known(exams, own, dict.fromkeys(by_modality, usual)),
    )


def _preparations(exams: Sequence[Whole], scanners: Mapping[str, int]) -> Iterator[tuple[int, float]]:
    """By the exam's place in `exams`, where its patient came to a free scanner and nobody else waited."""
    steps = sorted(
        step
        for number, one in enumerate(exams)
        for step in (
            (one.course.arrived_at, 1, number),
            (one.started_at, 0, number),
            (one.completed_at, -1, number),
        )
    )
    waiting: dict[str, int] = defaultdict(int)
    scanning: dict[str, int] = defaultdict(int)
    for _, kind, number in steps:
        one = exams[number]
        code = one.course.modality
        if kind == 1:
            if waiting[code] == 0 and scanning[code] < scanners[code]:
                yield number, (one.started_at - one.course.arrived_at).total_seconds()
            waiting[code] += 1
        elif kind == 0:
            waiting[code] -= 1
            scanning[code] += 1
        else:
            scanning[code] -= 1


def _usual_preparation_s(code: str, exams: Sequence[Whole], prepared: Mapping[int, float]) -> float:
    found = [seconds for number, seconds in prepared.items() if exams[number].course.modality == code]
    if found:
        return median(found)
    waits = [one.started_at - one.course.arrived_at for one in exams if one.course.modality == code]
    return min(waits).total_seconds()


def _turnover_s(exams: Sequence[Whole], preparation_s: float) -> float:
    by_station: dict[str, list[Whole]] = defaultdict(list)
    for one in sorted(exams, key=lambda one: one.started_at):
        by_station[one.course.station].append(one)
    gaps = []
    for station, found in by_station.items():
        for before, after in pairwise(found):
            ready_at = after.course.arrived_at + timedelta(seconds=preparation_s)
            gap = (after.started_at - before.completed_at).total_seconds()
            if station and ready_at <= before.completed_at and 0 <= gap <= _LONGEST_TURNOVER_S:
                gaps.append(gap)
    return median(gaps) if gaps else _USUAL_TURNOVER_S


def _readings(exams: Sequence[Whole]) -> Iterator[tuple[int, float]]:
    """By the exam's place in `exams`, where it was waiting when its reader had ended the one before."""
    by_reader: dict[str, list[tuple[int, Whole]]] = defaultdict(list)
    for number, one in sorted(enumerate(exams), key=lambda pair: pair[1].dictated_at):
        by_reader[one.course.reader].append((number, one))
    for reader, found in by_reader.items():
        for (_, before), (number, after) in pairwise(found):
            seconds = (after.dictated_at - before.dictated_at).total_seconds() - _BETWEEN_READS_S
            if reader and after.readable_at <= before.dictated_at and 0 < seconds <= _LONGEST_READING_S:
                yield number, seconds


def _scanners(exams: Sequence[Whole]) -> int:
    """Stations that are known; at least as many as scanned at the same time."""
    known = len({one.course.station for one in exams} - {""})
    changes = sorted(change for one in exams for change in ((one.started_at, 1), (one.completed_at, -1)))
    most = now = 0
    for _, step in changes:
        now += step
        most = max(most, now)
    return max(known, most, 1)


def _on_duty(exams: Sequence[Whole], period: Period, zone: tzinfo) -> OnDuty:
    """Who dictated in an hour was there; on average over the period's days of that weekday."""
    reads: dict[str, set[str]] = defaultdict(set)
    for one in exams:
        reads[one.course.reader].add(one.course.modality)
    there = {
        (local.date(), local.hour, one.course.reader)
        for one in exams
        if one.course.reader and (local := one.dictated_at.astimezone(zone))
    }
    seen: dict[tuple[int, int, tuple[str, ...]], int] = defaultdict(int)
    for day, hour, reader in there:
        seen[day.weekday(), hour, tuple(sorted(reads[reader]))] += 1
    days = [(period.first + timedelta(days=number)).weekday() for number in range(period.days)]
    return {place: math.ceil(count / max(1, days.count(place[0])) - 0.25) for place, count in seen.items()}
