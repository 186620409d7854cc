"""Erasing a patient: decided by two in one order, done whatever dies meanwhile, found by a search."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.fold import fold
from producers.hl7.context import MappingConfig
from runtime.erasing.certificate import ERASURE, Account, body_of, signed_certificate
from runtime.erasing.certificate_page import certificate_page
from runtime.erasing.destroying import destroy_keys, erased_events
from runtime.erasing.downstream import SentBefore
from runtime.erasing.erased import key_of, require_code, require_known
from runtime.erasing.errors import ErasureRefused
from runtime.erasing.letter_verdict import Sought, Verdict, verdict
from runtime.erasing.places import Searched
from runtime.erasing.search import PartSearch, Seen, names_in_clear
from runtime.erasing.tombstones import add_tombstones, read_tombstones
from runtime.governance.reading import envelope_of
from runtime.governance.register import ErasureCase, register_of
from schemas.codec import Record
from schemas.errors import KeyDestroyed
from schemas.events import (
    ErasureConfirmed,
    ErasureRequested,
    Event,
    LegalHoldReleased,
    LegalHoldSet,
    PatientErased,
)
from schemas.identity import patient_key, subject_of_patient
from schemas.keyring import FileKeyRing
from schemas.parts import Envelope, Phi
from schemas.phi import Generations, seal
from sinks.archive.errors import ArchiveBroken
from sinks.archive.signing import MANIFEST, Signer, opened, public_keys
from tests.producing import offline_codec

SECRET = b"s" * 32
PATIENT = patient_key(SECRET, "GENERAL", "4711234")
OTHER = patient_key(SECRET, "GENERAL", "9912345")
NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
BY = ("operator-1a2b3c4d", "operator-5e6f7a8b")
CONFIG = MappingConfig(site="GENERAL", site_secret=SECRET)


@pytest.fixture
def ring(tmp_path: Path) -> FileKeyRing:
    return FileKeyRing(tmp_path / "keys", bytes(32))


def envelope(step: str, identity: str, after: timedelta = timedelta(0), key: str = PATIENT) -> Envelope:
    return envelope_of(
        step, identity, site="GENERAL", exam_id=subject_of_patient(key), patient_key=key, now=NOON + after
    )


REQUESTED = ErasureRequested(
    envelope=envelope("erasure-requested", "r1"),
    request_id="r1",
    erasure_reason="PATIENT_REQUEST",
    patient_keys=(PATIENT,),
    requested_by="ada",
    code_sha256="0" * 64,
    expires_at=NOON + timedelta(hours=72),
)


def confirmed(
    by: str, after: timedelta = timedelta(hours=1), key_ids: tuple[str, ...] = ()
) -> ErasureConfirmed:
    return ErasureConfirmed(
        envelope=envelope("erasure-confirmed", f"r1/{by}", after),
        request_id="r1",
        confirmed_by=by,
        key_ids=key_ids or (f"{PATIENT}/1",),
        undecided=(),
    )


def hold(hold_id: str, key: str = PATIENT) -> LegalHoldSet:
    said = envelope("hold-set", hold_id, key=key)
    return LegalHoldSet(envelope=said, hold_id=hold_id, hold_reason="LAWSUIT", set_by="eve")


def released(hold_id: str) -> LegalHoldReleased:
    return LegalHoldReleased(
        envelope=envelope("hold-released", hold_id),
        hold_id=hold_id,
        release_reason="SETTLED",
        released_by="eve",
    )


def case_of(*records: Record) -> ErasureCase:
    return register_of(records).erasures["r1"]


def confirmed_case(*key_ids: str) -> ErasureCase:
    return case_of(REQUESTED, confirmed("ben", key_ids=key_ids))


def test_of_two_who_confirm_at_once_the_first_in_the_topic_did() -> None:
    first, second = confirmed("ben"), confirmed("cat")
    assert case_of(REQUESTED, first, second).confirmed is first
    assert case_of(REQUESTED, second, first).confirmed is second


def test_a_hold_that_stands_before_the_confirmation_voids_it_and_one_after_it_comes_too_late() -> None:
    voided = case_of(REQUESTED, hold("h1"), confirmed("ben"))
    assert voided.confirmed is None
    assert "legal hold h1 (LAWSUIT, set by eve) stands" in voided.void[0]
    assert case_of(REQUESTED, confirmed("ben"), hold("h1")).confirmed is not None
    again = case_of(REQUESTED, hold("h1"), confirmed("ben"), released("h1"), confirmed("cat"))
    assert again.confirmed is not None
    assert again.confirmed.confirmed_by == "cat"


def test_a_hold_on_another_patient_and_a_request_that_ended_are_told_apart() -> None:
    assert case_of(REQUESTED, hold("h1", OTHER), confirmed("ben")).confirmed is not None
    late = case_of(REQUESTED, confirmed("ben", timedelta(hours=73)))
    assert late.confirmed is None
    assert "ended" in late.void[0]


@given(st.permutations([REQUESTED, hold("h1"), released("h1"), confirmed("ben"), confirmed("cat")]))
def test_a_confirmation_counts_only_after_its_request_and_under_no_hold(said: list[Event]) -> None:
    """Whatever the order in the topic, everybody who reads it comes to the same."""
    before: list[Event] = []
    expected: ErasureConfirmed | None = None
    for event in said:
        is_held = hold("h1") in before and released("h1") not in before[before.index(hold("h1")) :]
        if isinstance(event, ErasureConfirmed) and REQUESTED in before and not is_held:
            expected = expected or event
        before.append(event)
    assert register_of(said).erasures["r1"].confirmed == expected


def test_done_again_after_a_crash_what_was_confirmed_goes_and_nothing_later(ring: FileKeyRing) -> None:
    """The patient came again between two runs: what they say now is not what was to be erased."""
    old, _ = ring.current_key(PATIENT)
    case = confirmed_case(f"{PATIENT}/1")
    assert case.confirmed is not None
    first = destroy_keys(ring, case.confirmed.key_ids)
    with pytest.raises(KeyDestroyed):
        ring.key(old)
    new, _ = ring.current_key(PATIENT)
    again = destroy_keys(ring, case.confirmed.key_ids)
    assert ([one.now for one in first], [one.now for one in again]) == ([1], [0])
    assert ring.key(new)
    said = [erased_events(case, done, BY, "GENERAL", NOON)[0] for done in (first, again)]
    assert said[0] == said[1]
    assert ring.generations(PATIENT) == Generations(living=1, destroyed=1)


def test_keys_of_a_letter_and_a_study_go_with_the_patients(ring: FileKeyRing) -> None:
    subjects = (PATIENT, "study|1.2.3", "deadletters|0a1b")
    for subject in subjects:
        ring.current_key(subject)
    case = confirmed_case(*(f"{subject}/1" for subject in subjects))
    assert case.confirmed is not None
    done = destroy_keys(ring, case.confirmed.key_ids)
    assert [one.now for one in done] == [1, 1, 1]
    assert [event.envelope.patient_key for event in erased_events(case, done, BY, "GENERAL", NOON)] == [
        PATIENT
    ]


def test_the_event_names_the_patient_by_pseudonym_alone_and_survives_the_wire(ring: FileKeyRing) -> None:
    ring.current_key(PATIENT)
    event = _erased(ring)
    said = event.envelope
    assert (said.exam_id, said.patient_key, said.phi) == (subject_of_patient(PATIENT), PATIENT, None)
    assert (event.keys_destroyed, event.erasure_reason, event.request_id) == (1, "PATIENT_REQUEST", "r1")
    assert (event.requested_by, event.confirmed_by) == BY
    codec = offline_codec()
    value = codec.encode(event)
    assert codec.decode(value) == event
    assert b"4711234" not in value


def test_the_fold_passes_an_erasure_by(ring: FileKeyRing) -> None:
    ring.current_key(PATIENT)
    assert fold([_erased(ring)]) == {}


def _erased(ring: FileKeyRing) -> PatientErased:
    (event,) = erased_events(confirmed_case(), destroy_keys(ring, (f"{PATIENT}/1",)), BY, "GENERAL", NOON)
    return event


def test_a_copy_of_the_ring_from_before_the_erasure_brings_no_key_back(tmp_path: Path) -> None:
    """Neither one that had the key, nor one from before the patient's first visit."""
    for name in ("had", "had-not"):
        copy = FileKeyRing(tmp_path / name, bytes(32))
        if name == "had":
            copy.current_key(PATIENT)
        copy.bury(PATIENT, 2)
        assert copy.generations(PATIENT) == Generations(living=0, destroyed=2)
        assert copy.current_key(PATIENT)[0] == f"{PATIENT}/3"


