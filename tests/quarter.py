"""A quarter of a small department in plain values: what happened, for questions whose answers are known."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from tests.quarter_story import TO, ZONE, Quarter, Story

_MINUTE = timedelta(minutes=1)
_SCANNERS = {"CT1": "CT", "CT2": "CT", "MR1": "MR", "US1": "US", "DX1": "DX"}
_DURATION_MIN = {"CT": (6, 20), "MR": (18, 45), "US": (8, 25), "DX": (2, 8)}
_IMAGES = {"CT": (200, 900), "MR": (150, 800), "US": (10, 60), "DX": (1, 4)}
_CLASSES, _CLASS_WEIGHTS = ("O", "I", "E"), (50, 30, 20)
_AHEAD = timedelta(hours=9)
_DELAYS = ("RID45970", "RID45971", "RID45972")
READERS = tuple(name * 64 for name in "abcd")


def quarter(seed: int = 7) -> Quarter:
    """The same one for the same seed."""
    chance = random.Random(seed)
    stories: list[Story] = []
    for day in _days():
        for scanner in _SCANNERS:
            stories.extend(_day_of(chance, day, scanner, len(stories)))
    unmatched = tuple(
        (
            f"1.2.840.98.{n}",
            "US1",
            chance.randint(5, 50),
            _at(date(2026, 1, 8) + timedelta(days=9 * n), 600 + n),
        )
        for n in range(6)
    )
    return Quarter(tuple(stories), unmatched)


def _days() -> Iterator[date]:
    """Mondays, Thursdays and Sundays, over the change to summer time."""
    day = date(2026, 1, 5)
    while day < TO:
        if day.isoweekday() in (1, 4, 7):
            yield day
        day += timedelta(days=1)


def _at(day: date, minute: float) -> datetime:
    """So many minutes after midnight on the department's clock."""
    return datetime.combine(day, time(), ZONE).astimezone(UTC) + minute * _MINUTE


def _day_of(chance: random.Random, day: date, scanner: str, number: int) -> Iterator[Story]:
    """Some exams of one scanner, one after the other; a CT also works at night."""
    minute = chance.randint(8 * 60, 9 * 60) if chance.random() < 0.7 or scanner != "CT2" else 22 * 60 + 30
    for place in range(chance.randint(3, 5)):
        story = _exam(chance, f"A{number + place:05}", scanner, _at(day, minute))
        yield _with_exceptions(chance, story)
        taken = (_or(story.completed) - _or(story.started)) / _MINUTE
        minute += int(taken) + chance.choice((2, 5, 9, 20, 45))


def _or(at: datetime | None) -> datetime:
    assert at is not None
    return at


def _exam(chance: random.Random, accession: str, scanner: str, started: datetime) -> Story:
    modality = _SCANNERS[scanner]
    patient_class = chance.choices(_CLASSES, _CLASS_WEIGHTS)[0]
    priority = {"E": "STAT", "I": chance.choice(("ASAP", None)), "O": "ROUTINE"}[patient_class]
    arrived = started - chance.randint(3, 70) * _MINUTE
    scheduled = arrived + chance.randint(-25, 20) * _MINUTE if patient_class == "O" else None
    completed = started + chance.randint(*_DURATION_MIN[modality]) * _MINUTE
    first_image = started + chance.randint(1, 2) * _MINUTE
    opened = completed + chance.randint(5, 300 if patient_class != "E" else 60) * _MINUTE
    dictated = opened + chance.randint(2, 25) * _MINUTE
    return Story(
        accession=accession,
        modality=modality,
        scanner=scanner,
        first_priority=priority,
        priority=priority,
        patient_class=patient_class,
        patient=f"{chance.randint(0, 200):064x}",
        ordered=arrived - chance.randint(10, 60 * 24 * (5 if patient_class == "O" else 1)) * _MINUTE,
        scheduled=scheduled,
        arrived=arrived,
        started=started,
        completed=completed,
        first_image=first_image,
        stored=completed + chance.randint(1, 5) * _MINUTE,
        opened=opened,
        dictated=dictated,
        final=dictated + chance.randint(1, 90) * _MINUTE,
        reader=chance.choice(READERS),
        images=chance.randint(*_IMAGES[modality]),
    )


def _with_exceptions(chance: random.Random, story: Story) -> Story:
    """What happens now and then, each to some in a hundred."""
    drawn = chance.random() * 100
    for share, happens in _EXCEPTIONS:
        drawn -= share
        if drawn < 0:
            return happens(chance, story)
    return story


def _missed(_: random.Random, story: Story) -> Story:
    return replace(_not_done(story), missed=_or(story.arrived)) if story.scheduled else story


def _cancelled(_: random.Random, story: Story) -> Story:
    return replace(_not_done(story), cancelled=_or(story.arrived) - 5 * _MINUTE)


def _unread(_: random.Random, story: Story) -> Story:
    return replace(story, opened=None, dictated=None, final=None, reader=None)


def _wrong_clock(_: random.Random, story: Story) -> Story:
    started, completed = _or(story.started) + _AHEAD, _or(story.completed) + _AHEAD
    return replace(story, clock_fault=True, started=started, completed=completed)


def _made_urgent(_: random.Random, story: Story) -> Story:
    return story if story.priority else replace(story, first_priority="ROUTINE", priority="STAT")


def _critical(chance: random.Random, story: Story) -> Story:
    notified = _or(story.final) + chance.randint(1, 30) * _MINUTE
    seen = notified + chance.randint(5, 120) * _MINUTE if chance.random() < 0.8 else None
    category = chance.choice(("1", "2"))
    return replace(story, critical_category=category, critical_notified=notified, critical_acknowledged=seen)


def _delayed(chance: random.Random, story: Story) -> Story:
    return replace(story, delay_code=chance.choice(_DELAYS))


def _addended(chance: random.Random, story: Story) -> Story:
    times = (_or(story.final) + n * timedelta(hours=5) for n in range(1, chance.randint(2, 3)))
    return replace(story, addended=tuple(times))


def _corrected(_: random.Random, story: Story) -> Story:
    return replace(story, corrected=_or(story.final) + timedelta(hours=2))


def _reconciled(_: random.Random, story: Story) -> Story:
    return replace(story, reconciled=_or(story.completed) + timedelta(hours=1))


def _not_done(story: Story) -> Story:
    nothing = dict.fromkeys(
        ("arrived", "started", "completed", "first_image", "stored", "opened", "dictated", "final", "reader")
    )
    return replace(story, images=0, **nothing)  # type: ignore[arg-type]  # None suits each of them


_EXCEPTIONS: tuple[tuple[float, Callable[[random.Random, Story], Story]], ...] = (
    (4, _missed),
    (4, _cancelled),
    (4, _unread),
    (6, _wrong_clock),
    (8, _made_urgent),
    (8, _critical),
    (8, _delayed),
    (6, _addended),
    (3, _corrected),
    (5, _reconciled),
)
