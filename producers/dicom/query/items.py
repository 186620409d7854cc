"""Rows of the catalogue as the attributes that queries ask for (DICOM PS3.4 tables C.6-2 to C.6-4): pure."""

from __future__ import annotations

import sqlite3

from producers.dicom.query.identifiers import plain
from producers.dicom.query.levels import Level
from producers.dicom.query.matching import Item
from producers.dicom.worklist.items import issuer_in, patient_item
from schemas.parts import Phi

_PN_CHARACTERS = 5 * 64


def item_of(row: sqlite3.Row, level: Level, ae_title: str) -> Item:
    """What is known without the patient. ae_title: ours, from whom it can be retrieved."""
    item = {
        "QueryRetrieveLevel": level.name,
        "RetrieveAETitle": ae_title,
        "InstanceAvailability": "ONLINE",
        **_study(row),
    }
    if level is not Level.IMAGE:
        item |= _counts(row)
    if level is not Level.STUDY:
        item |= _series(row)
    if level is Level.IMAGE:
        item |= _image(row)
    return item


def described(phi: Phi) -> Item:
    """What is sealed: the patient, and free text."""
    return {
        **patient_item(phi),
        "ReferringPhysicianName": plain(phi.referring_physician_name, _PN_CHARACTERS),
        "StudyDescription": plain(phi.study_description),
        "SeriesDescription": plain(phi.series_description),
    }


def _study(row: sqlite3.Row) -> dict[str, str | tuple[Item, ...]]:
    return {
        "StudyInstanceUID": row["study_instance_uid"],
        "StudyDate": row["study_date"],
        "StudyTime": row["study_time"],
        "StudyID": plain(row["study_id"], 16),
        "AccessionNumber": plain(row["accession_number"]),
        "IssuerOfAccessionNumberSequence": ({"LocalNamespaceEntityID": issuer_in(row["exam_id"])},),
    }


def _counts(row: sqlite3.Row) -> Item:
    return {
        "ModalitiesInStudy": "\\".join(sorted(filter(None, (row["modalities"] or "").split(",")))),
        "NumberOfStudyRelatedSeries": str(row["series_count"]),
        "NumberOfStudyRelatedInstances": str(row["study_instance_count"]),
    }


def _series(row: sqlite3.Row) -> Item:
    return {
        "SeriesInstanceUID": row["series_instance_uid"],
        "Modality": plain(row["modality"], 16),
        "SeriesNumber": _number(row["series_number"]),
        "BodyPartExamined": plain(row["body_part"], 16),
        "NumberOfSeriesRelatedInstances": str(row["instance_count"]),
    }


def _image(row: sqlite3.Row) -> Item:
    return {
        "SOPInstanceUID": row["sop_instance_uid"],
        "SOPClassUID": row["sop_class_uid"],
        "InstanceNumber": _number(row["instance_number"]),
        "NumberOfFrames": _number(row["number_of_frames"]),
        "Rows": _binary(row["image_rows"]),
        "Columns": _binary(row["image_columns"]),
        "AvailableTransferSyntaxUID": row["transfer_syntax_uid"],
    }


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _binary(value: int | None) -> str:
    """A US: 16 bits."""
    return str(value) if value is not None and 0 <= value < 1 << 16 else ""
