"""Protected health information: opens only with the patient's key, for the event it was sealed for."""

from __future__ import annotations

import dataclasses
import traceback
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.encoders import encoder
from schemas.errors import KeyDestroyed, KeyNotFound, PhiError, WrongKey
from schemas.keyring import FileKeyRing
from schemas.parts import Phi, SealedPhi
from schemas.phi import KeyRing, open_bytes, open_sealed, seal, seal_bytes
from tests.strategies import records

PATIENT, OTHER = "a" * 64, "b" * 64
EVENT = "0b3a9a6e-7f5f-5d1c-9d5e-0e8f3a2b1c4d"
NAME, TEXT = "Lindqvist^Maja", "Fracture of the left distal radius."
PHI = Phi(patient_name=NAME, patient_id="MRN-4711", birth_date="19710304", sex="F", text=TEXT)


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return FileKeyRing(tmp_path_factory.mktemp("ring") / "keys", bytes(32))


@given(phi=records(Phi))
def test_what_was_sealed_opens_as_it_was(ring: KeyRing, phi: Phi) -> None:
    assert open_sealed(ring, EVENT, seal(ring, PATIENT, EVENT, phi)) == phi


@given(payload=st.binary(), bound_to=st.text())
def test_bytes_that_were_sealed_open_as_they_were(ring: KeyRing, payload: bytes, bound_to: str) -> None:
    assert open_bytes(ring, bound_to, seal_bytes(ring, "deadletters", bound_to, payload)) == payload


def test_nothing_that_was_sealed_shows_in_the_ciphertext(ring: KeyRing) -> None:
    sealed = seal(ring, PATIENT, EVENT, PHI)
    for plaintext in (NAME, "Lindqvist", "MRN-4711", "19710304", "radius"):
        assert plaintext.encode() not in sealed.ciphertext + sealed.nonce + sealed.key_id.encode()


def test_the_same_sealed_twice_differs(ring: KeyRing) -> None:
    one, two = (seal(ring, PATIENT, EVENT, PHI) for _ in range(2))
    assert one.key_id == two.key_id
    assert one.nonce != two.nonce
    assert one.ciphertext != two.ciphertext


def test_a_ciphertext_does_not_open_for_another_event(ring: KeyRing) -> None:
    sealed = seal(ring, PATIENT, EVENT, PHI)
    with pytest.raises(WrongKey):
        open_sealed(ring, EVENT[:-1] + "e", sealed)


def test_a_ciphertext_does_not_open_with_another_patients_key(ring: KeyRing) -> None:
    sealed = seal(ring, PATIENT, EVENT, PHI)
    other_key_id, _ = ring.current_key(OTHER)
    with pytest.raises(WrongKey):
        open_sealed(ring, EVENT, dataclasses.replace(sealed, key_id=other_key_id))


@given(position=st.integers(0, 10_000), by=st.integers(1, 255), part=st.sampled_from(["nonce", "ciphertext"]))
def test_a_changed_bit_does_not_open(ring: KeyRing, position: int, by: int, part: str) -> None:
    sealed = seal(ring, PATIENT, EVENT, PHI)
    content = bytearray(getattr(sealed, part))
    content[position % len(content)] ^= by
    with pytest.raises(WrongKey):
        open_sealed(ring, EVENT, _with(sealed, part, bytes(content)))


@given(nonce=st.binary(max_size=200), ciphertext=st.binary())
def test_any_other_bytes_are_a_wrong_key_and_nothing_else(
    ring: KeyRing, nonce: bytes, ciphertext: bytes
) -> None:
    key_id, _ = ring.current_key(PATIENT)
    with pytest.raises(WrongKey):
        open_sealed(ring, EVENT, SealedPhi(key_id=key_id, nonce=nonce, ciphertext=ciphertext))


def test_a_key_that_never_was_is_not_found(ring: KeyRing) -> None:
    sealed = dataclasses.replace(seal(ring, PATIENT, EVENT, PHI), key_id=f"{'c' * 64}/1")
    with pytest.raises(KeyNotFound):
        open_sealed(ring, EVENT, sealed)


