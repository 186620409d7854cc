"""What an evidence bundle shows to people."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from runtime.evidence.readable import Readable, readable
from runtime.evidence.timeline import timeline_page
from schemas.cloudevents import headers
from schemas.keyring import FileKeyRing
from schemas.parts import Phi
from schemas.phi import seal
from sinks.archive.exam_search import Found
from sinks.archive.names import Place
from sinks.archive.record import ArchivedMessage, encode
from tests import exam_events
from tests.exam_events import ANNA, EXAM
from tests.producing import SITE_KEY, offline_codec

CODEC = offline_codec()
MADE_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def archived_order(ring: FileKeyRing) -> Found:
    """An order of Anna's, as the archive has it."""
    event = exam_events.order(5, ANNA)
    sealed = seal(ring, ANNA, event.envelope.event_id, Phi(patient_name="Invented"))
    event = replace(event, envelope=replace(event.envelope, phi=sealed))
    message = ArchivedMessage(7, 0, EXAM.encode(), CODEC.encode(event), headers(event))
    return Found(Place("radstream.events.v1", 0), message, encode(message), 7, None)


def test_names_are_closed_unless_they_are_asked_for_and_after_an_erasure(tmp_path: Path) -> None:
    ring = FileKeyRing(tmp_path / "keys", SITE_KEY)
    found = archived_order(ring)
    assert readable(found, CODEC, None).names is None
    opened = readable(found, CODEC, ring)
    assert opened.names is not None
    assert opened.names["patient_name"] == "Invented"
    assert "Invented" in timeline_page(EXAM, MADE_AT, [opened])
    assert "Invented" not in timeline_page(EXAM, MADE_AT, [readable(found, CODEC, None)])
    ring.destroy(ANNA)
    assert readable(found, CODEC, ring).names == {"closed": "KeyDestroyed"}


def test_an_event_that_cannot_be_read_is_shown_by_what_its_header_says(tmp_path: Path) -> None:
    message = ArchivedMessage(7, 0, b"k", b"\x01nonsense", (("ce_type", b"radstream.events.Later"),))
    shown = readable(Found(Place("t", 0), message, encode(message), 7, None), CODEC, None)
    assert (shown.event, shown.record, shown.occurred_at) == ("Later", None, None)
    assert "time unknown" in timeline_page("k", MADE_AT, [shown])


def test_what_a_sender_wrote_is_text_on_the_page_and_never_markup() -> None:
    evil = Readable(
        type_name="radstream.events.<script>",
        where="t/0@1",
        occurred_at=MADE_AT,
        recorded_at=MADE_AT,
        source="<img src=x>",
        leaf="00",
        value_sha256="00",
        record={"report_sha256": "<b>"},
        names={"family_name": "<i>"},
        proven=True,
    )
    page = timeline_page("<exam>", MADE_AT, [evil])
    for markup in ("<script", "<img", "<b>", "<i>", "<exam>"):
        assert markup not in page
    assert "default-src 'none'" in page
