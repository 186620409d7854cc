"""Whether a dead letter is about a patient: by the identifiers in it, else by what is known of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from io import BytesIO
from itertools import product

from pydicom import dcmread
from pydicom.tag import Tag

from producers.hl7.context import MappingConfig, patient_in, profile_of
from producers.hl7.order_groups import patient_groups
from producers.hl7.parsing import parse
from producers.hl7.rejections import MissingPatient, UnparsableMessage
from producers.hl7.scope import Scope, by_name
from producers.hl7.trace import Trace
from schemas.identity import patient_key
from schemas.parts import Phi
from schemas.sealed_letters import DICOM

_ENCODINGS = ("utf-8", "latin-1", "utf-16-le", "utf-16-be")
_PATIENT = [Tag(0x0010, 0x0020), Tag(0x0010, 0x0021)]
# A merge names two patients.
_HL7_FIELDS = ("patient_id", "prior_patient_id")


class Verdict(Enum):
    """Whose a letter is."""

    THEIRS = "theirs"
    UNDECIDED = "undecided"
    OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Sought:
    """The patient. keys: every pseudonym. known: what sealed events say of them; empty after the erasure."""

    keys: frozenset[str]
    known: tuple[Phi, ...] = ()


def verdict(origin: str, payload: bytes, sought: Sought, config: MappingConfig) -> Verdict:
    """Theirs: an identifier is the patient's, or number and name (or birth date) stand in it. Undecided: only
    the number does, or only name and birth date do.
    """
    read = _dicom_patients if origin == DICOM else _hl7_patients
    if sought.keys.intersection(read(payload, config)):
        return Verdict.THEIRS
    verdicts = [_by_text(payload, phi) for phi in sought.known]
    if Verdict.THEIRS in verdicts:
        return Verdict.THEIRS
    return Verdict.UNDECIDED if Verdict.UNDECIDED in verdicts else Verdict.OTHERS


def _hl7_patients(payload: bytes, config: MappingConfig) -> Iterator[str]:
    """The pseudonym of each patient that the message names."""
    try:
        message = parse(payload)
        groups = patient_groups(message)
    except UnparsableMessage:
        return
    profile = profile_of(message, config)
    for group, field in product(groups, _HL7_FIELDS):
        with suppress(MissingPatient):
            yield patient_in(Scope(by_name(group), profile, Trace(), config.zone, 0), config, field).key


def _dicom_patients(payload: bytes, config: MappingConfig) -> Iterator[str]:
    try:
        data_set = dcmread(BytesIO(payload), force=True, specific_tags=_PATIENT)
        number, issuer = (str(data_set.get(tag) or "").strip() for tag in ("PatientID", "IssuerOfPatientID"))
    except Exception:  # noqa: BLE001 - whatever is wrong with it is why it is a dead letter
        return
    if number:
        yield patient_key(config.site_secret, issuer or config.site, number)


def _by_text(payload: bytes, phi: Phi) -> Verdict:
    number = phi.patient_id is not None and _stands(payload, phi.patient_id)
    family = (phi.patient_name or "").partition("^")[0]
    name = bool(family) and _stands(payload, family)
    born = phi.birth_date is not None and _stands(payload, phi.birth_date)
    if number and (name or born):
        return Verdict.THEIRS
    return Verdict.UNDECIDED if number or (name and born) else Verdict.OTHERS


def _stands(payload: bytes, text: str) -> bool:
    """Whether the text stands in it by itself, not within a longer word or number."""
    return any(_pattern(text, encoding).search(payload) for encoding in _encodings(text))


def _encodings(text: str) -> Iterable[str]:
    for encoding in _ENCODINGS:
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            continue
        yield encoding


def _pattern(text: str, encoding: str) -> re.Pattern[bytes]:
    wide = encoding.startswith("utf-16")
    edge = b"" if wide else rb"[0-9A-Za-z]"
    needle = re.escape(text.encode(encoding))
    around = (rb"(?<!" + edge + rb")", rb"(?!" + edge + rb")") if edge else (b"", b"")
    return re.compile(around[0] + needle + around[1], re.IGNORECASE)
