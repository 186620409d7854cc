"""The spool: whole entries only, in order, within its bound."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.dicom.spool import used_files
from producers.dicom.spool.entry import EntryDamaged, read_entry_file
from producers.dicom.spool.reader import Entry, SpoolReader
from producers.dicom.spool.room import SpoolFull
from producers.dicom.spool.spool import ASSOCIATION_ENDED, Spool, SpoolConfig


@pytest.fixture(scope="module", autouse=True)
def looking_always() -> Iterator[None]:
    """What was set free is found at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(used_files, "_LOOK_EVERY_S", 0.0)
        yield


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """An empty spool."""
    opened = opened_spool(tmp_path)
    yield opened
    opened.close()


def opened_spool(directory: Path, maximum_bytes: int = 1 << 30, reserve_bytes: int = 0) -> Spool:
    """A spool with these bounds."""
    return Spool(SpoolConfig(directory=directory, maximum_bytes=maximum_bytes, reserve_bytes=reserve_bytes))


def facts_of(*pieces: bytes) -> Mapping[str, object]:
    """What the test knows of an image."""
    return {"sha256": hashlib.sha256(b"".join(pieces)).hexdigest()}


def append(spool: Spool, *pieces: bytes) -> None:
    """Append an image."""
    spool.append_image(sum(map(len, pieces)), pieces, facts_of(*pieces))


def entries_in(directory: Path) -> list[Entry]:
    """All that waits."""
    reader = SpoolReader(directory)
    return reader.read(reader.names())


def content_of(entry: Entry) -> bytes:
    """An image's content."""
    with entry.file.open_content() as file:
        return file.read(entry.file.content_bytes)


@given(st.lists(st.one_of(st.none(), st.lists(st.binary(max_size=2000), max_size=4)), max_size=12))
def test_what_was_appended_is_read_in_its_order(given_entries: list[list[bytes] | None]) -> None:
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        for number, pieces in enumerate(given_entries):
            spool = opened_spool(directory)  # each by a process of its own, so to say
            if pieces is None:
                spool.note(ASSOCIATION_ENDED, {"association_id": str(number)})
            else:
                append(spool, *pieces)
            spool.close()
        found = entries_in(directory)
        assert [entry.is_note for entry in found] == [pieces is None for pieces in given_entries]
        for number, (entry, pieces) in enumerate(zip(found, given_entries, strict=True)):
            if pieces is None:
                assert entry.file.facts["facts"] == {"association_id": str(number)}
                continue
            content = b"".join(pieces)
            assert content_of(entry) == content
            assert entry.file.facts == facts_of(content)


