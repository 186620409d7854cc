"""What a C-STORE brings: the same bytes from memory and from the encrypted file, wherever they are read."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID

from producers.dicom.storage.content import Content, MemoryContent, beginning, whole
from producers.dicom.storage.content_writer import ContentWriter
from producers.dicom.storage.joined_content import ChainedContent
from producers.dicom.storage.received import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    Received,
    dicom_file,
    sealed_file,
)
from producers.dicom.storage.sealed_file import SEGMENT_BYTES
from schemas.image_sealing import seal_image
from schemas.keyring import FileKeyRing

on_one_directory = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30
)
PATTERN = hashlib.shake_256(b"a multi-frame object").digest(3 * SEGMENT_BYTES + 77)
MARK = b"OKONKWO^AMARA"


def written(directory: Path, pieces: list[bytes], limit: int) -> Content:
    """Through the writer."""
    writer = ContentWriter(directory, limit)
    for piece in pieces:
        writer.write(memoryview(piece))
    return writer.finish()


def files_held(directory: Path) -> list[Path]:
    """What this process has open there."""
    opened = [path for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    return [path for path in opened if str(directory) in str(path.readlink())]


@on_one_directory
@given(
    sizes=st.lists(st.integers(0, SEGMENT_BYTES + 3), max_size=5),
    limit=st.integers(0, 2 * SEGMENT_BYTES),
    reads=st.lists(
        st.tuples(st.integers(0, 4 * SEGMENT_BYTES), st.integers(0, SEGMENT_BYTES * 2)), max_size=6
    ),
)
def test_however_it_is_written_and_wherever_it_is_read_the_bytes_are_the_same(
    tmp_path: Path, sizes: list[int], limit: int, reads: list[tuple[int, int]]
) -> None:
    pieces = [PATTERN[size : 2 * size] for size in sizes]
    expected = io.BytesIO(b"".join(pieces))
    content = written(tmp_path, pieces, limit)
    assert content.size_bytes == len(expected.getvalue())
    assert whole(content) == expected.getvalue()
    with content.open() as stream, content.open() as other:
        for offset, length in reads:
            assert stream.seek(offset) == expected.seek(offset)
            assert stream.read(length) == expected.read(length)
        assert other.read() == expected.getvalue()
    content.close()


@on_one_directory
@given(
    sizes=st.lists(st.integers(0, 300), max_size=4),
    offset=st.integers(0, 1300),
    length=st.integers(0, 1300),
    whence=st.sampled_from([io.SEEK_SET, io.SEEK_END]),
)
def test_a_chain_reads_as_one(sizes: list[int], offset: int, length: int, whence: int) -> None:
    pieces = [PATTERN[size : 2 * size] for size in sizes]
    expected = io.BytesIO(b"".join(pieces))
    chain = ChainedContent([MemoryContent(piece) for piece in pieces])
    at = -min(offset, chain.size_bytes) if whence == io.SEEK_END else offset
    with chain.open() as stream:
        assert stream.seek(at, whence) == expected.seek(at, whence)
        assert stream.read(length) == expected.read(length)
        assert stream.tell() == expected.tell()


def test_a_large_one_has_no_name_and_nothing_of_it_is_in_clear_on_the_disk(tmp_path: Path) -> None:
    writer = ContentWriter(tmp_path / "receiving", 1000)
    writer.write(MARK * 50_000)
    content = writer.finish()
    assert list((tmp_path / "receiving").iterdir()) == []
    assert (tmp_path / "receiving").stat().st_mode & 0o077 == 0
    (held,) = files_held(tmp_path)
    on_disk = held.read_bytes()
    assert len(on_disk) > len(MARK) * 50_000
    assert MARK not in on_disk
    content.close()
    assert files_held(tmp_path) == []


def test_a_writer_that_is_closed_keeps_no_file(tmp_path: Path) -> None:
    writer = ContentWriter(tmp_path, 10)
    writer.write(b"x" * 100)
    writer.close()
    writer.close()
    assert files_held(tmp_path) == []


def test_a_file_that_was_changed_is_not_read(tmp_path: Path) -> None:
    content = written(tmp_path, [PATTERN], 10)
    (held,) = files_held(tmp_path)
    with held.open("r+b") as file:
        file.seek(SEGMENT_BYTES + 100)
        file.write(b"other")
    with content.open() as stream:
        stream.seek(SEGMENT_BYTES + 50)
        with pytest.raises(OSError, match="not what was written"):
            stream.read(10)
    content.close()


@pytest.mark.parametrize("limit", [10, 2**24])
def test_the_sealed_object_is_to_the_byte_what_the_whole_file_in_memory_gives(
    tmp_path: Path, limit: int
) -> None:
    content = written(tmp_path, [PATTERN], limit)
    received = Received("1.2.840.10008.5.1.4.1.1.2", "2.25.3", "1.2.840.10008.1.2.1", "CT01", content)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.2")
    meta.MediaStorageSOPInstanceUID = UID("2.25.3")
    meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.1")
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    expected = DicomBytesIO()
    expected.write(bytes(128) + b"DICM")
    write_file_meta_info(expected, meta)
    expected.write(PATTERN)

    file = dicom_file(received)
    assert whole(file) == expected.getvalue()
    assert beginning(file, 200) == expected.getvalue()[:200]
    ring = FileKeyRing(tmp_path / "keys", b"k" * 32)
    sealed = sealed_file(ring, "ab" * 32, "2.25.3", file)
    assert sealed.content == b"".join(seal_image(ring, "ab" * 32, "2.25.3", expected.getvalue()))
    assert sealed.sha256 == hashlib.sha256(sealed.content).hexdigest()
    file.close()
