"""The archiver's own steps, without a store: order within a round, pauses, what is set aside."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from producers.dicom.archiver.archiver import _distinct
from producers.dicom.archiver.saying import Outage
from producers.dicom.spool.entry import Digest
from producers.dicom.spool.reader import Entry, SpoolReader
from producers.dicom.spool.spool import ASSOCIATION_ENDED, Spool, SpoolConfig


def spooled(directory: Path, *uids: str) -> list[Entry]:
    """Entries of images with these UIDs; an empty one is a note."""
    spool = Spool(SpoolConfig(directory=directory, reserve_bytes=0))

    def facts_of(uid: str, _: Digest) -> dict[str, object]:
        return {"attributes": {"sop_instance_uid": uid}}

    for uid in uids:
        if uid:
            spool.append_image(1, [b"x"], partial(facts_of, uid))
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