@given(st.binary(min_size=1, max_size=300), st.data())
def test_no_beginning_of_an_entry_is_taken_for_a_whole_one(content: bytes, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        spool = opened_spool(directory)
        append(spool, content)
        spool.close()
        (entry,) = entries_in(directory)
        whole = entry.file.path.read_bytes()
        cut = data.draw(st.integers(0, len(whole) - 1))
        entry.file.path.write_bytes(whole[:cut])
        with pytest.raises(EntryDamaged):
            read_entry_file(entry.file.path)


@given(st.binary(max_size=300), st.data())
def test_no_changed_facts_are_taken_for_what_was_written(content: bytes, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        spool = opened_spool(directory)
        append(spool, content)
        spool.close()
        (entry,) = entries_in(directory)
        changed = bytearray(entry.file.path.read_bytes())
        at = data.draw(st.integers(len(content), len(changed) - 1))
        changed[at] ^= data.draw(st.integers(1, 255))
        entry.file.path.write_bytes(changed)
        with pytest.raises(EntryDamaged):
            read_entry_file(entry.file.path)


IMAGE_BYTES = 100_000


def archived(directory: Path) -> None:
    """All that waits leaves the spool."""
    reader = SpoolReader(directory)
    reader.remove(reader.read(reader.names()))


def inodes(directory: Path) -> set[int]:
    """Of the files that are there."""
    return {path.stat().st_ino for path in directory.iterdir()}


@given(st.lists(st.integers(1, 3 * IMAGE_BYTES), min_size=1, max_size=5), st.integers(0, 4))
def test_an_entry_in_a_used_file_is_what_was_written_to_the_byte(sizes: list[int], threads: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        spool = opened_spool(directory)
        for _ in range(threads):
            append(spool, os.urandom(2 * IMAGE_BYTES))
        archived(directory)
        contents = [os.urandom(size) for size in sizes]
        for content in contents:
            append(spool, content)
        spool.close()
        assert [content_of(entry) for entry in entries_in(directory)] == contents


def test_the_file_of_an_archived_image_is_used_for_the_next(tmp_path: Path, spool: Spool) -> None:
    append(spool, os.urandom(IMAGE_BYTES))
    before = inodes(tmp_path)
    archived(tmp_path)
    assert entries_in(tmp_path) == []
    append(spool, content := os.urandom(IMAGE_BYTES))
    assert inodes(tmp_path) == before
    assert [content_of(entry) for entry in entries_in(tmp_path)] == [content]


def test_two_processes_never_take_one_file(tmp_path: Path) -> None:
    spools = [opened_spool(tmp_path) for _ in range(2)]
    for _ in range(20):
        append(spools[0], os.urandom(IMAGE_BYTES))
    archived(tmp_path)
    contents = [[os.urandom(IMAGE_BYTES) for _ in range(15)] for _ in spools]

    def write(number: int) -> None:
        for content in contents[number]:
            append(spools[number], content)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = sorted(content_of(entry) for entry in entries_in(tmp_path))
    assert found == sorted(contents[0] + contents[1])
    for spool in spools:
        spool.close()


def test_a_file_is_free_only_after_it_is_durable_that_its_entry_is_gone(
    tmp_path: Path, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(spool, os.urandom(IMAGE_BYTES))
    synced: list[list[str]] = []
    fsync = os.fsync

    def note(handle: int) -> None:
        synced.append(sorted(path.suffix for path in tmp_path.iterdir()))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", note)
    archived(tmp_path)
    assert synced == [[".done"]]
    assert [path.suffix for path in tmp_path.iterdir()] == [".free"]


def test_what_a_crash_left_between_the_two_is_swept(tmp_path: Path) -> None:
    (tmp_path / "00000000000000000001.done").write_bytes(b"archived")
    archived(tmp_path)
    assert list(tmp_path.iterdir()) == []


class Crash(BaseException):
    """The end of a process at some point of its writing."""


@pytest.mark.parametrize("call", ["writev", "fdatasync", "rename"])
def test_a_crash_before_the_end_leaves_no_entry(
    tmp_path: Path, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(spool := opened_spool(tmp_path), b"first")

    def crash(*_: object) -> None:
        raise Crash

    monkeypatch.setattr(os, call, crash)
    monkeypatch.setattr(os, "unlink", crash)
    with pytest.raises(Crash):
        append(spool, b"second")
    monkeypatch.undo()
    spool.close()
    assert [content_of(entry) for entry in entries_in(tmp_path)] == [b"first"]
    opened_spool(tmp_path).close()
    assert not list(tmp_path.glob("*.new"))


def test_the_file_that_another_process_is_writing_is_left_alone(tmp_path: Path, spool: Spool) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"begun"
        opened_spool(tmp_path).close()
        yield b", ended"

    spool.append_image(12, pieces(), {})
    assert [content_of(entry) for entry in entries_in(tmp_path)] == [b"begun, ended"]


def test_an_error_while_the_content_is_made_leaves_nothing(tmp_path: Path, spool: Spool) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"begun"
        raise ValueError("unreadable")

    with pytest.raises(ValueError, match="unreadable"):
        spool.append_image(5, pieces(), {})
    assert list(tmp_path.iterdir()) == []


def test_a_full_spool_refuses_images_but_no_notes_and_takes_them_again_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("producers.dicom.spool.room._RECOUNT_EVERY_S", 0.0)
    spool = opened_spool(tmp_path, maximum_bytes=30_000)
    append(spool, b"x" * 10_000)
    with pytest.raises(SpoolFull):
        append(spool, b"x" * 20_000)
    spool.note(ASSOCIATION_ENDED, {})
    SpoolReader(tmp_path).remove(entries_in(tmp_path))
    append(spool, b"x" * 20_000)
    spool.close()
    spool = opened_spool(tmp_path, maximum_bytes=30_000)
    with pytest.raises(SpoolFull):
        append(spool, b"x" * 10_000)
    spool.close()


def test_the_reserve_of_free_disk_is_never_touched(tmp_path: Path) -> None:
    spool = opened_spool(tmp_path, reserve_bytes=1 << 60)
    with pytest.raises(SpoolFull):
        append(spool, b"x")
    spool.close()


def test_a_damaged_entry_is_set_aside_and_blocks_no_other(tmp_path: Path, spool: Spool) -> None:
    for content in (b"first", b"second", b"third"):
        append(spool, content)
    first, second, _ = entries_in(tmp_path)
    first.file.path.write_bytes(b"")
    second.file.path.write_bytes(b"\x00" * 4096)
    assert [content_of(entry) for entry in entries_in(tmp_path)] == [b"third"]
    assert len(list((tmp_path / "aside").iterdir())) == 2
    assert SpoolReader(tmp_path).depth().entries == 1


def test_many_threads_append_at_once(tmp_path: Path, spool: Spool) -> None:
    def append_twenty(own: int) -> None:
        for number in range(20):
            append(spool, f"{own}.{number}".encode())

    threads = [threading.Thread(target=append_twenty, args=(own,)) for own in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    contents = [content_of(entry).decode() for entry in entries_in(tmp_path)]
    assert len(contents) == 160
    for number in range(8):
        assert [c for c in contents if c.startswith(f"{number}.")] == [f"{number}.{n}" for n in range(20)]


def test_the_depth_is_what_waits(tmp_path: Path, spool: Spool) -> None:
    reader = SpoolReader(tmp_path)
    assert (reader.depth().entries, reader.depth().oldest_age_s) == (0, 0.0)
    append(spool, b"x" * 1000)
    (entry,) = entries_in(tmp_path)
    os.utime(entry.file.path, (0, 0))
    depth = reader.depth()
    assert (depth.entries, depth.size_bytes > 1000, depth.oldest_age_s > 1e9) == (1, True, True)


def test_an_fsync_of_the_directory_that_fails_fails_everyone_who_waited_for_it(
    tmp_path: Path, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="fsync"):
        append(spool, b"x")
    monkeypatch.undo()
    append(spool, b"y")
