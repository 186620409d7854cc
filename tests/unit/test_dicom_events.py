"""Images to events, and what of them survives a crash."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from producers.dicom.archive.archive import StudyTotals, object_key, quarantine_key
from producers.dicom.archiver.checking import facts_of
from producers.dicom.archiver.events import StorageEvents
from producers.dicom.archiver.open_studies import OpenStudies, OpenStudy
from producers.dicom.archiver.state import ArchiverState
from producers.dicom.completeness.facts import CompletenessConfig
from producers.dicom.mapping import EventMaker, MappingConfig, subject_of
from producers.dicom.spool.entry import Digest
from producers.dicom.storage.attributes import InstanceAttributes
from producers.dicom.storage.content import MemoryContent
from producers.dicom.storage.instance_facts import InstanceFacts, stored_event_id
from producers.dicom.storage.received import Received
from producers.dicom.storage.spooled_image import SpooledImage, spooled_image, spooled_in
from schemas.keyring import FileKeyRing
from schemas.parts import Phi
from schemas.phi import open_sealed, seal
from tests.producing import RECORDED_AT, SITE, SITE_KEY, SITE_SECRET

CONFIG = MappingConfig(SITE, SITE_SECRET)
IMAGE = InstanceAttributes(
    sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
    sop_instance_uid="2.25.3",
    study_instance_uid="2.25.1",
    series_instance_uid="2.25.2",
    accession_number="ACC-1",
    issuer_of_accession=None,
    modality="CT",
    acquired_at=RECORDED_AT,
    phi=Phi(patient_name="OKONKWO^AMARA", patient_id="8812"),
)
DIGEST = Digest(7, "ab" * 32)
RECEIVED = Received(
    IMAGE.sop_class_uid, IMAGE.sop_instance_uid, "1.2.840.10008.1.2.1", "CT01", MemoryContent(b"content")
)
TOTALS = StudyTotals(1, 2, 300)


@pytest.fixture
def ring(tmp_path: Path) -> FileKeyRing:
    """An empty key ring."""
    return FileKeyRing(tmp_path / "keys", SITE_KEY)


def facts(ring: FileKeyRing, image: InstanceAttributes = IMAGE, digest: Digest = DIGEST) -> InstanceFacts:
    """What the listener knows of the image."""
    return facts_of(ring, spooled(ring, image), digest)


def spooled(ring: FileKeyRing, image: InstanceAttributes = IMAGE) -> SpooledImage:
    """What the listener writes of it."""
    return spooled_image(
        image,
        subject_of(image, CONFIG),
        RECEIVED,
        ring=ring,
        association_id="association-1",
        received_at=RECORDED_AT,
    )


def events_of(ring: FileKeyRing) -> StorageEvents:
    """The site's events."""
    return StorageEvents(EventMaker(CONFIG, ring), ring)


def study_of(ring: FileKeyRing) -> OpenStudy:
    """The image's study, as the archiver remembers it across a restart."""
    studies = OpenStudies()
    studies.add(facts(ring))
    (study,) = OpenStudies(json.loads(json.dumps(studies.to_record()))).all()
    return study


def test_objects_are_named_by_their_uids() -> None:
    assert object_key(IMAGE) == "studies/2.25.1/2.25.2/2.25.3.dcm"
    assert quarantine_key(IMAGE, "ff") == "quarantine/2.25.1/2.25.2/2.25.3/ff.dcm"


def test_the_exam_is_the_accessions_else_the_studys() -> None:
    assert subject_of(IMAGE, CONFIG).exam_id == "NORTH|ACC-1"
    assert subject_of(replace(IMAGE, issuer_of_accession="SOUTH"), CONFIG).exam_id == "SOUTH|ACC-1"
    assert subject_of(replace(IMAGE, accession_number=None), CONFIG).exam_id == "NORTH|study|2.25.1"
    assert subject_of(replace(IMAGE, accession_number="\t"), CONFIG).exam_id == "NORTH|study|2.25.1"


def test_an_image_without_patient_id_has_no_patient_key_and_no_phi(ring: FileKeyRing) -> None:
    unknown = facts(ring, replace(IMAGE, phi=Phi(patient_name="UNKNOWN")))
    event = events_of(ring).instance_stored(unknown, RECORDED_AT)
    assert (event.envelope.patient_key, event.envelope.phi) == (None, None)


