"""Identities: the same thing gets the same id, whoever says it and however often."""

from __future__ import annotations

import hmac
from hashlib import sha1
from uuid import UUID

# Fixed for ever: every event id ever published was derived under it.
NAMESPACE = UUID("6f1c9a52-7a0b-5e0d-9d3e-2b6a4f0c8e17")


# What uuid5 of Python does, without its object between: a listener makes one for each event.
_NAMESPACE_BYTES = NAMESPACE.bytes

_PATIENT = "patient"
# The unit separator joins the parts of an event's identity: inside a part it is escaped.
_UNIT_SEPARATOR = "\x1f"
_ESCAPES = str.maketrans({"\x1b": "\x1b0", _UNIT_SEPARATOR: "\x1b1"})


def _escaped(part: str) -> str:
    """`part` so that the separator cannot be counterfeited by a value."""
    return part.strip().replace("%", "%25").replace("|", "%7C")


def _issuer(name: str) -> str:
    """An issuer or site; one that is called "patient" must not look like the key of a patient."""
    escaped = _escaped(name)
    return "%70atient" if escaped == _PATIENT else escaped


def exam_id_of_accession(issuer: str, accession_number: str) -> str:
    """`issuer|accession`: one accession from two issuers are two exams.

    Raises ValueError where the accession number is blank: all exams without one would be a single exam.
    """
    if not accession_number.strip():
        raise ValueError("an accession number is needed; without one the study's UID makes the exam_id")
    return f"{_issuer(issuer)}|{_escaped(accession_number)}"


def exam_id_of_study(site: str, study_instance_uid: str) -> str:
    """`site|study|uid`, while no accession is known."""
    return f"{_issuer(site)}|study|{_escaped(study_instance_uid)}"


def is_study_exam(exam_id: str) -> bool:
    """Whether the key is a study's, of which no accession was known."""
    parts = exam_id.split("|")
    return len(parts) == 3 and parts[1] == "study"


def subject_of_patient(patient_key: str) -> str:
    """The key of what is said about a patient and belongs to no exam."""
    return f"{_PATIENT}|{patient_key}"


def subject_of_targets(site: str) -> str:
    """The key of what is said about a site's targets; on a topic of their own, so no exam has it there."""
    return f"targets|{_issuer(site)}"


def subject_of_dashboard(site: str) -> str:
    """The key of what is said of a site's dashboard and of no one exam, in the audit topic."""
    return f"dashboard|{_issuer(site)}"


def is_exam(exam_id: str) -> bool:
    """Whether the key names an exam (and not a patient)."""
    return not exam_id.startswith(f"{_PATIENT}|")


def event_id(*identity: str) -> str:
    """UUIDv5 of the source message's identity and the step (RFC 9562, section 5.5)."""
    name = _UNIT_SEPARATOR.join(identity)
    if "\x1b" in name or name.count(_UNIT_SEPARATOR) >= len(identity):
        name = _UNIT_SEPARATOR.join(part.translate(_ESCAPES) for part in identity)
    digest = bytearray(sha1(_NAMESPACE_BYTES + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50  # the version
    digest[8] = digest[8] & 0x3F | 0x80  # the variant
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def patient_key(secret: bytes, issuer: str, patient_id: str) -> str:
    """HMAC-SHA256 of `issuer|MRN` under the site's secret: 64 hexadecimal digits."""
    message = f"{_escaped(issuer)}|{_escaped(patient_id)}".encode()
    return hmac.digest(secret, message, "sha256").hex()


def pseudonym(secret: bytes, role: str, identifier: str) -> str:
    """A short stable pseudonym of a person on the staff, as `reader-3f9a1c02`."""
    digest = hmac.digest(secret, f"{role}|{identifier.strip()}".encode(), "sha256")
    return f"{role}-{digest.hex()[:8]}"
