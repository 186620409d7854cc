"""Deflated data sets: read like others, in bounded memory, and refused where they are bombs."""

from __future__ import annotations

import tracemalloc
import zlib
from dataclasses import replace
from datetime import UTC
from io import BytesIO
from random import Random

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from producers.dicom.storage.attributes import read_attributes
from producers.dicom.storage.content import MemoryContent, whole
from producers.dicom.storage.deflated import HEAD_BYTES, inflated_head
from producers.dicom.storage.received import Received
from producers.dicom.storage.refusals import CannotUnderstand
from tests.dicom_dataset_mutations import deflate_bomb
from tests.dicom_datasets import image as elements
from tests.unit.test_dicom_attributes import image, received


def deflated(content: bytes) -> bytes:
    """A raw deflate stream."""
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(content) + deflater.flush()


def came(content: bytes) -> Received:
    """It as a C-STORE brings it."""
    plain = received(image())
    return replace(plain, transfer_syntax_uid=DeflatedExplicitVRLittleEndian, content=MemoryContent(content))


def test_a_deflated_image_says_what_it_says_in_clear() -> None:
    plain = received(image())
    packed = came(deflated(whole(plain.content)) + b"\x00")  # the pad byte of PS3.5 section A.5
    expected = read_attributes(plain, UTC)
    assert read_attributes(packed, UTC) == expected


@pytest.mark.parametrize("at_front", [True, False])
def test_what_inflates_to_gigabytes_is_refused_in_bounded_memory(*, at_front: bool) -> None:
    bomb = came(deflate_bomb(elements(Random(1), "2.25.3"), 2, at_front=at_front))
    tracemalloc.start()
    try:
        with pytest.raises(CannotUnderstand, match="more than 1024 MiB"):
            read_attributes(bomb, UTC)
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    finally:
        tracemalloc.stop()


def test_a_long_image_is_read_to_its_pixels_alone() -> None:
    content = b"head" + bytes(3 * HEAD_BYTES)
    assert inflated_head(BytesIO(deflated(content))).getvalue() == content[:HEAD_BYTES]


@pytest.mark.parametrize("content", [b"", b"\xff\xff\xff", deflated(bytes(1000))[:-3]])
def test_what_is_no_deflate_stream_cannot_be_understood(content: bytes) -> None:
    with pytest.raises(CannotUnderstand):
        inflated_head(BytesIO(content))
