"""Telling: one exam as it becomes known, fact after fact. Pure.

While all of it is plain, each fact only adds to what was known, and that costs little. At the first that is
not (a correction, a cancellation, an identity that was decided, a clock that cannot be right, an event that
came in two versions) the fold takes over, which gives the same for what is plain.
"""

from __future__ import annotations

from processors import patients, reconciliation
from processors.cancellation import CANCELS, WITHDRAWN_WITH
from processors.clock_bounds import DEFAULT_BOUNDS
from processors.exam_state import ExamState
from processors.facts import KNOWN_STEPS, Fact, Value
from processors.images import images_of
from processors.milestones import COUNTED, Span, stage
from processors.own_facts import Own
from processors.patients import IMAGE_STEPS
from processors.predictions.exam import TEXTS, ForecastExam, exam_of_stage, exam_of_view
from processors.remarks import READER_OF_STEP
from processors.view import view_of

_PLAIN_STEPS = KNOWN_STEPS - reconciliation.STEPS - patients.STEPS - CANCELS - WITHDRAWN_WITH.keys()
_COUNTS_IMAGES = frozenset({"SeriesStored", "ImagesStored", "StudyStored"})
_ASKED = frozenset({*TEXTS, "scheduled_at"})


class Telling:
    """What is known of one exam after each of its facts."""

    __slots__ = ("_facts", "_plain", "_state", "exam_id")

    def __init__(self, exam_id: str) -> None:
        self.exam_id = exam_id
        self._facts: dict[str, Fact] = {}
        self._plain = _Plain()
        self._state: ExamState | None = None

    def add(self, fact: Fact) -> ForecastExam:
        """The exam as it is known with `fact`."""
        if self._state is None and self._facts.get(fact.event_id) == fact:
            return self._plain.exam(self.exam_id)  # it came twice
        if self._state is None and self._is_plain(fact):
            self._facts[fact.event_id] = fact
            self._plain.add(fact)
            return self._plain.exam(self.exam_id)
        if self._state is None:
            self._state = ExamState(self.exam_id, self._facts)
        self._state.add_fact(fact)
        return exam_of_view(view_of(self._state))

    def _is_plain(self, fact: Fact) -> bool:
        return (
            fact.step in _PLAIN_STEPS
            and fact.corrects is None
            and fact.event_id not in self._facts
            and DEFAULT_BOUNDS.fault(fact) is None
        )


class _Plain:
    """Facts of which none takes anything back: the earliest gives the milestone, the latest the attribute."""

    __slots__ = ("_images", "_is_complete", "_latest", "_reached", "_reader", "_site")

    def __init__(self) -> None:
        self._reached: dict[str, Span] = {}
        self._latest: dict[str, tuple[tuple[object, ...], Value]] = {}
        self._reader: tuple[tuple[int, int, str], Value] | None = None
        self._site: tuple[tuple[int, str], str] | None = None
        self._images: list[Fact] = []
        self._is_complete: bool | None = None

    def add(self, fact: Fact) -> None:
        """One more."""
        at_us, said = fact.occurred_us, (fact.occurred_us, fact.event_id)
        milestone = COUNTED.get(fact.step)
        if milestone is not None:
            known = self._reached.get(milestone)
            if known is None or at_us < known.first_us:
                self._reached[milestone] = Span(at_us, at_us)
        if self._site is None or said > self._site[0]:
            self._site = said, fact.site
        self._note_attributes(fact, said)
        self._note_reader(fact)
        if fact.step in _COUNTS_IMAGES:
            self._images.append(fact)
            if "study_stored" in self._reached:
                self._is_complete = images_of(Own(self._images), {}).is_complete

    def exam(self, exam_id: str) -> ForecastExam:
        """As the view of the same facts gives it."""
        reached = self._reached
        if self._is_complete is False:
            reached = {name: span for name, span in reached.items() if name != "study_stored"}
        texts = {name: str(value) for name, (_, value) in self._latest.items() if name != "scheduled_at"}
        scheduled = self._latest.get("scheduled_at")
        return exam_of_stage(
            exam_id,
            site="" if self._site is None else self._site[1],
            texts=texts,
            reader="" if self._reader is None else str(self._reader[1]),
            reached=reached,
            stands=stage(reached),
            scheduled_at=None if scheduled is None else scheduled[1],
        )

    def _note_attributes(self, fact: Fact, said: tuple[int, str]) -> None:
        latest = self._latest
        for name, value in fact.attributes.items():
            if name in _ASKED:
                # The RIS knows which exam it is; what an image says of its modality counts only without it.
                order = (fact.step not in IMAGE_STEPS, *said) if name == "modality" else said
                if name not in latest or order > latest[name][0]:
                    latest[name] = order, value

    def _note_reader(self, fact: Fact) -> None:
        who = READER_OF_STEP.get(fact.step)
        value = None if who is None else fact.attributes.get(who)
        if value is not None:
            happened = (fact.occurred_us, fact.recorded_us, fact.event_id)
            if self._reader is None or happened > self._reader[0]:
                self._reader = happened, value
