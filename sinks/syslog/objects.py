"""Of what an access was: participant objects of a DICOM audit message (PS3.15, A.5.1 and A.5.3). Pure."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass

from schemas.audit_codes import AUDIT_LOG_USED, QUERY, USER_AUTHENTICATION
from schemas.events import AccessRecorded
from schemas.identity import subject_of_dashboard
from schemas.parts import Phi
from schemas.topics import AUDIT

_PERSON, _SYSTEM = "1", "2"
_PATIENT_ROLE, _REPORT, _SECURITY_RESOURCE, _QUERY_ROLE = "1", "3", "13", "24"
# A.5.1.2.4, under the name that these codes have had since RFC 3881; and PS3.16, annex D.
_RFC_3881, _DCM = "RFC-3881", "DCM"
_PATIENT_NUMBER, _SEARCH_CRITERIA, _URI = ("2", "Patient Number"), ("10", "Search Criteria"), ("12", "URI")
_STUDY_UID, _ACCESSION = ("110180", "Study Instance UID"), ("121022", "Accession Number")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditObject:
    """One participant object. `query` is in its name's place, in Base64, as are the values of `details`."""

    object_id: str
    type_code: str
    role: str
    id_type: str
    id_meaning: str
    id_system: str = _RFC_3881
    name: str = ""
    query: str | None = None
    details: tuple[tuple[str, str], ...] = ()
    accession_number: str | None = None


def objects_of(event: AccessRecorded, phi: Phi | None) -> Iterator[AuditObject]:
    """What was seen, of whom, and the event itself."""
    if event.event_code == AUDIT_LOG_USED:
        yield _resource(AUDIT, "Security Audit Log")
    elif event.event_code == QUERY:
        yield _query(event.object or "")
    exam = _exam(event)
    if exam is not None:
        yield exam
    if event.envelope.patient_key is not None:
        yield _patient(event.envelope.patient_key, phi)
    yield _event_of_the_log(event)


def _exam(event: AccessRecorded) -> AuditObject | None:
    exam_id = event.envelope.exam_id
    if event.event_code == USER_AUTHENTICATION or exam_id == subject_of_dashboard(event.envelope.site):
        return None
    site, _, rest = exam_id.partition("|")
    kind, _, uid = rest.partition("|")
    if kind == "study" and uid:
        return _of_exam(uid, _STUDY_UID, site, None)
    return _of_exam(rest or exam_id, _ACCESSION, site, rest or None)


def _of_exam(object_id: str, kind: tuple[str, str], site: str, accession: str | None) -> AuditObject:
    return AuditObject(
        object_id=object_id,
        type_code=_SYSTEM,
        role=_REPORT,
        id_type=kind[0],
        id_meaning=kind[1],
        id_system=_DCM,
        name=f"exam of {site}",
        accession_number=accession,
    )


def _patient(patient_key: str, phi: Phi | None) -> AuditObject:
    number = None if phi is None else phi.patient_id
    return AuditObject(
        object_id=number or patient_key,
        type_code=_PERSON,
        role=_PATIENT_ROLE,
        id_type=_PATIENT_NUMBER[0],
        id_meaning=_PATIENT_NUMBER[1],
        name=(phi.patient_name if phi is not None else None) or "pseudonym",
        details=() if number is None else (("patient_key", _base64(patient_key)),),
    )


def _query(criteria: str) -> AuditObject:
    return AuditObject(
        object_id="search",
        type_code=_SYSTEM,
        role=_QUERY_ROLE,
        id_type=_SEARCH_CRITERIA[0],
        id_meaning=_SEARCH_CRITERIA[1],
        query=_base64(criteria),
    )


def _event_of_the_log(event: AccessRecorded) -> AuditObject:
    details = [("object", event.object), ("purpose", event.purpose)]
    return AuditObject(
        object_id=f"urn:uuid:{event.envelope.event_id}",
        type_code=_SYSTEM,
        role=_SECURITY_RESOURCE,
        id_type=_URI[0],
        id_meaning=_URI[1],
        name=event.object or "access",
        details=tuple((kind, _base64(value)) for kind, value in details if value),
    )


def _resource(uri: str, name: str) -> AuditObject:
    return AuditObject(
        object_id=uri,
        type_code=_SYSTEM,
        role=_SECURITY_RESOURCE,
        id_type=_URI[0],
        id_meaning=_URI[1],
        name=name,
    )


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
