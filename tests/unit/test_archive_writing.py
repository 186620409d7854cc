"""The archive's files and chains: bytes that follow from the log alone, whatever happens between."""

from __future__ import annotations

import io
from hashlib import sha256
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.archive.chain import ChainEnd, read_end
from sinks.archive.compaction import EVERY, compacted
from sinks.archive.config import FileLimits
from sinks.archive.container import messages_in, read_container
from sinks.archive.draft import FileDraft
from sinks.archive.errors import ArchiveBroken, ChainMoved
from sinks.archive.manifest import NONE_BEFORE, digest_of
from sinks.archive.merkle import leaf_hash, root_of
from sinks.archive.names import file_name, manifest_name
from sinks.archive.record import RECORD_SCHEMA, ArchivedMessage, decode_all, encode
from sinks.archive.signing import MANIFEST, Signer, opened, public_keys
from tests.archiving import KEYS, PLACE, SIGNER, Bucket, Died, archive_on, feed, message

optional_bytes = st.none() | st.binary(max_size=200)
longs = st.integers(-(2**63), 2**63 - 1)
messages = st.builds(
    ArchivedMessage,
    longs,
    longs,
    optional_bytes,
    optional_bytes,
    st.lists(st.tuples(st.text(max_size=20), optional_bytes), max_size=5).map(tuple),
)


@given(messages)
def test_a_record_is_what_avro_writes_and_comes_back_as_it_was(one: ArchivedMessage) -> None:
    record = encode(one)
    read = fastavro.schemaless_reader(io.BytesIO(record), fastavro.parse_schema(RECORD_SCHEMA), None)
    assert read == {
        **one._asdict(),
        "headers": [{"name": name, "value": value} for name, value in one.headers],
    }
    assert list(decode_all(record, 1)) == [(one, record)]


@given(st.lists(messages, min_size=1, max_size=5), st.data())
def test_a_torn_block_is_refused_and_never_misread(some: list[ArchivedMessage], data: st.DataObject) -> None:
    block = b"".join(encode(one) for one in some)
    cut = data.draw(st.integers(0, len(block) - 1))
    with pytest.raises(ArchiveBroken):
        list(decode_all(block[:cut], len(some)))


def test_any_avro_reader_reads_a_file() -> None:
    draft = FileDraft(*PLACE, first=5)
    wanted = [message(offset, b"x" * 1000) for offset in range(5, 1005)]
    for one in wanted:
        draft.add(one)
    content = draft.content()
    read: list[Any] = list(fastavro.reader(io.BytesIO(content)))
    assert [row["offset"] for row in read] == list(range(5, 1005))
    assert [one for one, _ in messages_in(content)] == wanted
    assert len(read_container(content)[1]) > 1, "a file of a megabyte has more than one block"


def test_keys_values_headers_and_tombstones_are_kept_as_they_are() -> None:
    odd = [
        ArchivedMessage(0, -1, None, None, ()),
        ArchivedMessage(1, 0, b"", b"", (("a", None), ("a", b""), ("", b"\xff"))),
        ArchivedMessage(7, 5, b"k", None, (("ü", b"x"),)),
    ]
    draft = FileDraft(*PLACE, first=0)
    for one in odd:
        draft.add(one)
    assert [one for one, _ in messages_in(draft.content())] == odd


@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.integers(1, 9))
def test_any_split_of_the_log_into_files_gives_the_same_root(cuts: list[int], other: int) -> None:
    total = sum(cuts)
    split = Bucket()
    archive = archive_on(split, ChainEnd(), events=10**6)
    offset = 0
    for cut in cuts:
        for one in range(offset, offset + cut):
            archive.add(message(one), 0.0)
        archive.close_file()
        offset += cut
    even = archive_on(Bucket(), ChainEnd(), events=other)
    feed(even, map(message, range(total)))
    whole = root_of(leaf_hash(encode(message(one))) for one in range(total))
    assert archive.end.tree.root() == even.end.tree.root() == whole


def test_the_same_log_gives_the_same_objects_byte_for_byte() -> None:
    first, second = Bucket(), Bucket()
    for bucket in (first, second):
        feed(archive_on(bucket, ChainEnd()), map(message, range(95)))
    assert first.objects == second.objects
    assert len(first.objects) == 20


def test_each_manifest_carries_the_digest_of_the_one_before() -> None:
    bucket = Bucket()
    feed(archive_on(bucket, ChainEnd()), map(message, range(30)))
    before = NONE_BEFORE
    for number in (1, 2, 3):
        document = bucket.objects[manifest_name(PLACE, number)]
        body = opened(MANIFEST, document, KEYS)
        assert body["previous"] == before
        assert body["sha256"] == sha256(bucket.objects[body["file"]]).hexdigest()
        before = digest_of(document)


