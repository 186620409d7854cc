"""When a series or a study is complete in the archive: told facts and the time, it answers what to say. Pure.

    told(fact) ... complete(now) -> what is complete and was not said -> Kafka has it -> said(it)

What it holds is a set of facts: their order and their repetition do not change what is complete in the end.
The state (`to_record`) has to be on disk before the spool forgets the entries that it was told of; what was
said may be said again after a crash, under the same event ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from producers.dicom.completeness.facts import (
    AVAILABILITY,
    MPPS,
    ArchivedObject,
    AssociationEnded,
    Complete,
    CompletenessConfig,
    CompleteSeries,
    Fact,
    ImageArchived,
    InstancesAvailable,
    ListenerRestarted,
    StepEnded,
)
from producers.dicom.completeness.records import study_of_record, study_record
from producers.dicom.completeness.rules import quiet_at
from producers.dicom.completeness.saying import unsaid
from producers.dicom.completeness.study import Study

_NEVER = datetime.max.replace(tzinfo=UTC)


class Completeness:
    """Of all studies that are under way. Not for several threads at once."""

    def __init__(self, config: CompletenessConfig, record: Mapping[str, Any] | None = None) -> None:
        """`record`: what `to_record` gave. Raises KeyError, ValueError or TypeError where it is none."""
        self._config = config
        stored = record or {"studies": [], "ended": {}}
        studies = [study_of_record(study) for study in stored["studies"]]
        self._studies = {study.study_instance_uid: study for study in studies}
        self._ended = {name: datetime.fromisoformat(at) for name, at in stored["ended"].items()}
        self._touched = set(self._studies)
        self._due_at = _NEVER
        # To save the state is frequent, and most studies have not changed since: their records are kept.
        self._records: dict[str, dict[str, Any]] = {}

    def knows(self, study_instance_uid: str) -> bool:
        """Whether images of the study were told; else `found` first, or what is counted is too little."""
        study = self._studies.get(study_instance_uid)
        return study is not None and bool(study.series)

    def found(self, study_instance_uid: str, objects: Iterable[ArchivedObject], at: datetime) -> None:
        """What the archive has of a study that is not known: it was dropped long ago, or the state was lost.

        The image that is about to be told may be among them.
        """
        study = self._study(study_instance_uid, at)
        for image in objects:
            study.find(image)

    def told(self, fact: Fact) -> None:
        """Take in a fact; one that is known already changes nothing.

        Ends of associations, steps and availability come after the images that stand before them in the
        spool: earlier, more is said than is needed.
        """
        match fact:
            case ImageArchived():
                study = self._study(fact.study_instance_uid, fact.stored_at)
                study.add(fact, has_ended=fact.association_id in self._ended)
            case AssociationEnded():
                self._end({fact.association_id}, fact.at)
            case ListenerRestarted():
                open_now = (study.open_associations() for study in self._studies.values())
                self._end(set().union(*open_now), fact.at)
            case StepEnded():
                for uid in fact.study_instance_uids:
                    is_of_study = len(fact.study_instance_uids) == 1
                    self._study(uid, fact.at).claim(MPPS, fact.images.items(), is_of_study=is_of_study)
            case InstancesAvailable():
                study = self._study(fact.study_instance_uid, fact.at)
                study.claim(AVAILABILITY, fact.images.items(), is_of_study=True)

    @property
    def latest_at(self) -> datetime | None:
        """`stored_at` of the latest image that was told, of studies that are not forgotten."""
        told = (study.last_at for study in self._studies.values())
        return max((at for at in told if at is not None), default=None)

    def complete(self, now: datetime) -> list[Complete]:
        """What is complete and was not `said`; a study's series before the study.

        now: up to where the spool is archived: the time where it is empty, else `stored_at` of its oldest
        entry. An image that waits there has not failed to come.
        """
        if now >= self._due_at:
            self._forget(now)
            self._touched, self._due_at = set(self._studies), _NEVER
        found: list[Complete] = []
        still_open = set()
        for uid in sorted(self._touched):
            study = self._studies[uid]
            new = unsaid(study, self._config, now)
            found += new
            if new:
                still_open.add(uid)
            self._due_at = min(self._due_at, self._next_look_at(study, now))
        self._touched = still_open
        return found

    def said(self, complete: Complete) -> None:
        """Kafka has its event; where images came meanwhile, it is open again all the same."""
        study = self._studies.get(complete.study_instance_uid)
        if study is None:
            return
        self._changed(study.study_instance_uid)
        if isinstance(complete, CompleteSeries):
            series = study.series[complete.series_instance_uid]
            if series.instance_count == complete.instance_count:
                series.said_to.add(complete.exam.exam_id)
        elif study.instance_count == complete.instance_count:
            study.said_to.add(complete.exam.exam_id)

    def to_record(self) -> dict[str, Any]:
        """As JSON holds it; no PHI in clear."""
        return {
            "studies": [self._record(uid, study) for uid, study in self._studies.items()],
            "ended": {name: at.isoformat() for name, at in self._ended.items()},
        }

    def _record(self, uid: str, study: Study) -> dict[str, Any]:
        record = self._records.get(uid)
        if record is None:
            record = self._records[uid] = study_record(study)
        return record

    def _changed(self, study_instance_uid: str) -> None:
        self._touched.add(study_instance_uid)
        self._records.pop(study_instance_uid, None)

    def _study(self, study_instance_uid: str, at: datetime) -> Study:
        study = self._studies.setdefault(study_instance_uid, Study(study_instance_uid, at))
        study.touched_at = max(study.touched_at, at)
        self._changed(study_instance_uid)
        return study

    def _end(self, association_ids: set[str], at: datetime) -> None:
        self._ended.update(dict.fromkeys(association_ids, at))
        for uid, study in self._studies.items():
            if study.end(association_ids):
                self._changed(uid)

    def _next_look_at(self, study: Study, now: datetime) -> datetime:
        kept_until = study.touched_at + timedelta(seconds=self._kept_s(study))
        return quiet_at(study, self._config, now) or kept_until

    def _kept_s(self, study: Study) -> float:
        return self._config.keep_s if study.is_said else self._config.give_up_s

    def _forget(self, now: datetime) -> None:
        """What nothing was said of for long: it is told again when it is asked for."""
        for uid, study in list(self._studies.items()):
            if now - study.touched_at >= timedelta(seconds=self._kept_s(study)):
                del self._studies[uid]
                self._records.pop(uid, None)
        bound = now - timedelta(seconds=self._config.keep_s)
        self._ended = {name: at for name, at in self._ended.items() if at > bound}
