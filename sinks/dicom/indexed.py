"""What the index knows of an image and of a study."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class IndexedImage:
    """One image to be sent."""

    number: int
    object_key: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    calling_ae_title: str


@dataclass(frozen=True, slots=True)
class IndexedStudy:
    """What the images of a study say of it. acquired_at: its first image."""

    study_instance_uid: str
    exam_id: str
    accession_number: str | None
    site: str
    patient_key: str | None
    acquired_at: datetime
    modalities: frozenset[str]
    body_parts: frozenset[str]
    calling_ae_titles: frozenset[str]