@given(st.integers(1, 12), st.booleans(), st.integers(1, 40), st.integers(1, 40))
def test_a_death_at_any_step_leaves_the_same_objects_in_the_end(
    step: int, after: bool, events: int, events_later: int
) -> None:
    """Also where it goes on with other limits: a file that was begun ends where it ended."""
    wanted = Bucket()
    bucket = Bucket()
    if after:
        bucket.dies_after_put = step
    else:
        bucket.dies_before_put = step
    log = [message(offset) for offset in range(100)]
    died = False
    try:
        feed(archive_on(bucket, ChainEnd(), events=events), log)
    except Died:
        died = True
    end = read_end(bucket, PLACE, KEYS)
    feed(archive_on(bucket, end, events=events_later), log)
    feed(archive_on(wanted, ChainEnd(), events=events), log)
    assert read_end(bucket, PLACE, KEYS).tree == read_end(wanted, PLACE, KEYS).tree
    if died and events == events_later:
        assert bucket.objects == wanted.objects
    archived = [name for name in bucket.objects if name.startswith("archive/")]
    manifests = [name for name in bucket.objects if name.startswith("manifests/")]
    assert len(archived) == len(manifests), "a file was written that no manifest names"


def test_messages_that_kafka_deleted_before_they_were_read_are_said_in_the_manifest() -> None:
    bucket = Bucket()
    feed(archive_on(bucket, ChainEnd()), map(message, range(10)))
    end = read_end(bucket, PLACE, KEYS)
    late = archive_on(bucket, end, low=25)
    assert late.lost == (10, 24)
    feed(late, map(message, range(25, 40)))
    second, third = (opened(MANIFEST, bucket.objects[manifest_name(PLACE, n)], KEYS) for n in (2, 3))
    assert (second["lost"], second["first"], second["last"]) == ([10, 24], 25, 34)
    assert third["lost"] is None


def test_offsets_that_compaction_took_are_covered_by_the_file_around_them() -> None:
    bucket = Bucket()
    feed(archive_on(bucket, ChainEnd(), events=3), map(message, (2, 3, 9, 20, 21, 30)))
    assert [name for name in sorted(bucket.objects) if name.startswith("archive/")] == [
        file_name(PLACE, 0, 9),
        file_name(PLACE, 10, 30),
    ]


def test_a_file_that_was_compressed_otherwise_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = Bucket()
    monkeypatch.setattr("sinks.archive.container._LEVEL", 19)
    older = FileDraft(*PLACE, first=0)
    for offset in range(10):
        older.add(message(offset, b"%d" % offset * 300))
    stored = bucket.objects[file_name(PLACE, 0, 9)] = older.content()
    monkeypatch.undo()
    assert stored != older.content()
    archive = archive_on(bucket, ChainEnd())
    feed(archive, (message(offset, b"%d" % offset * 300) for offset in range(10)))
    assert archive.end.manifest is not None
    assert archive.end.manifest.sha256 == sha256(stored).hexdigest()


def test_a_file_of_that_name_with_other_events_is_never_signed() -> None:
    bucket = Bucket()
    planted = FileDraft(*PLACE, first=0)
    for offset in range(10):
        planted.add(message(offset, b"forged"))
    bucket.objects[file_name(PLACE, 0, 9)] = planted.content()
    archive = archive_on(bucket, ChainEnd())
    feed(archive, map(message, range(15)))
    signed = [opened(MANIFEST, bucket.objects[manifest_name(PLACE, n)], KEYS)["file"] for n in (1, 2)]
    assert signed == [file_name(PLACE, 0, 10), file_name(PLACE, 11, 14)]
    assert archive.end.tree.root() == root_of(leaf_hash(encode(message(one))) for one in range(15))


def test_of_two_archivers_of_a_partition_only_one_writes_on() -> None:
    bucket = Bucket()
    slow, quick = (archive_on(bucket, ChainEnd(), events=events) for events in (10, 5))
    feed(quick, map(message, range(5)))
    for offset in range(10):
        slow.add(message(offset), 0.0)
    with pytest.raises(ChainMoved):
        slow.close_file()


def test_a_chain_with_a_hole_or_a_foreign_signature_is_not_gone_on_with() -> None:
    bucket = Bucket()
    feed(archive_on(bucket, ChainEnd()), map(message, range(30)))
    with pytest.raises(ArchiveBroken, match="not trusted"):
        read_end(bucket, PLACE, public_keys(Signer.of(b"\1" * 32).public))
    del bucket.objects[manifest_name(PLACE, 2)]
    with pytest.raises(ArchiveBroken, match="2 manifests"):
        read_end(bucket, PLACE, KEYS)


def test_a_file_waits_for_its_age_and_not_for_ever() -> None:
    archive = archive_on(Bucket(), ChainEnd())
    archive.add(message(0), 100.0)
    limits = FileLimits()
    assert not archive.is_old(100.0 + limits.age_s - 1)
    assert archive.is_old(100.0 + limits.age_s)


def test_small_files_are_made_one_and_the_tree_stays() -> None:
    bucket = Bucket()
    archive = archive_on(bucket, ChainEnd(), events=1)
    limits = FileLimits(events=40)
    for offset in range(EVERY):
        archive.add(message(offset), 0.0)
        archive.close_file()
        archive.end = compacted(bucket, SIGNER, KEYS, archive.end, limits)
    end = read_end(bucket, PLACE, KEYS)
    assert end.manifest is not None
    assert (end.manifest.number, end.manifest.replaces) == (EVERY + 2, (41, EVERY))
    assert (end.manifest.file, end.next_offset) == (file_name(PLACE, 40, EVERY - 1), EVERY)
    assert end.tree.root() == root_of(leaf_hash(encode(message(one))) for one in range(EVERY))
    feed(archive_on(bucket, end), map(message, range(EVERY, EVERY + 5)))
    assert read_end(bucket, PLACE, KEYS).next_offset == EVERY + 5
