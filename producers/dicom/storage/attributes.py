"""The attributes of an image that its events need, read without its pixels."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo

from pydicom.dataset import Dataset

from producers.dicom.elements import RawElements, text_of
from producers.dicom.query.attributes import QueryAttributes, query_attributes_in, short_text
from producers.dicom.storage.header import read_plain_header, read_whole_header
from producers.dicom.storage.received import Received
from producers.dicom.storage.refusals import CannotUnderstand, DataSetDoesNotMatch
from producers.timestamps import InvalidTimestamp, parse_offset, parse_timestamp
from schemas.parts import Phi

_ISSUER_OF_ACCESSION = 0x00080051
# PS3.5 section 9.1, but for leading zeros, which old devices write. Digits and dots only: it names an object.
_UID = re.compile(r"\d+(\.\d+)*", re.ASCII)
_MAX_UID_LENGTH = 64


@dataclass(frozen=True, slots=True)
class InstanceAttributes:
    """Issuers are None where the image names none; acquired_at is UTC."""

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    accession_number: str | None
    issuer_of_accession: str | None
    modality: str | None
    acquired_at: datetime | None
    phi: Phi
    query: QueryAttributes = field(default_factory=QueryAttributes)

    @property
    def object_path(self) -> str:
        """`<study>/<series>/<instance>`, of UIDs that were checked."""
        return f"{self.study_instance_uid}/{self.series_instance_uid}/{self.sop_instance_uid}"


def read_attributes(received: Received, zone: tzinfo) -> InstanceAttributes:
    """The attributes of its data set. Raises CannotUnderstand or DataSetDoesNotMatch."""
    try:
        attributes = _attributes(read_plain_header(received) or read_whole_header(received), zone)
    except CannotUnderstand:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a damaged data set provokes in the reader, it is unreadable
        raise CannotUnderstand(f"unreadable data set: {type(error).__name__}") from None
    if attributes.sop_instance_uid != received.sop_instance_uid:
        raise DataSetDoesNotMatch("SOP Instance UID is not the command's")
    if attributes.sop_class_uid != received.sop_class_uid:
        raise DataSetDoesNotMatch("SOP Class UID is not the command's")
    return attributes


def _attributes(data_set: Dataset | RawElements, zone: tzinfo) -> InstanceAttributes:
    return InstanceAttributes(
        sop_class_uid=uid_of(data_set, "SOPClassUID"),
        sop_instance_uid=uid_of(data_set, "SOPInstanceUID"),
        study_instance_uid=uid_of(data_set, "StudyInstanceUID"),
        series_instance_uid=uid_of(data_set, "SeriesInstanceUID"),
        accession_number=text_of(data_set, "AccessionNumber"),
        issuer_of_accession=issuer_of_accession_in(data_set),
        modality=text_of(data_set, "Modality"),
        acquired_at=_acquired_at(data_set, zone),
        phi=replace(
            patient_in(data_set),
            study_description=short_text(data_set, "StudyDescription"),
            series_description=short_text(data_set, "SeriesDescription"),
            referring_physician_name=short_text(data_set, "ReferringPhysicianName"),
        ),
        query=query_attributes_in(data_set),
    )


def patient_in(data_set: Dataset | RawElements) -> Phi:
    """Who the patient is."""
    return Phi(
        patient_name=text_of(data_set, "PatientName"),
        patient_id=text_of(data_set, "PatientID"),
        issuer_of_patient_id=text_of(data_set, "IssuerOfPatientID"),
        birth_date=text_of(data_set, "PatientBirthDate"),
        sex=text_of(data_set, "PatientSex"),
    )


def uid_of(data_set: Dataset | RawElements, keyword: str) -> str:
    """The UID. Raises CannotUnderstand where it is missing or none."""
    uid = text_of(data_set, keyword)
    if uid is None:
        raise CannotUnderstand(f"no {keyword}")
    if not is_uid(uid):
        raise CannotUnderstand(f"{keyword} is no UID")
    return uid


def is_uid(text: str) -> bool:
    """Whether it may name an object or a file."""
    return len(text) <= _MAX_UID_LENGTH and _UID.fullmatch(text) is not None


def issuer_of_accession_in(data_set: Dataset | RawElements) -> str | None:
    """Issuer of Accession Number Sequence (0008,0051): its local namespace, else its universal id."""
    if isinstance(data_set, RawElements) and data_set.raw(_ISSUER_OF_ACCESSION) is None:
        return None
    sequence = data_set.get("IssuerOfAccessionNumberSequence")
    if not sequence:
        return None
    return text_of(sequence[0], "LocalNamespaceEntityID") or text_of(sequence[0], "UniversalEntityID")


def _acquired_at(data_set: Dataset | RawElements, zone: tzinfo) -> datetime | None:
    """AcquisitionDateTime, or the nearest pair of date and time that the image has."""
    candidates = [text_of(data_set, "AcquisitionDateTime") or ""]
    for what in ("Acquisition", "Content", "Series", "Study"):
        date, time = text_of(data_set, f"{what}Date"), text_of(data_set, f"{what}Time")
        if date and time:
            # Before 1993 the standard wrote 1992.12.31 and 23:59:59.
            candidates.append(date.replace(".", "") + time.replace(":", ""))
    zone = zone_in(data_set, zone)
    for candidate in candidates:
        try:
            return parse_timestamp(candidate, zone)
        except InvalidTimestamp:
            continue
    return None


def zone_in(data_set: Dataset | RawElements, zone: tzinfo) -> tzinfo:
    """Timezone Offset From UTC (0008,0201); where it is missing or none, `zone` is the better guess."""
    try:
        offset = text_of(data_set, "TimezoneOffsetFromUTC")
        return parse_offset(offset) if offset else zone
    except InvalidTimestamp:
        return zone
