"""Whatever is done to an archive, verification finds it, and says where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinks.archive.chain import ChainEnd
from sinks.archive.compaction import EVERY, compacted
from sinks.archive.config import FileLimits
from sinks.archive.findings import FaultKind, Findings
from sinks.archive.keys import publish_key, trusted
from sinks.archive.manifest import digest_of, manifest_of
from sinks.archive.names import Place, file_name, manifest_name, seal_name
from sinks.archive.sealing import Sealer
from sinks.archive.signing import MANIFEST, PublicKeys, Signer, opened
from sinks.archive.verification import Span, verify
from tests.archiving import KEYS, PLACE, SIGNER, Bucket, archive_on, feed, message

OTHER = Place("radstream.worklist.v1", 3)
OFFSETS = {PLACE: list(range(35)), OTHER: [3, 4, 9, 17, 18, 30]}


def findings(
    objects: dict[str, bytes],
    keys: PublicKeys = KEYS,
    span: Span | None = None,
    anchors: dict[int, str] | None = None,
) -> Findings:
    """What verification says of these objects."""
    return verify(
        Bucket(objects),
        keys,
        span=span or Span(),
        anchors=anchors or {},
        tell=lambda _what, _done, _total: None,
    ).found


def archived(directory: Path) -> dict[str, bytes]:
    """An archive of two partitions, sealed three times; nothing is newer than the last seal."""
    bucket = Bucket()
    sealer = Sealer(bucket, SIGNER, KEYS, directory / "witness.json")
    ends: dict[Place, ChainEnd] = {}
    for upto in (12, 24, 35):
        for place, offsets in OFFSETS.items():
            end = ends.get(place, ChainEnd())
            archive = archive_on(bucket, end, place=place, events=4)
            feed(archive, map(message, (one for one in offsets if end.next_offset <= one < upto)))
            ends[place] = archive.end
        sealer.seal(ends.values())
    return bucket.objects


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return archived(tmp_path_factory.mktemp("archive"))


@pytest.fixture
def objects(archive: dict[str, bytes]) -> dict[str, bytes]:
    return dict(archive)


def only_fault(found: Findings) -> tuple[FaultKind, str, int | None]:
    first = found.faults[0]
    return first.kind, first.name, first.offset


def test_an_archive_that_nobody_touched_is_intact(objects: dict[str, bytes]) -> None:
    found = findings(objects)
    assert found.faults == []
    assert (found.events, found.seals, found.unsealed, found.strangers) == (41, 3, 0, [])
    assert found.files == found.manifests == sum(name.startswith("archive/") for name in objects)
    assert found.last_seal == f"3:{digest_of(objects[seal_name(3)])}"


@settings(max_examples=200)
@given(data=st.data())
def test_any_single_bit_that_flips_is_found(archive: dict[str, bytes], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(archive)))
    content = bytearray(archive[name])
    bit = data.draw(st.integers(0, len(content) * 8 - 1))
    content[bit // 8] ^= 1 << bit % 8
    faults = findings(archive | {name: bytes(content)}).faults
    assert name in {fault.name for fault in faults}


@given(data=st.data())
def test_any_object_that_is_gone_is_found(archive: dict[str, bytes], data: st.DataObject) -> None:
    last = seal_name(3)
    gone = data.draw(st.sampled_from(sorted(set(archive) - {last})))
    faults = findings({name: content for name, content in archive.items() if name != gone}).faults
    assert gone in {fault.name for fault in faults}
    assert faults[0].kind in (FaultKind.MISSING, FaultKind.TRUNCATED)


@given(data=st.data())
def test_any_two_objects_that_changed_places_are_found(
    archive: dict[str, bytes], data: st.DataObject
) -> None:
    one, other = data.draw(st.lists(st.sampled_from(sorted(archive)), min_size=2, max_size=2, unique=True))
    names = {fault.name for fault in findings(archive | {one: archive[other], other: archive[one]}).faults}
    assert {one, other} & names


def test_a_changed_byte_is_said_with_the_offset_from_which_nothing_is_proven(
    objects: dict[str, bytes],
) -> None:
    name = file_name(PLACE, 8, 11)
    objects[name] = objects[name].replace(b"radstream.topic", b"radstream.topik")
    assert [only_fault(findings(objects))] == [(FaultKind.ALTERED, name, 8)]


def test_a_truncated_tail_is_found_by_the_seal(objects: dict[str, bytes]) -> None:
    for name in sorted(objects):
        if name.startswith(f"manifests/{PLACE}") and name > manifest_name(PLACE, 6):
            body = opened(MANIFEST, objects.pop(name), KEYS)
            del objects[body["file"]]
    kind, _, offset = only_fault(findings(objects))
    assert (kind, offset) == (FaultKind.TRUNCATED, 24)


def test_a_tail_that_was_cut_with_its_seals_is_found_by_what_was_written_down(tmp_path: Path) -> None:
    objects = archived(tmp_path)
    witness = orjson.loads((tmp_path / "witness.json").read_bytes())
    assert witness == {"number": 3, "sha256": digest_of(objects[seal_name(3)])}
    del objects[seal_name(3)]
    assert findings(objects).faults == []
    assert only_fault(findings(objects, anchors={3: witness["sha256"]})) == (
        FaultKind.TRUNCATED,
        seal_name(3),
        None,
    )


def test_an_archive_that_was_written_anew_with_the_key_is_found_by_what_was_written_down(
    objects: dict[str, bytes], tmp_path: Path
) -> None:
    bucket = Bucket()
    other = archive_on(bucket, ChainEnd())
    feed(other, (message(offset, b"another history") for offset in range(35)))
    sealer = Sealer(bucket, SIGNER, KEYS, tmp_path / "witness.json")
    sealer.seal([other.end])
    assert findings(bucket.objects).faults == []
    known = {1: digest_of(objects[seal_name(1)])}
    assert only_fault(findings(bucket.objects, anchors=known))[:2] == (FaultKind.ALTERED, seal_name(1))


def test_a_wrong_signature_and_a_foreign_key_are_found(objects: dict[str, bytes]) -> None:
    name = manifest_name(PLACE, 2)
    body = opened(MANIFEST, objects[name], KEYS)
    objects[name] = Signer.of(b"\7" * 32).signed(MANIFEST, body)
    assert only_fault(findings(objects))[:2] == (FaultKind.SIGNATURE, name)


def test_a_manifest_that_was_changed_and_signed_again_breaks_the_chain(objects: dict[str, bytes]) -> None:
    name = manifest_name(PLACE, 2)
    body: dict[str, Any] = opened(MANIFEST, objects[name], KEYS)
    objects[name] = SIGNER.signed(MANIFEST, body | {"events": body["events"] - 1})
    names = [fault.name for fault in findings(objects).faults]
    assert manifest_name(PLACE, 3) in names
    assert name in names


def test_events_that_were_changed_with_file_manifest_and_signature_do_not_make_the_tree(
    objects: dict[str, bytes],
) -> None:
    forged = Bucket()
    feed(archive_on(forged, ChainEnd(), events=4), (message(offset, b"forged") for offset in range(4)))
    name = manifest_name(PLACE, 1)
    true = manifest_of(opened(MANIFEST, objects[name], KEYS))
    body = opened(MANIFEST, forged.objects[name], KEYS)
    lie = body | {key: true.body()[key] for key in ("tree_root", "tree_peaks", "nodes")}
    objects[name] = SIGNER.signed(MANIFEST, lie)
    objects[true.file] = forged.objects[true.file]
    assert (FaultKind.EVENTS, true.file) in {(f.kind, f.name) for f in findings(objects).faults}


def test_a_signature_that_is_written_otherwise_is_found(objects: dict[str, bytes]) -> None:
    """It would verify, and the digest of the document would be another: of the last seal nobody would
    notice.
    """
    said, mark, _ = objects[seal_name(3)].split(b"\n")
    for otherwise in (mark.upper(), mark.replace(b":", b": "), mark + b" ", mark + b"\n"):
        assert findings(objects | {seal_name(3): said + b"\n" + otherwise + b"\n"}).faults


def test_a_file_that_no_manifest_names_is_told_of(objects: dict[str, bytes]) -> None:
    stranger = file_name(PLACE, 2, 5)
    found = findings(objects | {stranger: b"whatever"})
    assert (found.faults, found.strangers) == ([], [stranger])


def test_only_the_files_of_a_time_are_read_and_the_chain_whole(objects: dict[str, bytes]) -> None:
    first_ms = 1_770_000_000_000
    span = Span(from_ms=first_ms + 10_000, until_ms=first_ms + 13_000)
    found = findings(objects, span=span)
    assert found.faults == []
    assert found.manifests == findings(objects).manifests
    read = {file_name(PLACE, 8, 11), file_name(PLACE, 12, 15)}
    assert found.files == len(read)
    for name in sorted(objects):
        if name.startswith(f"archive/{PLACE}"):
            broken = findings(objects | {name: b"gone bad"}, span=span)
            assert bool(broken.faults) == (name in read)


def test_files_that_were_made_one_are_checked_against_the_manifests_of_the_small_ones(tmp_path: Path) -> None:
    bucket = Bucket()
    archive = archive_on(bucket, ChainEnd(), events=2)
    for offset in range(EVERY * 2 + 3):
        archive.add(message(offset), 0.0)
        if archive.is_full():
            archive.close_file()
            archive.end = compacted(bucket, SIGNER, KEYS, archive.end, FileLimits(events=50))
    archive.close_file()
    Sealer(bucket, SIGNER, KEYS, tmp_path / "w").seal([archive.end])
    found = findings(bucket.objects)
    assert (found.faults, found.events) == ([], EVERY * 2 + 3)
    assert found.files < 10
    small = [name for name in bucket.objects if name == file_name(PLACE, 0, 1)]
    del bucket.objects[small[0]]
    assert findings(bucket.objects).faults == []
    joined = file_name(PLACE, 0, 49)
    bucket.objects[joined] = bucket.objects[joined][:-1]
    assert only_fault(findings(bucket.objects))[:2] == (FaultKind.ALTERED, joined)


def test_a_key_that_replaced_another_vouches_for_it_and_a_planted_one_is_not_trusted(tmp_path: Path) -> None:
    objects = archived(tmp_path)
    bucket = Bucket(objects)
    successor, stranger = Signer.of(b"\5" * 32), Signer.of(b"\6" * 32)
    publish_key(bucket, successor, [SIGNER.public])
    publish_key(bucket, stranger, [])
    keys = trusted(bucket, [successor.public])
    assert len(keys) == 2
    archive = archive_on(bucket, ChainEnd(), place=Place("radstream.audit.v1", 0))
    feed(archive, map(message, range(3)))
    assert findings(objects, keys).faults == []
    assert findings(objects, trusted(bucket, [stranger.public])).faults != []


def test_what_kafka_had_deleted_is_told_of_and_is_no_fault() -> None:
    bucket = Bucket()
    feed(archive_on(bucket, ChainEnd(), low=100), map(message, range(100, 110)))
    found = findings(bucket.objects)
    assert (found.faults, found.lost) == ([], [f"{PLACE}: 0-99"])
