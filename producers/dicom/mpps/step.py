"""A Modality Performed Procedure Step as its attribute lists say it (DICOM PS3.4 table F.7.2-1): pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo

from pydicom.dataset import Dataset

from producers.dicom.elements import text_of
from producers.dicom.mpps.dose import Dose, dose_in
from producers.dicom.normalized.refusals import InvalidValue, MissingAttribute, MissingValue
from producers.dicom.storage.attributes import is_uid, issuer_of_accession_in, uid_of, zone_in
from producers.dicom.storage.refusals import CannotUnderstand
from producers.timestamps import InvalidTimestamp, parse_timestamp
from schemas.identity import exam_id_of_accession, exam_id_of_study

IN_PROGRESS, COMPLETED, DISCONTINUED = "IN PROGRESS", "COMPLETED", "DISCONTINUED"
_STATUS = "PerformedProcedureStepStatus"
_SCHEDULED_STEPS = "ScheduledStepAttributesSequence"
_SERIES = "PerformedSeriesSequence"
_REASONS = "PerformedProcedureStepDiscontinuationReasonCodeSequence"
_REQUIRED = ("PerformedProcedureStepID", "PerformedStationAETitle", "Modality")


@dataclass(frozen=True, slots=True)
class StepExam:
    """An exam that the step is of."""

    exam_id: str
    accession_number: str | None
    study_instance_uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformedStep:
    """A step as it stands, without its patient. Times UTC.

    series: how many images and other objects each performed series has, by its Series Instance UID.
    images: their SOP Instance UIDs, as far as the step names them.
    """

    sop_instance_uid: str
    exams: tuple[StepExam, ...]
    modality: str
    station_ae_title: str
    started_at: datetime
    status: str = IN_PROGRESS
    ended_at: datetime | None = None
    reason: str | None = None
    dose: Dose = field(default_factory=Dose)
    series: Mapping[str, int]
    images: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_final(self) -> bool:
        """It may no longer be updated."""
        return self.status != IN_PROGRESS


def created_step(sop_instance_uid: str, attributes: Dataset, site: str, zone: tzinfo) -> PerformedStep:
    """The step that an N-CREATE makes; zone: the site's, for times without offset. Raises RequestRefused."""
    if _required(attributes, _STATUS) != IN_PROGRESS:
        raise InvalidValue(f"{_STATUS} is IN PROGRESS at first")
    _, station, modality = (_required(attributes, keyword) for keyword in _REQUIRED)
    return PerformedStep(
        sop_instance_uid=sop_instance_uid,
        exams=_exams(attributes, site),
        modality=modality,
        station_ae_title=station,
        started_at=_instant(attributes, "PerformedProcedureStepStart", zone),
        dose=dose_in(attributes),
        series=_series(attributes),
        images=_images(attributes),
    )


def updated_step(step: PerformedStep, changes: Dataset, zone: tzinfo) -> PerformedStep:
    """The step after an N-SET on one that is in progress. Raises RequestRefused.

    Of what the standard does not let an N-SET change, nothing is read.
    """
    status = text_of(changes, _STATUS) or step.status
    if status not in {IN_PROGRESS, COMPLETED, DISCONTINUED}:
        raise InvalidValue(f"{_STATUS} has no such value")
    ended_at = None if status == IN_PROGRESS else _instant(changes, "PerformedProcedureStepEnd", zone)
    if ended_at is not None and ended_at < step.started_at:
        raise InvalidValue("the step ends before it begins")
    return replace(
        step,
        status=status,
        ended_at=ended_at,
        reason=_reason(changes) if status == DISCONTINUED else None,
        dose=step.dose.and_then(dose_in(changes)),
        # PS3.4 F.7.2.2.2: a sequence that is set replaces the one before.
        series=_series(changes) if _SERIES in changes else step.series,
        images=_images(changes) if _SERIES in changes else step.images,
    )


def _required(data_set: Dataset, keyword: str) -> str:
    value = text_of(data_set, keyword)
    if value is None:
        raise (MissingValue if keyword in data_set else MissingAttribute)(keyword)
    return value


def _instant(data_set: Dataset, what: str, zone: tzinfo) -> datetime:
    date, time = (_required(data_set, f"{what}{part}") for part in ("Date", "Time"))
    try:
        return parse_timestamp(date.replace(".", "") + time.replace(":", ""), zone_in(data_set, zone))
    except InvalidTimestamp:
        raise InvalidValue(f"{what}Date and Time are no time") from None


def _exams(attributes: Dataset, site: str) -> tuple[StepExam, ...]:
    """Each exam once, though several scheduled steps may be of it."""
    if not attributes.get(_SCHEDULED_STEPS):
        raise (MissingValue if _SCHEDULED_STEPS in attributes else MissingAttribute)(_SCHEDULED_STEPS)
    exams = [_exam(scheduled, site) for scheduled in attributes[_SCHEDULED_STEPS].value]
    by_id: dict[str, StepExam] = {}
    for exam in exams:
        by_id.setdefault(exam.exam_id, exam)
    return tuple(by_id.values())


def _exam(scheduled: Dataset, site: str) -> StepExam:
    _required(scheduled, "StudyInstanceUID")
    study = _uid(scheduled, "StudyInstanceUID")
    accession = text_of(scheduled, "AccessionNumber")
    if accession is None:
        return StepExam(exam_id_of_study(site, study), None, study)
    issuer = issuer_of_accession_in(scheduled) or site
    return StepExam(exam_id_of_accession(issuer, accession), accession, study)


def _uid(data_set: Dataset, keyword: str) -> str:
    try:
        return uid_of(data_set, keyword)
    except CannotUnderstand:
        raise InvalidValue(f"{keyword} is no UID") from None


def _series(data_set: Dataset) -> dict[str, int]:
    return {
        _uid(series, "SeriesInstanceUID"): sum(1 for _ in _objects(series))
        for series in data_set.get(_SERIES) or ()
    }


def _images(data_set: Dataset) -> dict[str, tuple[str, ...]]:
    """What is named by something else than a UID is not waited for."""
    named: dict[str, tuple[str, ...]] = {}
    for series in data_set.get(_SERIES) or ():
        found = [text_of(image, "ReferencedSOPInstanceUID") or "" for image in _objects(series)]
        named[_uid(series, "SeriesInstanceUID")] = tuple(uid for uid in found if is_uid(uid))
    return named


def _objects(series: Dataset) -> Iterator[Dataset]:
    for sequence in ("ReferencedImageSequence", "ReferencedNonImageCompositeSOPInstanceSequence"):
        yield from series.get(sequence) or ()


def _reason(changes: Dataset) -> str | None:
    """The code as HL7 writes one: value, meaning, coding scheme."""
    codes = changes.get(_REASONS)
    if not codes:
        return None
    parts = (text_of(codes[0], f"Code{part}") or "" for part in ("Value", "Meaning"))
    return "^".join((*parts, text_of(codes[0], "CodingSchemeDesignator") or "")).strip("^") or None
