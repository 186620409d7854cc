"""A study's state as JSON holds it, and back: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from producers.dicom.completeness.facts import StudyExam
from producers.dicom.completeness.study import Claim, Series, Study
from producers.dicom.entry_files import phi_of, phi_record

_DIGITS = 16


def study_record(study: Study) -> dict[str, Any]:
    """As JSON holds it; no PHI in clear."""
    return {
        "uid": study.study_instance_uid,
        "touched_at": study.touched_at.isoformat(),
        "series": {uid: _series_record(series) for uid, series in study.series.items()},
        "exams": [_exam_record(exam) for exam in study.exams.values()],
        "claims": {
            rule: {
                "is_of_study": claim.is_of_study,
                "named": {uid: _packed(images) for uid, images in claim.named.items()},
            }
            for rule, claim in study.claims.items()
        },
        "said_to": sorted(study.said_to),
    }


def study_of_record(record: Mapping[str, Any]) -> Study:
    """What `study_record` gave. Raises KeyError, ValueError or TypeError where it is none."""
    exams = [_exam(exam) for exam in record["exams"]]
    claims = {
        rule: Claim(
            {uid: _unpacked(images) for uid, images in claim["named"].items()}, bool(claim["is_of_study"])
        )
        for rule, claim in record["claims"].items()
    }
    return Study(
        study_instance_uid=record["uid"],
        touched_at=datetime.fromisoformat(record["touched_at"]),
        series={uid: _series(series) for uid, series in record["series"].items()},
        exams={exam.exam_id: exam for exam in exams},
        claims=claims,
        said_to=set(record["said_to"]),
    )


def _series_record(series: Series) -> dict[str, Any]:
    modality = series.modality
    return {
        "brought": _packed(series.brought),
        "found": _packed(series.found),
        "size_bytes": series.size_bytes,
        "modality": modality and [modality[0].isoformat(), modality[1]],
        "open": sorted(series.open),
        "brought_by_ended": series.brought_by_ended,
        "last_at": series.last_at and series.last_at.isoformat(),
        "exam_ids": sorted(series.exam_ids),
        "said_to": sorted(series.said_to),
    }


def _series(record: Mapping[str, Any]) -> Series:
    modality, last_at = record["modality"], record["last_at"]
    return Series(
        brought=_unpacked(record["brought"]),
        found=_unpacked(record["found"]),
        size_bytes=int(record["size_bytes"]),
        modality=modality and (datetime.fromisoformat(modality[0]), modality[1]),
        open=set(record["open"]),
        brought_by_ended=bool(record["brought_by_ended"]),
        last_at=last_at and datetime.fromisoformat(last_at),
        exam_ids=set(record["exam_ids"]),
        said_to=set(record["said_to"]),
    )


def _exam_record(exam: StudyExam) -> dict[str, Any]:
    return {**asdict(exam), "phi": phi_record(exam.phi), "first_at": exam.first_at.isoformat()}


def _exam(record: Mapping[str, Any]) -> StudyExam:
    first_at = datetime.fromisoformat(record["first_at"])
    return StudyExam(**{**record, "phi": phi_of(record["phi"]), "first_at": first_at})


def _packed(digests: Iterable[int]) -> str:
    return "".join(f"{digest:0{_DIGITS}x}" for digest in sorted(digests))


def _unpacked(text: str) -> set[int]:
    return {int(text[at : at + _DIGITS], 16) for at in range(0, len(text), _DIGITS)}
