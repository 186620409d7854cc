"""The model of the what-if page: the simulator's queues, fed with the exams that came."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import groupby, product

from dashboards.cards import Json
from dashboards.department import day_bounds
from dashboards.questions import BadQuestion
from dashboards.trends.question import Period
from dashboards.what_if.staffing import Change, Course
from producers.simulator.department import ReaderGroup
from producers.simulator.retracing import Retraced, Trace, retraced
from runtime.staffing_calibration import Calibration, OnDuty, calibrated
from runtime.staffing_rows import Took, staffing_rows
from runtime.whole_courses import Whole, whole_courses
from schemas.parts import Target

_LETTER = {"STAT": "S", "ASAP": "A"}
_FEWEST = 20


@dataclass(frozen=True, slots=True)
class StaffingModel:
    """What becomes of the exams; `targets` are those in force now."""

    targets: Callable[[], Sequence[Target]]

    def __call__(self, courses: Sequence[Course], change: Change, period: Period, zone: tzinfo) -> Json:
        """As dashboards.what_if.staffing.Model. Raises BadQuestion."""
        exams = whole_courses(courses)
        if len(exams) < _FEWEST:
            raise BadQuestion(f"fewer than {_FEWEST} exams have all of their steps: choose a longer period")
        known = calibrated(exams, period, zone)
        scanners, on_duty = _scanners(known, change), _with_change(known, change)
        start, _ = day_bounds(period.first, zone)
        traces = [_trace(one, number, known, start) for number, one in enumerate(exams)]
        began = start.astimezone(zone)
        present = retraced(traces, known.scanners, _groups(known.on_duty), began)
        changed = retraced(traces, scanners, _groups(on_duty), began)
        measured = [_measured(one) for one in exams]
        sides = [measured, *(_modelled(exams, side, start) for side in (present, changed))]
        return {
            "exams": len(courses),
            "modelled": len(exams),
            "scanners": {"present": dict(known.scanners), "changed": scanners},
            "reader_hours": {
                "present": sum(known.on_duty.values()),
                "changed": sum(on_duty.values()),
            },
            "reading_s": dict(known.reading_s),
            "rows": list(staffing_rows(exams, sides, self.targets())),
        }


def _scanners(known: Calibration, change: Change) -> dict[str, int]:
    for code in change.scanners:
        if code not in known.scanners:
            there_are = ", ".join(sorted(known.scanners))
            raise BadQuestion(f"no exam of {code} in this period; there are {there_are}")
    found = {code: units + change.scanners.get(code, 0) for code, units in known.scanners.items()}
    for code, units in found.items():
        if units < 1:
            raise BadQuestion(f"{code} has {known.scanners[code]}: at least one has to be left")
    return found


def _with_change(known: Calibration, change: Change) -> OnDuty:
    """Who comes reads everything; who goes is one of the most that read the same."""
    changed = dict(known.on_duty)
    everything = tuple(sorted(known.scanners))
    for weekday, hour in product(range(7), range(change.from_h, change.to_h)):
        if change.readers >= 0:
            place = (weekday, hour, everything)
            changed[place] = changed.get(place, 0) + change.readers
        for _ in range(-change.readers):
            there = [place for place in changed if place[:2] == (weekday, hour) and changed[place] > 0]
            if there:
                changed[max(there, key=lambda place: (changed[place], place))] -= 1
    return changed


def _groups(on_duty: OnDuty) -> tuple[ReaderGroup, ...]:
    """A shift for each run of hours in which somebody is there. Raises BadQuestion where nobody ever is."""
    groups = tuple(
        ReaderGroup(f"{weekday} {from_h} {level} {' '.join(reads)}", 1, reads, from_h, to_h, (weekday,))
        for weekday, reads in sorted({(weekday, reads) for weekday, _, reads in on_duty})
        for level, from_h, to_h in _runs([on_duty.get((weekday, hour, reads), 0) for hour in range(24)])
    )
    if not groups:
        raise BadQuestion("nobody would be left to read")
    return groups


def _runs(there: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Level, first hour and end of each run of hours in which at least so many are there."""
    for level in range(1, max(there) + 1):
        hours = (hour for hour, count in enumerate(there) if count >= level)
        for _, run in groupby(enumerate(hours), key=lambda pair: pair[1] - pair[0]):
            of_run = [hour for _, hour in run]
            yield level, of_run[0], of_run[-1] + 1


def _trace(one: Whole, number: int, known: Calibration, start: datetime) -> Trace:
    code = one.course.modality
    return Trace(
        modality=code,
        priority=_LETTER.get(one.course.priority, "R"),
        arrived_s=round((one.course.arrived_at - start).total_seconds()),
        preparation_s=round(known.preparations.of(number, code)),
        acquisition_s=round((one.completed_at - one.started_at).total_seconds()),
        turnover_s=round(known.turnover_s[code]),
        transfer_s=round((one.readable_at - one.completed_at).total_seconds()),
        reading_s=max(1, round(known.readings.of(number, code))),
    )


def _measured(one: Whole) -> Took:
    took = {"arrival_to_start": (one.started_at - one.course.arrived_at).total_seconds()}
    if one.course.final_at is not None:
        took["report_turnaround"] = (one.course.final_at - one.completed_at).total_seconds()
    return took


def _modelled(exams: Sequence[Whole], found: Sequence[Retraced], start: datetime) -> list[Took]:
    """Signing takes as long as it took."""
    told: list[Took] = []
    for one, model in zip(exams, found, strict=True):
        arrived_s = (one.course.arrived_at - start).total_seconds()
        took = {"arrival_to_start": model.started_s - arrived_s}
        if one.course.final_at is not None:
            completed_s = model.started_s + (one.completed_at - one.started_at).total_seconds()
            signing_s = (one.course.final_at - one.dictated_at).total_seconds()
            took["report_turnaround"] = model.dictated_s - completed_s + signing_s
        told.append(took)
    return told
