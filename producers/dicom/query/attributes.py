"""What a query asks for of an image beyond what its events need (DICOM PS3.4 tables C.6-2 to C.6-4)."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.dataset import Dataset

from producers.dicom.elements import RawElements, number_of, text_of
from producers.dicom.query.matching import is_date, is_time

QUERY_TAGS = (
    "StudyID",
    "StudyDescription",
    "SeriesDescription",
    "SeriesNumber",
    "InstanceNumber",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BodyPartExamined",
    "ReferringPhysicianName",
)
# No attribute here is longer in the standard; a broken or hostile image must not swell the log.
_MAX_CHARACTERS = 5 * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryAttributes:
    """Dates YYYYMMDD, times HHMMSS.FFFFFF, as the image has them; None where it has none, or broken ones."""

    study_date: str | None = None
    study_time: str | None = None
    study_id: str | None = None
    series_number: int | None = None
    instance_number: int | None = None
    number_of_frames: int | None = None
    rows: int | None = None
    columns: int | None = None
    body_part: str | None = None


def query_attributes_in(data_set: Dataset | RawElements) -> QueryAttributes:
    """Of a data set that was read with QUERY_TAGS, StudyDate and StudyTime."""
    # Before 1993 the standard wrote 1992.12.31 and 23:59:59.
    date = (text_of(data_set, "StudyDate") or "").replace(".", "")
    time = (text_of(data_set, "StudyTime") or "").replace(":", "")
    return QueryAttributes(
        study_date=date if is_date(date) else None,
        study_time=time if is_time(time) else None,
        study_id=short_text(data_set, "StudyID"),
        series_number=number_of(data_set, "SeriesNumber"),
        instance_number=number_of(data_set, "InstanceNumber"),
        number_of_frames=number_of(data_set, "NumberOfFrames"),
        rows=number_of(data_set, "Rows"),
        columns=number_of(data_set, "Columns"),
        body_part=short_text(data_set, "BodyPartExamined"),
    )


def short_text(data_set: Dataset | RawElements, keyword: str) -> str | None:
    """Text of bounded length."""
    text = text_of(data_set, keyword)
    return None if text is None else text[:_MAX_CHARACTERS]
