"""What a Study Root identifier asks for, at which level (DICOM PS3.4 C.4.1.2, C.6.2): pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from producers.dicom.query.matching import BadKey, Bounds, Key, bounds_of

_LEVEL = "QueryRetrieveLevel"


class Level(Enum):
    """The levels of the Study Root model, each with its unique key."""

    STUDY = "StudyInstanceUID"
    SERIES = "SeriesInstanceUID"
    IMAGE = "SOPInstanceUID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What of a query the catalogue's indexes can answer; none of a kind: whatever it is."""

    study_instance_uids: Sequence[str] = ()
    series_instance_uids: Sequence[str] = ()
    sop_instance_uids: Sequence[str] = ()
    accession_numbers: Sequence[str] = ()
    study_dates: Bounds | None = None
    patient_keys: Sequence[str] | None = None


def level_of(keys: Sequence[Key]) -> Level:
    """The level, with the unique keys above it. Raises BadKey."""
    values = values_of(keys, _LEVEL)
    if len(values) != 1 or values[0] not in Level.__members__:
        raise BadKey(_LEVEL, "STUDY, SERIES or IMAGE")
    level = Level[values[0]]
    for above in Level:
        if above is level:
            break
        if len(values_of(keys, above.value)) != 1:
            raise BadKey(above.value, "one value, for what is asked below")
    return level


def narrowing(keys: Sequence[Key], patient_keys: Sequence[str] | None) -> Narrowing:
    """patient_keys: None where the query names no patient by an exact id."""
    dates = next((key for key in keys if key.keyword == "StudyDate" and key.values), None)
    accessions = values_of(keys, "AccessionNumber")
    return Narrowing(
        study_instance_uids=values_of(keys, Level.STUDY.value),
        series_instance_uids=values_of(keys, Level.SERIES.value),
        sop_instance_uids=values_of(keys, Level.IMAGE.value),
        accession_numbers=accessions if is_exact(accessions) else (),
        study_dates=None if dates is None else bounds_of(dates),
        patient_keys=patient_keys,
    )


def values_of(keys: Sequence[Key], keyword: str) -> tuple[str, ...]:
    """What the key asks for; nothing where it is universal or not there."""
    return next((key.values for key in keys if key.keyword == keyword), ())


def is_exact(values: Sequence[str]) -> bool:
    """Whether there are values, and none with a wildcard."""
    return bool(values) and not any(set("*?") & set(value) for value in values)
