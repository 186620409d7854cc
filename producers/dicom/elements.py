"""Single values of a data set as plain ones; what is none is None, never an error."""

from __future__ import annotations

import re
from functools import cache

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

_INTEGER = re.compile(r"[+-]?\d{1,12}", re.ASCII)
_INT32 = range(-(2**31), 2**31)


# Whose bytes are the text, where they are ASCII.
_TEXT_VRS = frozenset(["AE", "CS", "DA", "DT", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"])
# Characters of other sets and their escapes, several values, groups of a name: the library reads those.
_NEEDS_READING = re.compile(rb"[^\x20-\x7e\x00]|[\\=]")


def text_of(data_set: Dataset, keyword: str) -> str | None:
    """The attribute without padding; None where it is missing or empty."""
    tag, vr = _place_of(keyword)
    raw: object = data_set.get_item(tag) if tag in data_set else None
    if raw is None:
        return None
    if isinstance(raw, RawDataElement) and (raw.VR or vr) in _TEXT_VRS:
        value = raw.value or b""
        if not _NEEDS_READING.search(value):  # most: reading them as the library does takes ten times as long
            return value.decode("ascii").strip("\x00 ") or None
    read = data_set.get(keyword)
    return (str(read).strip("\x00 ") or None) if read is not None else None


@cache
def _place_of(keyword: str) -> tuple[BaseTag, str]:
    tag = Tag(keyword)
    return tag, dictionary_VR(tag)


def number_of(data_set: Dataset, keyword: str) -> int | None:
    """An IS (PS3.5 section 6.2: 32 bits) or US; None where it is missing, several, or no whole number."""
    try:
        text = str(data_set.get(keyword)).strip("\x00 ")
    except Exception:  # noqa: BLE001 - whatever a damaged value provokes in the reader: the image counts without it
        return None
    if _INTEGER.fullmatch(text) is None:
        return None
    number = int(text)
    return number if number in _INT32 else None
