"""Erasing a patient: whatever fails, doing it again completes it, and says the same once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.fold import fold
from runtime.erasure import (
    Erasure,
    ErasureRefused,
    Order,
    erase,
    key_of,
    require_known,
)
from schemas.errors import KeyDestroyed
from schemas.events import Event, PatientErased
from schemas.identity import patient_key, subject_of_patient
from schemas.keyring import FileKeyRing
from schemas.phi import Generations, KeyRing
from tests.producing import offline_codec

SECRET = b"s" * 32
PATIENT = patient_key(SECRET, "GENERAL", "4711")
ORDER = Order(patient_key=PATIENT, reason="PATIENT_REQUEST", requested_by="operator-1a2b3c4d", site="GENERAL")
NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)


@pytest.fixture
def ring(tmp_path: Path) -> FileKeyRing:
    return FileKeyRing(tmp_path / "keys", bytes(32))


def _erase(ring: KeyRing, now: datetime = NOON) -> tuple[Erasure, PatientErased]:
    said: list[Event] = []
    done = erase(ring, ORDER, said.append, now)
    (event,) = said
    assert isinstance(event, PatientErased)
    return done, event


def test_the_keys_are_gone_before_anything_is_said(ring: FileKeyRing) -> None:
    key_id, _ = ring.current_key(PATIENT)

    def publish(event: Event) -> None:
        with pytest.raises(KeyDestroyed):
            ring.key(key_id)

    assert erase(ring, ORDER, publish, NOON).keys_destroyed == 1


def test_the_event_names_the_patient_by_pseudonym_alone_and_survives_the_wire(ring: FileKeyRing) -> None:
    ring.current_key(PATIENT)
    done, event = _erase(ring)
    envelope = event.envelope
    assert envelope.exam_id == subject_of_patient(PATIENT)
    assert (envelope.patient_key, envelope.phi, envelope.event_id) == (PATIENT, None, done.event_id)
    assert (event.keys_destroyed, event.erasure_reason) == (1, "PATIENT_REQUEST")
    codec = offline_codec()
    value = codec.encode(event)
    assert codec.decode(value) == event
    assert b"4711" not in value


def test_done_again_after_the_log_did_not_take_it_the_same_is_said(ring: FileKeyRing) -> None:
    ring.current_key(PATIENT)
    lost: list[Event] = []

    def fail(event: Event) -> None:
        lost.append(event)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        erase(ring, ORDER, fail, NOON)
    assert ring.generations(PATIENT) == Generations(living=0, destroyed=1)
    done, event = _erase(ring, NOON + timedelta(hours=1))
    assert done.keys_destroyed == 0
    assert event.envelope.event_id == lost[0].envelope.event_id
    assert event.keys_destroyed == 1


def test_a_patient_who_came_again_is_erased_again_by_another_event(ring: FileKeyRing) -> None:
    ring.current_key(PATIENT)
    first, _ = _erase(ring)
    ring.current_key(PATIENT)
    second, event = _erase(ring)
    assert second.event_id != first.event_id
    assert (second.keys_destroyed, event.keys_destroyed) == (1, 2)


def test_nobody_is_said_to_be_erased_of_whom_nothing_was_ever_sealed(ring: FileKeyRing) -> None:
    with pytest.raises(ErasureRefused, match="never had"):
        require_known(ring, [PATIENT])
    said: list[Event] = []
    with pytest.raises(ErasureRefused):
        erase(ring, ORDER, said.append, NOON)
    assert said == []


def test_the_fold_passes_an_erasure_by(ring: FileKeyRing) -> None:
    ring.current_key(PATIENT)
    assert fold([_erase(ring)[1]]) == {}


def test_a_patient_is_named_by_issuer_and_number_or_by_key() -> None:
    assert key_of("GENERAL|4711", SECRET) == PATIENT
    assert key_of(PATIENT, SECRET) == key_of(f" {PATIENT.upper()} ", SECRET) == PATIENT


@given(st.text(st.characters(exclude_characters="|")))
def test_anything_else_is_refused_without_quoting_it(text: str) -> None:
    for patient in (text, f"{text}|", f"|{text}"):
        with pytest.raises(ErasureRefused) as caught:
            key_of(patient, SECRET)
        assert str(caught.value).startswith("a patient is named by")


@pytest.mark.parametrize("reason", ["", "asked for it", "Mr Lindqvist", "A" * 65, "X\n", "-X"])
def test_a_reason_in_words_is_refused(reason: str) -> None:
    with pytest.raises(ErasureRefused, match="a code of capitals"):
        Order(patient_key=PATIENT, reason=reason, requested_by="operator-1a2b3c4d", site="GENERAL")
