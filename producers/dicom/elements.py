"""Single values of a data set as plain ones; what is none is None, never an error."""

from __future__ import annotations

import re

from pydicom.dataset import Dataset

_INTEGER = re.compile(r"[+-]?\d{1,12}", re.ASCII)
_INT32 = range(-(2**31), 2**31)


def text_of(data_set: Dataset, keyword: str) -> str | None:
    """The attribute without padding; None where it is missing or empty."""
    value = data_set.get(keyword)
    return (str(value).strip("\x00 ") or None) if value is not None else None


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
