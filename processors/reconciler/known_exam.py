"""What the reconciler remembers of an exam: the part of its row that identities are decided by."""

from __future__ import annotations

from dataclasses import dataclass

from processors.facts import to_us
from schemas.identity import is_study_exam
from schemas.views import WorklistRow


@dataclass(frozen=True, slots=True)
class KnownExam:
    """One exam as its latest row had it. Times in microseconds since the epoch, UTC."""

    exam_id: str
    site: str
    study_instance_uid: str | None
    modality: str | None
    patient_key: str | None
    first_image_us: int | None
    stored_us: int | None
    series_count: int
    instance_count: int
    recorded_us: int
    reconciled_into: str | None
    unreconciled: bool

    @property
    def is_study(self) -> bool:
        """Whether no accession was known where its images came from."""
        return is_study_exam(self.exam_id)

    @property
    def has_images(self) -> bool:
        """Whether there is anything that could belong to another exam."""
        return self.first_image_us is not None or self.stored_us is not None


def known_exam(row: WorklistRow) -> KnownExam:
    """What is remembered of `row`."""
    return KnownExam(
        exam_id=row.exam_id,
        site=row.site,
        study_instance_uid=row.study_instance_uid,
        modality=row.modality,
        patient_key=row.patient_key,
        first_image_us=None if row.first_image_at is None else to_us(row.first_image_at),
        stored_us=None if row.stored_at is None else to_us(row.stored_at),
        series_count=row.series_count,
        instance_count=row.instance_count,
        recorded_us=to_us(row.last_recorded_at),
        reconciled_into=row.reconciled_into,
        unreconciled=bool(row.unreconciled),
    )
