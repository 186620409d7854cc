"""The archiver's own steps, without a store: order within a round, pauses, what is set aside."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.dicom.archiver.archiver import _distinct
from producers.dicom.archiver.checking import EntryContent, checked_facts
from producers.dicom.archiver.saying import Outage
from producers.dicom.mapping import MappingConfig, subject_of
from producers.dicom.spool.entry import EntryDamaged
from producers.dicom.spool.reader import Entry, SpoolReader
from producers.dicom.spool.spool import ASSOCIATION_ENDED, Spool, SpoolConfig
from producers.dicom.storage.attributes import InstanceAttributes
from producers.dicom.storage.content import MemoryContent
from producers.dicom.storage.received import Received, dicom_file, sealed_pieces
from producers.dicom.storage.spooled_image import spooled_image
from schemas.errors import KeyNotFound
from schemas.keyring import FileKeyRing
from schemas.parts import Phi
from tests.producing import RECORDED_AT, SITE, SITE_KEY, SITE_SECRET


def spooled(directory: Path, *uids: str) -> list[Entry]:
    """Entries of images with these UIDs; an empty one is a note."""
    spool = Spool(SpoolConfig(directory=directory, reserve_bytes=0))

    for uid in uids:
        if uid:
            spool.append_image(1, [b"x"], {"attributes": {"sop_instance_uid": uid}})
        else:
            spool.note(ASSOCIATION_ENDED, {"association_id": "1"})
    spool.close()
    reader = SpoolReader(directory)
    return reader.read(reader.names())


def test_two_images_with_one_uid_are_never_put_side_by_side(tmp_path: Path) -> None:
    entries = spooled(tmp_path, "1", "2", "1", "3")
    assert [entry.instance_uid for entry in _distinct(entries)] == ["1", "2"]
    assert _distinct(entries[1:]) == entries[1:]


def test_notes_have_no_uid_and_stand_in_their_order(tmp_path: Path) -> None:
    entries = spooled(tmp_path, "1", "", "2", "")
    assert [entry.is_note for entry in entries] == [False, True, False, True]
    assert [entry.number for entry in entries] == sorted(entry.number for entry in entries)


def test_pauses_grow_to_their_bound_and_begin_anew_after_an_outage() -> None:
    outage = Outage(2.0)
    assert [outage.pause_s("away") for _ in range(5)] == [0.25, 0.5, 1.0, 2.0, 2.0]
    outage.over()
    assert outage.pause_s("away") == 0.25


@given(at=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_no_changed_image_is_archived(at: float, flip: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        ring = FileKeyRing(directory / "keys", SITE_KEY)
        entry = sealed_entry(directory / "spool", ring)
        assert checked_facts(ring, entry.file).size_bytes == entry.file.content_bytes
        changed = bytearray(entry.file.path.read_bytes())
        changed[int(at * entry.file.content_bytes)] ^= flip
        entry.file.path.write_bytes(changed)
        with pytest.raises((EntryDamaged, KeyNotFound)):  # the id of its key stands in it
            checked_facts(ring, entry.file)


def test_the_digest_is_that_of_the_sealed_object(tmp_path: Path) -> None:
    ring = FileKeyRing(tmp_path / "keys", SITE_KEY)
    entry = sealed_entry(tmp_path / "spool", ring)
    content = entry.file.path.read_bytes()[: entry.file.content_bytes]
    assert checked_facts(ring, entry.file).sha256 == hashlib.sha256(content).hexdigest()
    assert b"".join(EntryContent(entry.file)) == content


def sealed_entry(directory: Path, ring: FileKeyRing) -> Entry:
    """An image as the listener leaves it."""
    spool = Spool(SpoolConfig(directory=directory, reserve_bytes=0))
    attributes = InstanceAttributes(
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        sop_instance_uid="2.25.3",
        study_instance_uid="2.25.1",
        series_instance_uid="2.25.2",
        accession_number="ACC-1",
        issuer_of_accession=None,
        modality="CT",
        acquired_at=None,
        phi=Phi(patient_name="OKONKWO^AMARA", patient_id="8812"),
    )
    content = MemoryContent(b"pixels" * 100)
    received = Received("1.2.840.10008.5.1.4.1.1.2", "2.25.3", "1.2.840.10008.1.2.1", "CT01", content)
    subject = subject_of(attributes, MappingConfig(SITE, SITE_SECRET))
    image = spooled_image(
        attributes, subject, received, ring=ring, association_id="1", received_at=RECORDED_AT
    )
    pieces = sealed_pieces(ring, str(subject.patient_key), "2.25.3", dicom_file(received))
    spool.append_image(600, pieces, image.to_record())
    spool.close()
    reader = SpoolReader(directory)
    return reader.read(reader.names())[0]