def test_erasing_a_patient_closes_that_patient_and_no_other(tmp_path: Path) -> None:
    ring = FileKeyRing(tmp_path / "keys", bytes(32))
    erased, kept = seal(ring, PATIENT, EVENT, PHI), seal(ring, OTHER, EVENT, PHI)
    assert ring.destroy(PATIENT) == 1
    with pytest.raises(KeyDestroyed):
        open_sealed(ring, EVENT, erased)
    assert open_sealed(ring, EVENT, kept) == PHI


def test_a_patient_who_comes_back_after_erasure_is_sealed_under_a_new_key(tmp_path: Path) -> None:
    ring = FileKeyRing(tmp_path / "keys", bytes(32))
    before = seal(ring, PATIENT, EVENT, PHI)
    ring.destroy(PATIENT)
    after = seal(ring, PATIENT, EVENT, PHI)
    assert after.key_id != before.key_id
    assert open_sealed(ring, EVENT, after) == PHI
    with pytest.raises(KeyDestroyed):
        open_sealed(ring, EVENT, before)


@pytest.mark.parametrize("written", range(len(Phi.__slots__)))
def test_what_an_older_writer_did_not_know_is_null(ring: KeyRing, written: int) -> None:
    known = dict(zip(Phi.__slots__[:written], ["known"] * written, strict=True))
    sealed = seal_bytes(ring, PATIENT, EVENT, b"\x02\x0aknown" * written)
    assert open_sealed(ring, EVENT, sealed) == Phi(**known)


def test_what_a_newer_writer_added_is_passed_over(ring: KeyRing) -> None:
    plaintext = encoder(Phi.AVRO_NAME)(PHI) + b"\x02\x06new"
    assert open_sealed(ring, EVENT, seal_bytes(ring, PATIENT, EVENT, plaintext)) == PHI


def test_bytes_sealed_as_something_else_are_no_patient(ring: KeyRing) -> None:
    with pytest.raises(PhiError, match="no Phi"):
        open_sealed(ring, EVENT, seal_bytes(ring, PATIENT, EVENT, b"\x02\x0a" + NAME[:3].encode()))


@pytest.mark.parametrize(
    "value",
    [NAME.encode(), [NAME], {"family": NAME}, f"{NAME}\udcff"],
    ids=["bytes", "list", "dict", "lone-surrogate"],
)
def test_a_field_that_is_no_text_is_refused_without_quoting_it(ring: KeyRing, value: Any) -> None:
    with pytest.raises(PhiError) as caught:
        seal(ring, PATIENT, EVENT, Phi(patient_name=value, text=TEXT))
    _assert_tells_nothing(caught.value)


def test_no_exception_tells_what_was_sealed(ring: KeyRing) -> None:
    sealed = seal(ring, PATIENT, EVENT, PHI)
    for event_id, broken in (
        ("another", sealed),
        (EVENT, dataclasses.replace(sealed, ciphertext=sealed.ciphertext[:-1])),
        (EVENT, dataclasses.replace(sealed, key_id="nobody/1")),
        (EVENT, dataclasses.replace(sealed, nonce=b"")),
        (EVENT, seal_bytes(ring, PATIENT, EVENT, NAME.encode())),
        (EVENT, seal_bytes(ring, PATIENT, EVENT, b"\x02\x38" + NAME.encode() + b"\xff" * 14)),
    ):
        with pytest.raises(PhiError) as caught:
            open_sealed(ring, event_id, broken)
        _assert_tells_nothing(caught.value)


def test_printing_a_patient_tells_nothing() -> None:
    assert "Lindqvist" not in f"{PHI!r} {PHI}"


def _with(sealed: SealedPhi, part: str, content: bytes) -> SealedPhi:
    return SealedPhi.from_record(sealed.to_record() | {part: content})


def _assert_tells_nothing(error: BaseException) -> None:
    said = repr(error) + "".join(traceback.format_exception(error))
    assert "Lindqvist" not in said
    assert "radius" not in said
