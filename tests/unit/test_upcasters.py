"""Upcasters: a contract whose values changed their meaning twice is read, whichever of them wrote it."""

from __future__ import annotations

import dataclasses
import json
import struct
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given

from schemas import upcasters
from schemas.codec import Codec, Record, encode_body
from schemas.contracts import contracts, self_contained
from schemas.errors import NewerRecord
from schemas.events import ReportDelivered
from schemas.evolution import contracts_of_today
from schemas.upcasters import UPCASTERS, meaning_of, upcast
from tests.exam_events import EXAM, said
from tests.strategies import any_record

NAME = ReportDelivered.AVRO_NAME


def _lower(record: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**record, "destination": record["destination"].lower()}


def _dotted(record: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**record, "destination": f"{record['destination']}.local"}


@pytest.fixture
def third_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a destination had been written in capitals, then as a short name, and as a host today."""
    raised = {**contracts(), NAME: {**contracts()[NAME], "meaning": 3}}
    monkeypatch.setattr(upcasters, "contracts", lambda: raised)
    monkeypatch.setattr(upcasters, "UPCASTERS", {(NAME, 1): _lower, (NAME, 2): _dotted})


@pytest.fixture
def delivered() -> Record:
    """A delivery to EHR."""
    return said(EXAM, 5, ReportDelivered, destination="EHR")


def _written(record: Record, **attributes: Any) -> Record:
    """`record`, written under a schema with these attributes, as today's codec reads it."""
    text = json.dumps({**self_contained(record.AVRO_NAME), "doc": "An older one.", **attributes})
    return Codec({}, lambda _: text).decode(struct.pack(">bI", 0, 1) + encode_body(record))


@pytest.mark.usefixtures("third_meaning")
@pytest.mark.parametrize(
    ("attributes", "destination"),
    [
        ({}, "ehr.local"),
        ({"meaning": 1}, "ehr.local"),
        ({"meaning": 2}, "EHR.local"),
        ({"meaning": 3}, "EHR"),
    ],
)
def test_the_codec_says_what_was_meant_then_as_it_is_meant_today(
    delivered: Record, attributes: dict[str, int], destination: str
) -> None:
    read = _written(delivered, **attributes)
    assert isinstance(read, ReportDelivered)
    assert read.destination == destination
    assert read == dataclasses.replace(delivered, destination=destination)  # type: ignore[type-var]  # a dataclass


@pytest.mark.usefixtures("third_meaning")
def test_a_meaning_that_is_not_known_yet_is_a_newer_record(delivered: Record) -> None:
    with pytest.raises(NewerRecord, match="meaning 4 of its values: this version knows 3"):
        _written(delivered, meaning=4)


@given(any_record())
def test_a_record_whose_meaning_never_changed_stays_as_it_is(record: Record) -> None:
    raw = record.to_record()
    assert upcast(record.AVRO_NAME, self_contained(record.AVRO_NAME), raw) is raw
    assert _written(record) == record


def test_every_change_of_meaning_of_today_has_its_upcaster_and_none_is_left_over() -> None:
    needed = {
        (name, meaning)
        for name, contract in contracts_of_today().items()
        for meaning in range(1, meaning_of(contract))
    }
    assert set(UPCASTERS) == needed
