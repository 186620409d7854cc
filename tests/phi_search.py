"""Finds what names a patient, in whatever form bytes may hold it."""

from __future__ import annotations

import base64
import json
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import product
from urllib.parse import quote

from producers.simulator.people import Patient

_ENCODINGS = ("utf-8", "latin-1", "utf-16-le", "utf-16-be")
_BETWEEN_NAMES = ("^", " ", ", ", ",", "_", "|", "\t", '","', "=")
# What stands around eight digits that are a date: delimiters of messages and JSON; the length before it, as
# Avro (zigzag) and ClickHouse's RowBinary write it; value representation and length, as DICOM does.
_AROUND_DATES = (
    ("|", "|"),
    ('"', '"'),
    ("'", "'"),
    ("\t", "\t"),
    ("\x10", ""),
    ("\x08", ""),
    ("DA\x08\x00", ""),
)

Needles = Mapping[bytes, Mapping[bytes, str]]


def needles(patients: Iterable[Patient]) -> Needles:
    """What must not be found, with the text that it stands for, below what all of it holds: the anchor.

    A family name alone is an anchor and no needle: it may be one of the staff's. A birth date is looked
    for with what stands around it, for eight digits are found in any long number.
    """
    wanted: dict[bytes, dict[bytes, str]] = {}
    for patient in patients:
        family, given, born = patient.family_name, patient.given_name, patient.birth_date
        pairs = ((family, given), (given, family))
        names = [between.join(pair) for pair, between in product(pairs, _BETWEEN_NAMES)]
        compact, dashed = f"{born:%Y%m%d}", f"{born:%Y-%m-%d}"
        dates = [f"{before}{compact}{after}" for before, after in _AROUND_DATES]
        for anchor, texts in (
            (family, names),
            (patient.mrn, [patient.mrn]),
            (compact, dates),
            (dashed, [dashed]),
        ):
            below = {needle: text for text in texts for needle in _encoded(text)}
            for encoded in _encoded(anchor):
                wanted.setdefault(encoded, {}).update(below)
        for text in (names[0], f"{given} {family}", patient.mrn):
            for needle in _wrapped(text):
                wanted.setdefault(needle, {})[needle] = text
    return wanted


def found(content: bytes, wanted: Needles) -> set[str]:
    """The texts of the needles that `content` holds."""
    # What files are preallocated with is not worth a search.
    searched = content.strip(b"\0")
    below = [needles for anchor, needles in wanted.items() if anchor in searched]
    return {text for needles in below for needle, text in needles.items() if needle in searched}


def _encoded(text: str) -> set[bytes]:
    cases = {text, text.upper(), text.lower()}
    forms = {form for case in cases for form in (case, unicodedata.normalize("NFD", case))}
    forms |= {json.dumps(text)[1:-1], quote(text, safe=""), quote(text)}
    encoded = set()
    for form, encoding in product(forms, _ENCODINGS):
        try:
            encoded.add(form.encode(encoding))
        except UnicodeEncodeError:
            continue
    return encoded


def _wrapped(text: str) -> set[bytes]:
    """`text` in hexadecimal, and what base64 makes of it wherever it begins."""
    content = text.encode()
    wrapped = {content.hex().encode(), content.hex().upper().encode()}
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + content)
        # From the first character that holds no bit of the shift to the last that holds none of what follows.
        wrapped.add(encoded[-(-shift * 8 // 6) : (shift + len(content)) * 8 // 6])
    return wrapped
