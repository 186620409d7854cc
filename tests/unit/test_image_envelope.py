"""Sealed images: laws of the format, and what is refused."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.errors import KeyDestroyed, KeyNotFound, NotAnImage, SchemaError, TruncatedRecord, WrongKey
from schemas.image_envelope import SealedImage, open_image, open_stream
from schemas.image_format import read_header
from schemas.image_sealing import image_subject, seal_image
from schemas.keyring import FileKeyRing

UID = "1.2.840.113619.2.30.1"
PATIENT = "ab" * 32
SMALL = 4096
CONTENT = bytes(range(256)) * 40  # two whole segments and a half
NAME = b"OKONKWO^AMARA"
contents = st.binary(max_size=3 * SMALL + 5) | st.sampled_from(
    [b"", b"x" * SMALL, b"y" * (SMALL + 1), b"z" * 2 * SMALL]
)
on_one_ring = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def ring(tmp_path: Path) -> FileKeyRing:
    """An empty key ring."""
    return FileKeyRing(tmp_path / "keys", b"k" * 32)


def sealed(ring: FileKeyRing, content: bytes, uid: str = UID, subject: str = PATIENT) -> bytes:
    """The object, in small segments."""
    return b"".join(seal_image(ring, subject, uid, content, segment_bytes=SMALL))


class Dripping(BytesIO):
    """A stream that gives less than it is asked for, as sockets do."""

    def __init__(self, content: bytes, at_most: int) -> None:
        super().__init__(content)
        self._at_most = at_most

    def read(self, size: int | None = -1) -> bytes:
        """At most so many bytes."""
        return super().read(min(self._at_most, self._at_most if size is None or size < 0 else size))


@on_one_ring
@given(content=contents, power=st.integers(12, 20))
def test_any_content_in_any_segments_opens_as_it_was(ring: FileKeyRing, content: bytes, power: int) -> None:
    stored = b"".join(seal_image(ring, PATIENT, UID, content, segment_bytes=1 << power))
    assert open_image(ring, UID, stored) == content
    assert read_header(stored).object_bytes == len(stored)


@on_one_ring
@given(content=contents, at_most=st.integers(1, 9000))
def test_a_stream_opens_however_it_drips(ring: FileKeyRing, content: bytes, at_most: int) -> None:
    stored = sealed(ring, content)
    assert b"".join(open_stream(ring, UID, Dripping(stored, at_most))) == content


@on_one_ring
@given(content=contents, offset=st.integers(-2, 4 * SMALL), length=st.integers(0, 4 * SMALL))
def test_a_range_is_the_contents_range(ring: FileKeyRing, content: bytes, offset: int, length: int) -> None:
    stored = sealed(ring, content)
    image = SealedImage(ring, UID, lambda at, size: stored[at : at + size])
    assert image.read(offset, length) == (content[offset : offset + length] if offset >= 0 else b"")


def test_a_range_fetches_only_the_segments_that_have_it(ring: FileKeyRing) -> None:
    stored = sealed(ring, CONTENT)
    fetched: list[tuple[int, int]] = []

    def fetch(offset: int, length: int) -> bytes:
        fetched.append((offset, length))
        return stored[offset : offset + length]

    image = SealedImage(ring, UID, fetch)
    fetched.clear()
    assert image.read(SMALL + 7, 5) == CONTENT[SMALL + 7 : SMALL + 12]
    assert fetched == [image.header.place(1)]


def test_the_same_image_is_the_same_object_and_another_shares_no_segment(ring: FileKeyRing) -> None:
    first, again = sealed(ring, CONTENT), sealed(ring, CONTENT)
    other = sealed(ring, CONTENT[:-1] + b"!")
    elsewhere = sealed(ring, CONTENT, subject="cd" * 32)
    assert first == again
    start, length = read_header(first).place(0)
    assert len({each[start : start + length] for each in (first, other, elsewhere)}) == 3


def test_every_truncation_is_refused(ring: FileKeyRing) -> None:
    stored = sealed(ring, CONTENT)
    for length in [*range(200), *range(200, len(stored), 97), len(stored) - 1]:
        with pytest.raises(TruncatedRecord):
            open_image(ring, UID, stored[:length])
    with pytest.raises(TruncatedRecord):
        open_image(ring, UID, stored + b"\0")


def test_a_truncation_at_a_segments_end_is_refused_with_the_length_rewritten_too(ring: FileKeyRing) -> None:
    stored = sealed(ring, CONTENT)
    shorter = stored[:9] + (2 * SMALL).to_bytes(8, "big") + stored[17:]
    with pytest.raises(WrongKey):
        open_image(ring, UID, shorter[: read_header(shorter).object_bytes])


def test_segments_in_another_order_or_of_another_image_are_refused(ring: FileKeyRing) -> None:
    stored, other = sealed(ring, CONTENT), sealed(ring, CONTENT, uid="1.2.3")
    header = read_header(stored)
    (first, length), (second, _) = header.place(0), header.place(1)
    swapped = (
        stored[:first] + stored[second : second + length] + stored[first:second] + stored[second + length :]
    )
    mixed = stored[:second] + other[second:]
    for wrong in (swapped, mixed):
        assert len(wrong) == len(stored)
        with pytest.raises(WrongKey):
            open_image(ring, UID, wrong)


@on_one_ring
@given(data=st.data())
def test_a_changed_bit_anywhere_is_refused_and_no_error_shows_the_content(
    ring: FileKeyRing, data: st.DataObject
) -> None:
    stored = bytearray(sealed(ring, NAME * 700))
    place = data.draw(st.integers(0, len(stored) - 1) | st.integers(0, 130))
    stored[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SchemaError) as refused:
        open_image(ring, UID, bytes(stored))
    assert NAME.decode() not in str(refused.value)


@on_one_ring
@given(junk=st.binary(max_size=300))
def test_what_was_never_sealed_is_no_image(ring: FileKeyRing, junk: bytes) -> None:
    with pytest.raises((NotAnImage, TruncatedRecord)):
        open_image(ring, UID, junk)
    with pytest.raises(NotAnImage):
        open_image(ring, UID, bytes(128) + b"DICM" + junk)


def test_another_uid_another_ring_and_another_version_are_refused(ring: FileKeyRing, tmp_path: Path) -> None:
    stored = sealed(ring, CONTENT)
    with pytest.raises(WrongKey):
        open_image(ring, "1.2.3", stored)
    stranger = FileKeyRing(tmp_path / "other", b"o" * 32)
    with pytest.raises(KeyNotFound):
        open_image(stranger, UID, stored)
    stranger.current_key(PATIENT)
    with pytest.raises(WrongKey):
        open_image(stranger, UID, stored)
    with pytest.raises(NotAnImage):
        open_image(ring, UID, stored[:7] + b"\x02" + stored[8:])


def test_an_erased_patients_images_stay_closed(ring: FileKeyRing) -> None:
    stored = sealed(ring, CONTENT)
    ring.destroy(PATIENT)
    with pytest.raises(KeyDestroyed):
        open_image(ring, UID, stored)
    assert open_image(ring, UID, sealed(ring, CONTENT)) == CONTENT


def test_an_image_without_patient_is_its_studys() -> None:
    assert image_subject(PATIENT, "1.2") == PATIENT
    assert image_subject(None, "1.2") != image_subject(None, "1.3")


def test_nothing_of_the_content_is_in_the_object(ring: FileKeyRing) -> None:
    assert NAME not in sealed(ring, NAME * 700)


@pytest.mark.parametrize("segment_bytes", [0, 1000, 2048, 1 << 25])
def test_segments_of_odd_sizes_are_refused(ring: FileKeyRing, segment_bytes: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        seal_image(ring, PATIENT, UID, CONTENT, segment_bytes=segment_bytes)
