"""From events to the studies that go to one destination."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from schemas.codec import Codec
from schemas.events import Event, ImagesStored, StudyStored
from sinks.delivering.events import EventReader
from sinks.delivering.job import Wanted
from sinks.dicom.destinations import Destination
from sinks.dicom.index import ImageIndex
from sinks.dicom.indexed import IndexedStudy
from sinks.dicom.rules import Forward, Prefetch, Rule, facts_of

_YEAR = timedelta(days=365.25)


class Chooser:
    """Choose of one destination. The lane of a delivery is the study's UID."""

    def __init__(
        self, destination: Destination, codec: Codec, index: ImageIndex, catch_up: Callable[[], None]
    ) -> None:
        """`catch_up` makes the index current; called before it is asked."""
        self._destination = destination
        self._index = index
        self._catch_up = catch_up
        rules: tuple[Rule, ...] = (*destination.forward, *destination.prefetch)
        # What no rule waits for is passed over.
        self._events = EventReader(codec, frozenset[type[Event]]().union(*(rule.events for rule in rules)))

    def choose(self, messages: Sequence[tuple[bytes | str | None, bytes | None]]) -> list[Sequence[Wanted]]:
        """The studies of each message. Raises RegistryUnavailable, Unavailable."""
        events = [self._events.read(kind, value) for kind, value in messages]
        if any(event is not None for event in events):
            self._catch_up()
        return [[] if event is None else self.wanted(event) for event in events]

    def wanted(self, event: Event) -> list[Wanted]:
        """The studies that go because of `event`, as the index knows them now."""
        return [Wanted(uid, event) for uid in self._studies(event)]

    def _studies(self, event: Event) -> Sequence[str]:
        for rule in self._destination.rules_on(type(event)):
            if isinstance(rule, Forward) and isinstance(event, StudyStored | ImagesStored):
                study = self._index.study(event.study_instance_uid)
                if study is not None and forwards(rule, event, study):
                    return [study.study_instance_uid]
            if isinstance(rule, Prefetch) and rule.when.holds(facts_of(event)):
                patient = event.envelope.patient_key
                studies = [] if patient is None else self._index.studies_of(patient)
                return [study.study_instance_uid for study in priors(rule, event, studies)]
        return []


def forwards(rule: Forward, event: Event, study: IndexedStudy) -> bool:
    """Whether the study goes: any of its images may be what the conditions ask for."""
    images = {
        "modality": study.modalities,
        "body_part": study.body_parts,
        "calling_ae_title": study.calling_ae_titles,
    }
    return rule.when.holds({**facts_of(event), **images})


def priors(rule: Prefetch, event: Event, studies: Iterable[IndexedStudy]) -> list[IndexedStudy]:
    """Of the patient's studies those that go ahead of the exam of `event`, the latest first: pure."""
    oldest = event.envelope.occurred_at - rule.within_years * _YEAR
    modality = getattr(event, "modality", None) if rule.same_modality else None
    own_uid = getattr(event, "study_instance_uid", None)
    found = [
        study
        for study in studies
        if study.acquired_at >= oldest
        and study.study_instance_uid != own_uid
        and study.exam_id != event.envelope.exam_id
        and (modality is None or modality in study.modalities)
        and (not rule.modalities or not study.modalities.isdisjoint(rule.modalities))
        and (not rule.body_parts or not study.body_parts.isdisjoint(rule.body_parts))
    ]
    found.sort(key=lambda study: (study.acquired_at, study.study_instance_uid), reverse=True)
    return found[: rule.studies]


def again_after(destination: Destination, event: Event) -> timedelta | None:
    """After which time an image that went before goes again for `event`; None: never."""
    days = [rule.again_after_days for rule in destination.rules_on(type(event)) if isinstance(rule, Prefetch)]
    return timedelta(days=min(days)) if days else None
