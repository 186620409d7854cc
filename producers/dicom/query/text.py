"""Queries as people write them: `AccessionNumber=A1`, `ScheduledProcedureStepSequence[0].Modality=CT`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

_STEP = re.compile(r"(\w+?)(\[0\])?", re.ASCII)
_NUMBERS = frozenset({"US", "UL", "SS", "SL", "UV", "SV"})


class BadQuery(ValueError):
    """A key that cannot be read; the text says what is expected."""


def query(defaults: Sequence[str], texts: Sequence[str]) -> Dataset:
    """The identifier: keys without a value ask for the attribute. Raises BadQuery."""
    identifier = Dataset()
    identifier.SpecificCharacterSet = "ISO_IR 192"
    for text in [*defaults, *texts]:
        path, _, value = text.partition("=")
        _put(identifier, path.strip().split("."), value, text)
    return identifier


def _put(item: Dataset, path: Sequence[str], value: str, text: str) -> None:
    step = _STEP.fullmatch(path[0])
    keyword = step.group(1) if step else path[0]
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise BadQuery(f"{text!r}: {keyword!r} is no DICOM keyword, as PatientID or StudyDate are")
    vr = dictionary_VR(tag)
    if (vr == "SQ") != (len(path) > 1):
        raise BadQuery(f"{text!r}: a sequence, and only that, is followed by [0].Keyword")
    if vr == "SQ":
        if keyword not in item:
            setattr(item, keyword, DicomSequence([Dataset()]))
        _put(item[keyword].value[0], path[1:], value, text)
        return
    try:
        setattr(item, keyword, int(value) if vr in _NUMBERS and value else value)
    except ValueError:
        raise BadQuery(f"{text!r}: {keyword} takes a number") from None
