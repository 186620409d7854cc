"""What an Instance Availability Notification says (DICOM PS3.4 table R.3.2-1): pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydicom.dataset import Dataset

from producers.dicom.elements import text_of
from producers.dicom.normalized.refusals import InvalidValue, MissingAttribute, MissingValue
from producers.dicom.storage.attributes import uid_of
from producers.dicom.storage.refusals import CannotUnderstand

_CAN_BE_HAD = frozenset({"ONLINE", "NEARLINE", "OFFLINE"})
_UNAVAILABLE = "UNAVAILABLE"
_STEPS = "ReferencedPerformedProcedureStepSequence"


@dataclass(frozen=True, slots=True)
class Availability:
    """images: SOP Instance UIDs by Series Instance UID, without those that are said to be unavailable."""

    study_instance_uid: str
    images: Mapping[str, tuple[str, ...]]


def availability_in(attributes: Dataset) -> Availability:
    """Raises MissingAttribute, MissingValue or InvalidValue."""
    if _STEPS not in attributes:  # type 2: there, though it may be empty
        raise MissingAttribute(_STEPS)
    study = _uid(attributes, "StudyInstanceUID")
    images: dict[str, tuple[str, ...]] = {}
    for series in _items(attributes, "ReferencedSeriesSequence"):
        uid = _uid(series, "SeriesInstanceUID")
        found = [
            instance for instance in map(_available, _items(series, "ReferencedSOPSequence")) if instance
        ]
        images[uid] = (*images.get(uid, ()), *found)
    return Availability(study, images)


def _available(instance: Dataset) -> str | None:
    uid = _uid(instance, "ReferencedSOPInstanceUID")
    _uid(instance, "ReferencedSOPClassUID")
    _value(instance, "RetrieveAETitle")
    availability = _value(instance, "InstanceAvailability")
    if availability == _UNAVAILABLE:
        return None
    if availability not in _CAN_BE_HAD:
        raise InvalidValue("InstanceAvailability has no such value")
    return uid


def _items(data_set: Dataset, keyword: str) -> Iterator[Dataset]:
    if keyword not in data_set:
        raise MissingAttribute(keyword)
    if not data_set.get(keyword):
        raise MissingValue(keyword)
    yield from data_set[keyword].value


def _value(data_set: Dataset, keyword: str) -> str:
    value = text_of(data_set, keyword)
    if value is None:
        raise (MissingValue if keyword in data_set else MissingAttribute)(keyword)
    return value


def _uid(data_set: Dataset, keyword: str) -> str:
    _value(data_set, keyword)
    try:
        return uid_of(data_set, keyword)
    except CannotUnderstand:
        raise InvalidValue(f"{keyword} is no UID") from None