def test_tombstones_keep_the_last_generation_of_each(tmp_path: Path) -> None:
    path = tmp_path / "erasures" / "tombstones.json"
    assert read_tombstones(path) == {}
    add_tombstones(path, [f"{PATIENT}/2", "study|1.2/1"])
    add_tombstones(path, [f"{PATIENT}/1"])
    assert read_tombstones(path) == {PATIENT: 2, "study|1.2": 1}
    path.write_text("[]")
    with pytest.raises(ValueError, match="no list of destroyed keys"):
        read_tombstones(path)


ANNA = Phi(patient_name="Lindqvist^Anna", patient_id="4711234", birth_date="19610304")


def hl7(pid3: str, name: str = "Nobody^Nora", born: str = "19000101") -> bytes:
    return (
        f"MSH|^~\\&|RIS|GENERAL|||20260309120000||ZZZ^Z99|1|P|2.5.1\rPID|1||{pid3}||{name}||{born}\r"
    ).encode()


def letters() -> Iterator[tuple[bytes, Verdict]]:
    yield hl7("4711234^^^GENERAL"), Verdict.THEIRS
    yield hl7("4711234"), Verdict.THEIRS
    yield hl7("9912345^^^GENERAL"), Verdict.OTHERS
    yield b"no message: number 4711234, name LINDQVIST", Verdict.THEIRS
    yield "no message: 4711234, 19610304".encode("utf-16-le"), Verdict.THEIRS
    yield b"no message: number 4711234 alone", Verdict.UNDECIDED
    yield b"Lindqvist, born 19610304", Verdict.UNDECIDED
    yield b"number 47112345, and Lindqvist alone", Verdict.OTHERS
    yield hl7("4711234^^^ELSEWHERE"), Verdict.UNDECIDED