def test_the_same_image_gives_the_same_id_and_other_content_another(ring: FileKeyRing) -> None:
    events, later = events_of(ring), RECORDED_AT + timedelta(hours=1)
    first = events.instance_stored(facts(ring), RECORDED_AT)
    again = events.instance_stored(facts(ring), later)
    other = events.instance_stored(facts(ring, digest=Digest(5, "cd" * 32)), later)
    assert first.envelope.event_id == again.envelope.event_id != other.envelope.event_id
    assert (first.object_key, first.sha256, first.size_bytes) == (object_key(IMAGE), DIGEST.sha256, 7)


def test_an_image_is_stored_when_it_was_received_and_said_later(ring: FileKeyRing) -> None:
    event = events_of(ring).instance_stored(facts(ring), RECORDED_AT + timedelta(hours=1))
    assert event.envelope.occurred_at == RECORDED_AT
    assert event.envelope.recorded_at == RECORDED_AT + timedelta(hours=1)


def test_facts_survive_as_json_and_hold_no_phi_in_clear(ring: FileKeyRing) -> None:
    given = spooled(ring)
    text = json.dumps(given.to_record())
    assert "OKONKWO" not in text
    assert "8812" not in text.replace('"', " ").split()
    found = spooled_in(json.loads(text))
    assert found == given
    event = events_of(ring).instance_stored(facts_of(ring, found, DIGEST), RECORDED_AT)
    assert event.envelope.phi is not None
    assert open_sealed(ring, event.envelope.event_id, event.envelope.phi) == IMAGE.phi


def test_what_an_earlier_version_left_in_the_spool_is_read(ring: FileKeyRing) -> None:
    bound_to = stored_event_id(IMAGE, DIGEST.sha256)
    earlier = replace(spooled(ring), phi=seal(ring, spooled(ring).patient_key or "", bound_to, IMAGE.phi))
    record = earlier.to_record() | {"sha256": DIGEST.sha256, "size_bytes": DIGEST.size_bytes}
    del record["phi_bound_to"]
    event = events_of(ring).instance_stored(facts_of(ring, spooled_in(record), DIGEST), RECORDED_AT)
    assert event.envelope.phi is not None
    assert open_sealed(ring, event.envelope.event_id, event.envelope.phi) == IMAGE.phi


def test_the_first_image_of_a_study_has_one_id_in_every_association(ring: FileKeyRing) -> None:
    events = events_of(ring)
    first = events.first_image_stored(facts(ring), RECORDED_AT)
    second = facts(ring, replace(IMAGE, sop_instance_uid="2.25.4"))
    again = events.first_image_stored(second, RECORDED_AT + timedelta(days=1))
    assert first.envelope.event_id == again.envelope.event_id


def test_images_stored_has_one_id_for_each_state_of_the_archive(ring: FileKeyRing) -> None:
    events, study = events_of(ring), study_of(ring)

    def event_id(totals: StudyTotals) -> str:
        return events.images_stored(study, totals, RECORDED_AT).envelope.event_id

    assert event_id(TOTALS) == event_id(replace(TOTALS))
    assert event_id(TOTALS) != event_id(replace(TOTALS, instance_count=3))


def test_an_open_study_survives_and_opens(ring: FileKeyRing) -> None:
    event = events_of(ring).images_stored(study_of(ring), TOTALS, RECORDED_AT)
    assert event.envelope.occurred_at == RECORDED_AT
    assert event.envelope.phi is not None
    assert open_sealed(ring, event.envelope.event_id, event.envelope.phi) == IMAGE.phi


def test_a_patient_who_was_erased_meanwhile_is_no_error(ring: FileKeyRing) -> None:
    study = study_of(ring)
    assert study.patient_key is not None
    ring.destroy(study.patient_key)
    event = events_of(ring).images_stored(study, TOTALS, RECORDED_AT)
    assert event.envelope.phi is not None
    assert open_sealed(ring, event.envelope.event_id, event.envelope.phi) == Phi()


def test_quarantine_names_the_image_its_place_and_the_reason(ring: FileKeyRing) -> None:
    event = events_of(ring).instance_quarantined(facts(ring), "quarantine/1", RECORDED_AT)
    assert (event.reason, event.object_key, event.sha256) == (
        "same_uid_other_content",
        "quarantine/1",
        DIGEST.sha256,
    )


def test_an_archiver_state_that_is_damaged_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "archiver.json").write_text("{")
    (tmp_path / "half.new").write_text("{")
    state = ArchiverState(tmp_path / "archiver.json", CompletenessConfig())
    assert state.open.all() == []
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["archiver.damaged"]
