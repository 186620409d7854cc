"""Identities: the same thing gets the same id, whoever says it and however often."""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID, uuid5

# Fixed for ever: every event id ever published was derived under it.
NAMESPACE = UUID("6f1c9a52-7a0b-5e0d-9d3e-2b6a4f0c8e17")


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


def is_exam(exam_id: str) -> bool:
    """Whether the key names an exam (and not a patient)."""
    return not exam_id.startswith(f"{_PATIENT}|")


def event_id(*identity: str) -> str:
    """UUIDv5 of the source message's identity and the step (RFC 9562, section 5.5)."""
    return str(uuid5(NAMESPACE, _UNIT_SEPARATOR.join(part.translate(_ESCAPES) for part in identity)))


def patient_key(secret: bytes, issuer: str, patient_id: str) -> str:
    """HMAC-SHA256 of `issuer|MRN` under the site's secret: 64 hexadecimal digits."""
    message = f"{_escaped(issuer)}|{_escaped(patient_id)}".encode()
    return hmac.new(secret, message, hashlib.sha256).hexdigest()


def pseudonym(secret: bytes, role: str, identifier: str) -> str:
    """A short stable pseudonym of a person on the staff, as `reader-3f9a1c02`."""
    digest = hmac.new(secret, f"{role}|{identifier.strip()}".encode(), hashlib.sha256)
    return f"{role}-{digest.hexdigest()[:8]}"
