"""A forecast of the volume as answers have it: rows, and what was in the days before. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

import numpy as np

from dashboards.cards import Json
from dashboards.volume.counts import STEPS
from dashboards.volume.forecast import DAYS_TO_COME, HOURS_TO_COME, Course, Volume
from dashboards.volume.hours import Floats, Hours
from dashboards.volume.spread import LEVELS
from dashboards.volume.volumes import Known

LABELS = {
    "ordered": "Orders",
    "arrived": "Arrivals",
    "begun": "Exams begun",
    "complete": "Images complete",
    "reported": "Final reports",
}
METHOD = (
    "What is usual in that hour of the week in the last 12 weeks and on that weekday of the last year, "
    "by how busy the last days were; days also by the same season of the year before, as far as seasons "
    "came again; the next 8 hours also by who is expected, who waits, and the last hour. "
    "The range holds four of five."
)
BASELINE = "The same hour of the week, or the same weekday, of the last 8 weeks: their median and P10 to P90."
_HISTORY_H, _HISTORY_DAYS = 72, 28


def rows_of(known: Known, steps: Sequence[str]) -> list[Json]:
    """One row for each hour and day to come, step and modality; none where there is too little history."""
    if known.volume is None:
        return []
    return [row for step in steps for row in _rows(known, known.volume, step)]


def history_of(known: Known, step: str) -> Json:
    """What was counted, by modality: the last three days by the hour, the last four weeks by the day."""
    counts, days = known.counts, known.days
    first_h, first_day = max(0, counts.now - _HISTORY_H), max(0, days.totals.shape[-1] - _HISTORY_DAYS)
    number = STEPS.index(step)
    return {
        "hour": {
            "local": [
                local(counts.hours.at(place), counts.hours.zone) for place in range(first_h, counts.now)
            ],
            "exams": _by_modality(known, counts.steps[number, :, first_h:]),
        },
        "day": {
            "local": [date.fromordinal(days.first + n) for n in range(first_day, days.totals.shape[-1])],
            "exams": _by_modality(known, days.totals[number, :, first_day:]),
        },
    }


def local(at: datetime, zone: tzinfo) -> str:
    """What the department's clock shows, without a zone, to the minute."""
    return f"{at.astimezone(zone):%Y-%m-%dT%H:%M}"


def words_of(known: Known) -> list[str]:
    """What a reader has to know before trusting it."""
    volume = known.volume
    if volume is None:
        return [f"No forecast: {known.missing}."]
    said = []
    if volume.weeks < _WEEKS_FOR_TRUST:
        said.append(
            f"Only {volume.weeks:.0f} weeks are known: ranges are wider, and what they hold is less certain."
        )
    if known.days.totals.shape[-1] < _DAYS_OF_YEAR:
        said.append("Less than a year is known: holidays and seasons are not foreseen.")
    if volume.holidays:
        days = ", ".join(day.isoformat() for day in volume.holidays)
        said.append(f"Expected as holidays, since they were a year before: {days}.")
    if volume.left_out:
        days = ", ".join(day.isoformat() for day in volume.left_out)
        said.append(f"Left out as unlike others of their weekday: {days}.")
    return said


_WEEKS_FOR_TRUST, _DAYS_OF_YEAR = 8, 364


def _by_modality(known: Known, counted: Floats) -> dict[str, list[int]]:
    names = known.counts.modalities
    return {name: [int(count) for count in counted[place]] for place, name in enumerate(names)}


def _rows(known: Known, volume: Volume, step: str) -> Iterator[Json]:
    counts, number = known.counts, STEPS.index(step)
    for place, modality in enumerate(counts.modalities):
        about = {"step": step, "label": LABELS[step], "modality": modality}
        for lead in range(HOURS_TO_COME):
            at = counts.hours.at(counts.now + lead)
            yield {
                "by": "hour",
                **about,
                "at": at,
                "until": at + timedelta(hours=1),
                "local": local(at, counts.hours.zone),
                "so_far": None,
                **_figures(volume.hourly, number, place, lead),
                "appointed": int(counts.appointed[place, lead]),
            }
        for ahead in range(DAYS_TO_COME):
            day = date.fromordinal(known.days.today + ahead)
            yield {
                "by": "day",
                **about,
                "at": _midnight(day, counts.hours),
                "until": _midnight(day + timedelta(days=1), counts.hours),
                "local": day.isoformat(),
                "so_far": int(volume.so_far[number, place]) if not ahead else None,
                **_figures(volume.daily, number, place, ahead),
                "appointed": _appointed(known, place, day),
            }


def _midnight(day: date, hours: Hours) -> datetime:
    return datetime.combine(day, time.min, hours.zone).astimezone(UTC)


def _appointed(known: Known, modality: int, day: date) -> int:
    hours = known.counts.hours
    there = hours.day_numbers[known.counts.now :] == day.toordinal()
    return int(known.counts.appointed[modality][there].sum())


def _figures(course: Course, step: int, modality: int, place: int) -> Json:
    low, middle, high = (int(value) for value in course.ranges[:, step, modality, place])
    naive = course.naive[:, step, modality, place]
    told = {
        f"naive_p{round(level * 100)}": None if np.isnan(value) else round(float(value), 1)
        for level, value in zip(LEVELS, naive, strict=True)
    }
    expected: Any = round(float(course.expected[step, modality, place]), 1)
    return {"expected": expected, "p10": low, "p50": middle, "p90": high, **told}
