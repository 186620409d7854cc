"""The headers of every message: CloudEvents 1.0, Kafka protocol binding, binary content mode."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given

from schemas.cloudevents import headers
from schemas.contracts import event_contracts, full_name
from schemas.events import Event, OrderPlaced
from schemas.parts import Envelope, Source
from tests.strategies import any_event

# RFC 3986, 2: what a URI reference may be written with.
URI_REFERENCE = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-F]{2})+")
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")


def _order(
    site: str = "GENERAL", occurred_at: datetime = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
) -> OrderPlaced:
    return OrderPlaced(
        envelope=Envelope(
            event_id="d2c62f34-6ac9-5bf6-8d1b-9e5d12b0f6a5",
            exam_id="GENERAL|A1",
            occurred_at=occurred_at,
            recorded_at=occurred_at,
            source=Source(system="RIS", facility="GENERAL", protocol="HL7v2"),
            source_message_id="MSG1",
            site=site,
        )
    )


def test_an_order_is_described_as_cloudevents_asks() -> None:
    assert headers(_order()) == [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"d2c62f34-6ac9-5bf6-8d1b-9e5d12b0f6a5"),
        ("ce_type", b"radstream.events.OrderPlaced"),
        ("ce_source", b"/radstream/GENERAL/HL7v2"),
        ("ce_time", b"2026-11-24T06:30:00Z"),
        ("ce_subject", b"GENERAL|A1"),
        ("content-type", b"application/avro"),
    ]


@given(any_event())
def test_each_event_has_the_required_attributes_once(event: Event) -> None:
    described = headers(event)
    given_headers = dict(described)
    assert len(given_headers) == len(described)
    assert {"ce_specversion", "ce_id", "ce_type", "ce_source"} <= given_headers.keys()
    assert given_headers["ce_type"].decode() in {full_name(contract) for contract in event_contracts()}
    assert given_headers["ce_subject"].decode() == event.envelope.exam_id


@given(any_event())
def test_the_time_is_rfc_3339_in_utc_and_names_the_same_instant(event: Event) -> None:
    said = dict(headers(event))["ce_time"].decode()
    assert RFC_3339.fullmatch(said)
    assert datetime.fromisoformat(said) == event.envelope.occurred_at


@pytest.mark.parametrize("site", ["GENERAL", "St. Mary", "Köln", "a/b?c#d", "50%"])
def test_the_source_is_a_uri_reference_whatever_the_site_is_called(site: str) -> None:
    source = dict(headers(_order(site)))["ce_source"].decode("ascii")
    assert URI_REFERENCE.fullmatch(source)
    assert source.count("/") == 3
