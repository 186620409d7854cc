"""Identities: the same thing always gets the same id, two things never share one."""

from __future__ import annotations

import re
from uuid import UUID, uuid5

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas import identity

SECRET = bytes(range(32))
# What HL7 and DICOM identifiers are made of, with the separators that could be counterfeited.
idents = st.text("abcA01|%7C \x1b\x1f~^", min_size=1, max_size=8).filter(str.strip)
names = idents.map(str.strip)


@given(st.lists(idents, min_size=1), st.lists(idents, min_size=1))
def test_two_identities_share_an_event_id_only_if_they_are_the_same(one: list[str], other: list[str]) -> None:
    assert (identity.event_id(*one) == identity.event_id(*other)) == (one == other)


@given(st.lists(idents, min_size=2))
def test_an_event_id_tells_where_one_part_ends_and_the_next_begins(parts: list[str]) -> None:
    assert identity.event_id("\x1f".join(parts)) != identity.event_id(*parts)


def test_an_event_id_is_a_uuid_of_version_5_and_the_same_for_ever() -> None:
    event_id = identity.event_id("hl7", "RIS", "GENERAL", "MSG00001", "order_placed", "A1")
    assert UUID(event_id).version == 5
    assert event_id == "5a93c691-e93f-58a6-a3d6-f8eac15976ee"


@given(names, names, names, names)
def test_two_accessions_share_an_exam_only_if_issuer_and_number_are_the_same(
    issuer: str, number: str, other_issuer: str, other_number: str
) -> None:
    same = (issuer, number) == (other_issuer, other_number)
    exams = [
        identity.exam_id_of_accession(issuer, number),
        identity.exam_id_of_accession(other_issuer, other_number),
    ]
    assert (exams[0] == exams[1]) == same


@given(names, names, names, names)
def test_an_accession_is_never_taken_for_a_study(issuer: str, number: str, site: str, uid: str) -> None:
    assert identity.exam_id_of_accession(issuer, number) != identity.exam_id_of_study(site, uid)


@given(st.sampled_from(["patient", " patient ", "Patient"]) | names, names)
def test_an_exam_is_never_taken_for_a_patient(issuer: str, number: str) -> None:
    assert identity.is_exam(identity.exam_id_of_accession(issuer, number))
    assert identity.is_exam(identity.exam_id_of_study(issuer, number))
    assert not identity.is_exam(identity.subject_of_patient(identity.patient_key(SECRET, issuer, number)))


def test_exam_ids_read_as_the_design_says() -> None:
    assert identity.exam_id_of_accession("GENERAL", "A100") == "GENERAL|A100"
    assert identity.exam_id_of_study("GENERAL", "1.2.840.1") == "GENERAL|study|1.2.840.1"


@given(names, names)
def test_blanks_around_an_identifier_mean_nothing(issuer: str, number: str) -> None:
    """DICOM pads to even length, and people type blanks."""
    padded = f" {number}  "
    assert identity.exam_id_of_accession(issuer, padded) == identity.exam_id_of_accession(issuer, number)
    assert identity.patient_key(SECRET, issuer, padded) == identity.patient_key(SECRET, issuer, number)


@given(names, names, names, names)
def test_two_patients_share_a_key_only_if_issuer_and_number_are_the_same(
    issuer: str, number: str, other_issuer: str, other_number: str
) -> None:
    same = (issuer, number) == (other_issuer, other_number)
    one = identity.patient_key(SECRET, issuer, number)
    assert (one == identity.patient_key(SECRET, other_issuer, other_number)) == same


@given(names, names, st.binary(min_size=32, max_size=32))
def test_a_patient_key_is_64_hex_digits_and_hangs_on_the_sites_secret(
    issuer: str, number: str, secret: bytes
) -> None:
    assume(secret != SECRET)
    key = identity.patient_key(SECRET, issuer, number)
    assert re.fullmatch("[0-9a-f]{64}", key)
    assert key != identity.patient_key(secret, issuer, number)


@pytest.mark.parametrize("role", ["reader", "technologist"])
def test_a_pseudonym_names_the_role_and_hides_the_person(role: str) -> None:
    pseudonym = identity.pseudonym(SECRET, role, "WEISS^ANNA")
    assert re.fullmatch(f"{role}-[0-9a-f]{{8}}", pseudonym)
    assert pseudonym == identity.pseudonym(SECRET, role, " WEISS^ANNA ")
    assert pseudonym != identity.pseudonym(b"another secret", role, "WEISS^ANNA")
    assert pseudonym.removeprefix(role) != identity.pseudonym(SECRET, "porter", "WEISS^ANNA").removeprefix(
        "porter"
    )


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
def test_no_exam_is_made_of_a_blank_accession_number(blank: str) -> None:
    with pytest.raises(ValueError, match="accession number is needed"):
        identity.exam_id_of_accession("GENERAL", blank)


@given(names, names, names)
def test_a_study_exam_is_told_from_an_exam_with_an_accession(issuer: str, number: str, uid: str) -> None:
    assert identity.is_study_exam(identity.exam_id_of_study(issuer, uid))
    assert not identity.is_study_exam(identity.exam_id_of_accession(issuer, number))


@given(st.lists(idents))
def test_event_ids_are_those_of_uuid5(parts: list[str]) -> None:
    escapes = str.maketrans({"\x1b": "\x1b0", "\x1f": "\x1b1"})
    name = "\x1f".join(part.translate(escapes) for part in parts)
    assert identity.event_id(*parts) == str(uuid5(identity.NAMESPACE, name))
