"""Images to events, and the journal that survives a crash."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from producers.dicom.archive import StudyTotals, object_key, quarantine_key
from producers.dicom.attributes import InstanceAttributes
from producers.dicom.content import MemoryContent
from producers.dicom.journal import Journal, StudyEntry
from producers.dicom.mapping import EventMaker, MappingConfig, Subject, subject_of
from producers.dicom.received import Received, SealedFile
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
FILE = SealedFile(b"content", "ab" * 32)
RECEIVED = Received(
    IMAGE.sop_class_uid, IMAGE.sop_instance_uid, "1.2.840.10008.1.2.1", "CT01", MemoryContent(b"content")
)
TOTALS = StudyTotals(1, 2, 300, RECORDED_AT)


@pytest.fixture
def ring(tmp_path: Path) -> FileKeyRing:
    """An empty key ring."""
    return FileKeyRing(tmp_path / "keys", SITE_KEY)


def entry_of(subject: Subject, ring: FileKeyRing) -> StudyEntry:
    """A journal entry."""
    key = subject.patient_key
    return StudyEntry(
        entry_id="entry-1",
        study_instance_uid=IMAGE.study_instance_uid,
        exam_id=subject.exam_id,
        accession_number=IMAGE.accession_number,
        patient_key=key,
        modality="CT",
        calling_ae_title="CT01",
        phi=None if key is None else seal(ring, key, "entry-1", subject.phi),
        noted_at=RECORDED_AT,
        noted_wall_at=datetime(2026, 11, 1, tzinfo=UTC),
    )


def test_objects_are_named_by_their_uids() -> None:
    assert object_key(IMAGE) == "studies/2.25.1/2.25.2/2.25.3.dcm"
    assert quarantine_key(IMAGE, "ff") == "quarantine/2.25.1/2.25.2/2.25.3/ff.dcm"


def test_the_exam_is_the_accessions_else_the_studys() -> None:
    assert subject_of(IMAGE, CONFIG).exam_id == "NORTH|ACC-1"
    assert subject_of(replace(IMAGE, issuer_of_accession="SOUTH"), CONFIG).exam_id == "SOUTH|ACC-1"
    assert subject_of(replace(IMAGE, accession_number=None), CONFIG).exam_id == "NORTH|study|2.25.1"
    assert subject_of(replace(IMAGE, accession_number="\t"), CONFIG).exam_id == "NORTH|study|2.25.1"


def test_an_image_without_patient_id_has_no_patient_key_and_no_phi(ring: FileKeyRing) -> None:
    subject = subject_of(replace(IMAGE, phi=Phi(patient_name="UNKNOWN")), CONFIG)
    event = EventMaker(CONFIG, ring).instance_stored(IMAGE, subject, RECEIVED, FILE, RECORDED_AT)
    assert (event.envelope.patient_key, event.envelope.phi) == (None, None)


def test_the_same_image_gives_the_same_id_and_other_content_another(ring: FileKeyRing) -> None:
    events, subject = EventMaker(CONFIG, ring), subject_of(IMAGE, CONFIG)
    later = RECORDED_AT + timedelta(hours=1)
    first = events.instance_stored(IMAGE, subject, RECEIVED, FILE, RECORDED_AT)
    again = events.instance_stored(IMAGE, subject, RECEIVED, FILE, later)
    other = events.instance_stored(IMAGE, subject, RECEIVED, SealedFile(b"other", "cd" * 32), later)
    assert first.envelope.event_id == again.envelope.event_id != other.envelope.event_id
    assert (first.object_key, first.sha256, first.size_bytes) == (object_key(IMAGE), FILE.sha256, 7)


def test_the_first_image_of_a_study_has_one_id_in_every_association(ring: FileKeyRing) -> None:
    events, subject = EventMaker(CONFIG, ring), subject_of(IMAGE, CONFIG)
    first = events.first_image_stored(IMAGE, subject, RECEIVED, RECORDED_AT)
    second_image = replace(IMAGE, sop_instance_uid="2.25.4")
    again = events.first_image_stored(second_image, subject, RECEIVED, RECORDED_AT + timedelta(days=1))
    assert first.envelope.event_id == again.envelope.event_id


def test_images_stored_has_one_id_for_each_state_of_the_archive(ring: FileKeyRing) -> None:
    events, entry = EventMaker(CONFIG, ring), entry_of(subject_of(IMAGE, CONFIG), ring)

    def event_id(totals: StudyTotals) -> str:
        return events.images_stored(entry, totals, RECORDED_AT, RECORDED_AT).envelope.event_id

    assert event_id(TOTALS) == event_id(replace(TOTALS, last_stored_at=datetime.now(UTC)))
    assert event_id(TOTALS) != event_id(replace(TOTALS, instance_count=3))


def test_a_journal_entry_survives_and_opens_and_holds_no_phi_in_clear(
    ring: FileKeyRing, tmp_path: Path
) -> None:
    entry = entry_of(subject_of(IMAGE, CONFIG), ring)
    Journal(tmp_path / "journal").write(entry)
    (path,) = (tmp_path / "journal").iterdir()
    assert not {"OKONKWO", "8812"} & set(path.read_text().replace('"', " ").split())
    assert "OKONKWO" not in path.read_text()
    journal = Journal(tmp_path / "journal")
    (found,) = journal.leftovers()
    assert found == entry
    event = EventMaker(CONFIG, ring).images_stored(found, TOTALS, RECORDED_AT, RECORDED_AT)
    assert event.envelope.phi is not None
    assert open_sealed(ring, event.envelope.event_id, event.envelope.phi) == IMAGE.phi
    journal.remove(found)
    assert journal.leftovers() == []


def test_a_patient_who_was_erased_meanwhile_is_no_error(ring: FileKeyRing) -> None:
    subject = subject_of(IMAGE, CONFIG)
    entry = entry_of(subject, ring)
    assert subject.patient_key is not None
    ring.destroy(subject.patient_key)
    event = EventMaker(CONFIG, ring).images_stored(entry, TOTALS, RECORDED_AT, RECORDED_AT)
    assert event.envelope.phi is not None
    assert open_sealed(ring, event.envelope.event_id, event.envelope.phi) == Phi()


def test_a_damaged_journal_entry_is_set_aside(ring: FileKeyRing, tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "half.new").write_text("{")
    assert journal.leftovers() == []
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["broken.damaged"]