@pytest.mark.parametrize(("payload", "expected"), [*letters()])
def test_a_dead_letter_is_the_patients_by_identifier_or_by_two_things_that_are_known(
    payload: bytes, expected: Verdict
) -> None:
    assert verdict("hl7", payload, Sought(frozenset({PATIENT}), (ANNA,)), CONFIG) is expected


def test_a_search_tells_closed_from_open_from_later_and_from_in_clear(ring: FileKeyRing) -> None:
    before = seal(ring, PATIENT, "e1", ANNA)
    ring.destroy(PATIENT)
    after = seal(ring, PATIENT, "e2", ANNA)
    kept = seal(ring, OTHER, "e3", ANNA)
    search = PartSearch(ring, {PATIENT: 1, OTHER: 1}, names_in_clear([ANNA]))
    seen = Seen()
    search.look(b"\x00" + before.key_id.encode() + b"1234", seen, "with digits right behind it")
    search.look(after.key_id.encode(), seen, "after")
    search.look(kept.key_id.encode(), seen, "kept")
    search.look("Anna Lindqvist".encode("utf-16-be"), seen, "clear")
    search.look(b"x44711234x Lindqvistanna", seen, "other words")
    assert (seen.examined, seen.closed, seen.since, seen.open, seen.in_clear) == (5, 1, 1, 1, 1)
    assert [where.partition(":")[0] for where in seen.where] == ["kept", "clear"]


def _account(is_open: int) -> Account:
    seen = Seen(examined=7, closed=3, open=is_open)
    return Account(
        case=confirmed_case(),
        destroyed=[],
        event_ids=["0f"],
        searched=[Searched(place="Kafka topic <x>", method="looked", seen=seen)],
        sent=[SentBefore("images over DICOM", "PACS2", 4, "2026-01-01", "2026-01-02")],
        unreached_backups=(),
        names_were_sought=True,
        certified_at=NOON,
    )


def test_a_certificate_is_signed_and_passes_for_no_other_document() -> None:
    signer = Signer.of(bytes(range(32)))
    document = signed_certificate(signer, _account(0))
    keys = public_keys(signer.public)
    body = opened(ERASURE, document, keys)
    assert body == orjson.loads(orjson.dumps(body_of(_account(0))))
    assert body["is_complete"]
    with pytest.raises(ArchiveBroken):
        opened(MANIFEST, document, keys)
    with pytest.raises(ArchiveBroken):
        opened(ERASURE, document.replace(b'"is_complete":true', b'"is_complete":null'), keys)


@pytest.mark.parametrize(("is_open", "said"), [(0, "Erased."), (1, "not everything is closed")])
def test_the_page_says_at_once_whether_all_is_closed_and_who_was_sent_something(
    is_open: int, said: str
) -> None:
    page = certificate_page(body_of(_account(is_open)), "d1", "k1")
    assert said in page
    assert "Kafka topic &lt;x&gt;" in page
    assert "PACS2" in page


def test_nobody_is_erased_of_whom_nothing_was_ever_sealed(ring: FileKeyRing) -> None:
    with pytest.raises(ErasureRefused, match="never had"):
        require_known(ring, [PATIENT])


def test_a_patient_is_named_by_issuer_and_number_or_by_key() -> None:
    assert key_of("GENERAL|4711234", SECRET) == PATIENT
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
        require_code(reason)
