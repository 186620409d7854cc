"""What of a study is complete and was not said yet: pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from producers.dicom.completeness.facts import Complete, CompletenessConfig, CompleteSeries, CompleteStudy
from producers.dicom.completeness.rules import series_completed_by, study_completed_by
from producers.dicom.completeness.study import Study


def unsaid(study: Study, config: CompletenessConfig, now: datetime) -> list[Complete]:
    """Series first, then the study, each to every exam that its images belong to.

    The series of a complete study are complete, whatever their own rules say.
    """
    by = study_completed_by(study, config, now)
    return [*_series(study, config, now, by), *(_study(study, by) if by is not None else ())]


def _series(
    study: Study, config: CompletenessConfig, now: datetime, study_by: str | None
) -> Iterator[CompleteSeries]:
    for uid, series in sorted(study.series.items()):
        exam_ids = sorted(series.exam_ids - series.said_to)
        if not exam_ids or series.last_at is None:
            continue
        by = series_completed_by(study, uid, config, now) or study_by
        for exam_id in exam_ids if by is not None else ():
            yield CompleteSeries(
                study_instance_uid=study.study_instance_uid,
                series_instance_uid=uid,
                exam=study.exams[exam_id],
                modality=series.modality[1] if series.modality is not None else None,
                instance_count=series.instance_count,
                size_bytes=series.size_bytes,
                completed_by=str(by),
                last_at=series.last_at,
            )


def _study(study: Study, by: str) -> Iterator[CompleteStudy]:
    last_at = study.last_at
    if last_at is None:
        return
    for exam_id in sorted(study.exams.keys() - study.said_to):
        yield CompleteStudy(
            study_instance_uid=study.study_instance_uid,
            exam=study.exams[exam_id],
            series_count=len(study.series),
            instance_count=study.instance_count,
            size_bytes=study.size_bytes,
            completed_by=by,
            last_at=last_at,
        )
