"""Query identifiers to keys, and items to the data sets that answer them (DICOM PS3.4 section C.2.2.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as DicomSequence

from producers.dicom.query.matching import BadKey, Item, Key
from producers.dicom.storage.header import check_whole
from producers.dicom.storage.refusals import CannotUnderstand

_CHARACTER_SET = "SpecificCharacterSet"
_NOT_KEYS = frozenset({_CHARACTER_SET, ""})
# Written as numbers, not as text.
_BINARY_VRS = frozenset({"US", "UL", "SS", "SL"})
_MAXIMUM_DEPTH = 4
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")


def keys_of(identifier: Dataset) -> tuple[Key, ...]:
    """What the identifier asks for, in its own character set.

    Private attributes and group lengths are no keys. Raises BadKey where a sequence has more than one item
    (C.2.2.2.6) or a key another VR than the dictionary's, CannotUnderstand where a value cannot be read.
    """
    try:
        check_whole(identifier)
        return tuple(_keys(identifier, _MAXIMUM_DEPTH))
    except (BadKey, CannotUnderstand):
        raise
    except Exception as error:  # noqa: BLE001 - whatever damaged bytes provoke in the reader, they are unreadable
        raise CannotUnderstand(f"unreadable identifier: {type(error).__name__}") from None


def _keys(identifier: Dataset, depth: int) -> Iterator[Key]:
    if not depth:
        raise CannotUnderstand("sequences are nested too deep")
    for element in identifier:
        if element.tag.is_private or element.tag.element == 0 or element.keyword in _NOT_KEYS:
            continue
        if element.VR not in dictionary_VR(element.tag):  # "US or SS" is one of them
            raise BadKey(element.keyword, f"its value representation is {dictionary_VR(element.tag)}")
        if element.VR == "SQ":
            yield _sequence_key(element, depth)
        else:
            yield Key(element.keyword, element.VR, _values(element))


def _sequence_key(element: DataElement, depth: int) -> Key:
    if len(element.value) > 1:
        raise BadKey(element.keyword, "a query's sequence has one item")
    keys = tuple(_keys(element.value[0], depth - 1)) if len(element.value) else ()
    return Key(element.keyword, "SQ", keys=keys)


def _values(element: DataElement) -> tuple[str, ...]:
    value: Any = element.value
    many = value if isinstance(value, MultiValue | list) else [value]
    texts = (text.strip("\x00 ") for text in ("" if one is None else str(one) for one in many))
    found = tuple(text for text in texts if text)
    # A star alone asks for what an empty key asks for, also where the attribute has no value (C.2.2.2.4).
    return () if set(found) == {"*"} and element.VR not in {"DA", "TM", "UI"} else found


def unsupported(keys: Sequence[Key], item: Item) -> bool:
    """Whether one of `keys` is no attribute of our items at all: then matches are warned of (0xFF01)."""
    for key in keys:
        if key.keyword not in item:
            return True
        inner = item[key.keyword]
        if not isinstance(inner, str) and inner and unsupported(key.keys, inner[0]):
            return True
    return False


def answer(keys: Sequence[Key], item: Item) -> Dataset:
    """What `keys` ask for of `item`, in UTF-8. An attribute that our items do not have is left out."""
    data_set = _answer(keys, item)
    data_set.SpecificCharacterSet = "ISO_IR 192"
    return data_set


def _answer(keys: Sequence[Key], item: Item) -> Dataset:
    data_set = Dataset()
    for key in keys:
        value = item.get(key.keyword)
        if isinstance(value, str):
            setattr(data_set, key.keyword, int(value) if value and key.vr in _BINARY_VRS else value)
        elif value is not None:
            setattr(data_set, key.keyword, DicomSequence(_inner(key, inner) for inner in value))
    return data_set


def _inner(key: Key, item: Item) -> Dataset:
    """A sequence asked for without keys is answered with all that it has."""
    return _answer(key.keys or [Key(keyword, "") for keyword in item], item)


def plain(text: str | None, characters: int = 64) -> str:
    """Text from elsewhere as one value: no control characters, no backslashes, which part values."""
    return _CONTROL.sub(" ", text or "").strip()[:characters].rstrip()
