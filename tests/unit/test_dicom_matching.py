"""Attribute matching of queries (DICOM PS3.4 section C.2.2.2)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import DataElement, Dataset

from producers.dicom.query.identifiers import keys_of
from producers.dicom.query.matching import BadKey, Item, Key, check, matches, wildcard_match

DAY, TIME = "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"
ITEM: Item = {
    "PatientName": "Müller^Anna",
    "AccessionNumber": "A100",
    "StudyInstanceUID": "2.25.7",
    "PatientBirthDate": "19700131",
    "PatientSex": "",
    "ScheduledProcedureStepSequence": ({DAY: "20260706", TIME: "093000", "Modality": "CT"},),
}


def step(*keys: Key) -> Key:
    """The keys of a scheduled procedure step."""
    return Key("ScheduledProcedureStepSequence", "SQ", keys=keys)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (Key("AccessionNumber", "SH", ("A100",)), True),
        (Key("AccessionNumber", "SH", ("a100",)), False),
        (Key("AccessionNumber", "SH", ("A1??",)), True),
        (Key("AccessionNumber", "SH", ("A1?",)), False),
        (Key("AccessionNumber", "SH"), True),
        (Key("PatientSex", "CS", ("F",)), False),
        (Key("PatientSex", "CS"), True),
        (Key("PatientName", "PN", ("müller*",)), True),
        (Key("PatientName", "PN", ("Müller^Anna^^^",)), True),
        (Key("PatientName", "PN", ("Müller",)), False),
        (Key("StudyInstanceUID", "UI", ("2.25.6", "2.25.7")), True),
        (Key("StudyInstanceUID", "UI", ("2.25.*",)), False),
        (Key("PatientBirthDate", "DA", ("19700131",)), True),
        (Key("PatientBirthDate", "DA", ("1970.01.31",)), True),
        (Key("PatientBirthDate", "DA", ("-19700131",)), True),
        (Key("PatientBirthDate", "DA", ("19700201-",)), False),
        (Key("BloodType", "LO", ("no attribute of ours",)), True),
        (step(Key("Modality", "CS", ("CT",))), True),
        (step(Key("Modality", "CS", ("MR",))), False),
        (step(), True),
        (step(Key(TIME, "TM", ("0930",))), True),
        (step(Key(TIME, "TM", ("0900-0929",))), False),
        (step(Key(TIME, "TM", ("0900-0930",))), True),
    ],
)
def test_a_key_matches_as_its_value_representation_has_it(key: Key, expected: bool) -> None:
    assert matches([key], ITEM) is expected


@pytest.mark.parametrize(
    ("days", "times", "expected"),
    [
        ("20260705-20260707", "1000-0800", True),  # from the 5th, 10:00, to the 7th, 08:00
        ("20260706-20260707", "1000-0800", False),
        ("20260705-20260706", "1000-0929", False),
        ("20260705-20260706", "1000-0930", True),
        ("20260706", "0900-1000", True),
        ("20260706-", "0900-", True),
        ("20260707-", "", False),
    ],
)
def test_ranges_of_dates_and_times_are_one_period(days: str, times: str, expected: bool) -> None:
    keys = step(Key(DAY, "DA", (days,)), Key(TIME, "TM", (times,) if times else ()))
    assert matches([keys], ITEM) is expected


@pytest.mark.parametrize("value", ["2026", "20260706-2026", "-", "today", "2026070620260707", "*"])
def test_what_is_no_date_is_a_bad_key_whatever_the_items_are(value: str) -> None:
    with pytest.raises(BadKey) as caught:
        check([step(Key(DAY, "DA", (value,)))])
    assert caught.value.keyword == DAY
    assert value == "*" or value not in str(caught.value)


@given(st.text("ab*?", max_size=12), st.text("abc", max_size=12))
def test_wildcards_match_what_the_regular_expression_of_them_matches(pattern: str, text: str) -> None:
    expression = "".join({"*": ".*", "?": "."}.get(letter, letter) for letter in pattern)
    assert wildcard_match(pattern, text) is (re.fullmatch(expression, text) is not None)


def test_a_hostile_pattern_costs_no_more_than_its_length() -> None:
    assert not wildcard_match("a*" * 5000 + "b", "a" * 64)


def test_a_key_with_another_value_representation_than_the_dictionarys_is_a_bad_key() -> None:
    identifier = Dataset()
    identifier[0x00080020] = DataElement(0x00080020, "LO", "20260101-")
    with pytest.raises(BadKey, match="StudyDate: its value representation is DA"):
        keys_of(identifier)
    plain = Dataset()
    plain.StudyDate, plain.PixelPaddingValue = "20260101-", 0
    assert {key.keyword for key in keys_of(plain)} == {"StudyDate", "PixelPaddingValue"}
