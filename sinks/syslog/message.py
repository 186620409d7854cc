"""An access as a DICOM audit message (PS3.15, section A.5). Pure.

The patient is under the pseudonym unless `phi` is given. The last participant object of each message is the
event of our log, so that a repository knows a message that it was sent twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from xml.etree.ElementTree import Element, SubElement, tostring

from schemas.audit_codes import (
    BEGIN_TRANSFERRING,
    INSTANCES_TRANSFERRED,
    MEANINGS,
    QUERY,
    SECURITY_ALERT,
    SUCCESS,
    USER_AUTHENTICATION,
)
from schemas.events import AccessRecorded
from schemas.parts import Phi
from sinks.syslog.objects import AuditObject, objects_of

# What XML 1.0 has no place for, not even escaped.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DCM = "DCM"
# PS3.16, CID 401 and 402.
_LOGIN, _LOGOUT = ("110122", "Login"), ("110123", "Logout")
_USER_CHANGED = ("110137", "User security Attributes Changed")
_APPLICATION, _DESTINATION = ("110150", "Application"), ("110152", "Destination Role ID")
_SOURCE = ("110153", "Source Role ID")
# A.5.1.2.1: a web server, else an application server.
_WEB_SERVER, _APPLICATION_SERVER = "3", "4"
_TRANSFERS = frozenset({BEGIN_TRANSFERRING, INSTANCES_TRANSFERRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSource:
    """Who reports: audit_source_id and the machine's name."""

    audit_source_id: str
    host: str


def audit_message(event: AccessRecorded, source: AuditSource, phi: Phi | None = None) -> bytes:
    """The XML, UTF-8. `phi`: who the patient is, where the receiver may know."""
    root = Element("AuditMessage")
    _event_identification(root, event)
    _requestor(root, event)
    _ourselves(root, event, source)
    of = SubElement(
        root,
        "AuditSourceIdentification",
        AuditEnterpriseSiteID=_text(event.envelope.site),
        AuditSourceID=_text(source.audit_source_id),
    )
    is_web = event.envelope.source.system == "dashboard"
    SubElement(of, "AuditSourceTypeCode", {"csd-code": _WEB_SERVER if is_web else _APPLICATION_SERVER})
    for one in objects_of(event, phi):
        _participant_object(root, one)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _event_identification(root: Element, event: AccessRecorded) -> None:
    identification = SubElement(
        root,
        "EventIdentification",
        EventActionCode=event.action,
        EventDateTime=f"{event.envelope.occurred_at:%Y-%m-%dT%H:%M:%S.%fZ}",
        EventOutcomeIndicator=event.outcome,
    )
    _coded(identification, "EventID", event.event_code, MEANINGS.get(event.event_code, event.event_code))
    for code in _types(event):
        _coded(identification, "EventTypeCode", *code)
    if event.outcome != SUCCESS:
        said = SubElement(identification, "EventOutcomeDescription")
        said.text = _text(event.object or "refused")


def _types(event: AccessRecorded) -> Iterator[tuple[str, str]]:
    if event.event_code == USER_AUTHENTICATION:
        yield _LOGOUT if (event.object or "").startswith("sign-out") else _LOGIN
    elif event.event_code == SECURITY_ALERT:
        yield _USER_CHANGED


def _requestor(root: Element, event: AccessRecorded) -> None:
    """Who asked; whom nothing is known of has the address, which then is all that is known."""
    said = {"UserID": _text(event.user or event.network_address or "unknown"), "UserIsRequestor": "true"}
    if event.network_address:
        said |= _access_point(event.network_address)
    who = SubElement(root, "ActiveParticipant", said)
    if event.event_code == QUERY:
        _coded(who, "RoleIDCode", *_SOURCE)
    elif event.event_code in _TRANSFERS:
        _coded(who, "RoleIDCode", *_DESTINATION)
    for role in filter(None, (event.role or "").split(", ")):
        _coded(who, "RoleIDCode", role, role, system="radstream")


def _ourselves(root: Element, event: AccessRecorded, source: AuditSource) -> None:
    said = {"UserID": source.audit_source_id, "UserIsRequestor": "false", **_access_point(source.host)}
    us = SubElement(root, "ActiveParticipant", said)
    if event.event_code == QUERY:
        _coded(us, "RoleIDCode", *_DESTINATION)
    elif event.event_code in _TRANSFERS:
        _coded(us, "RoleIDCode", *_SOURCE)
    else:
        _coded(us, "RoleIDCode", *_APPLICATION)


def _access_point(address: str) -> dict[str, str]:
    try:
        kind = "2" if ip_address(address) else ""
    except ValueError:
        kind = "1"
    return {"NetworkAccessPointID": _text(address), "NetworkAccessPointTypeCode": kind}


def _participant_object(root: Element, one: AuditObject) -> None:
    said = {
        "ParticipantObjectID": _text(one.object_id),
        "ParticipantObjectTypeCode": one.type_code,
        "ParticipantObjectTypeCodeRole": one.role,
    }
    element = SubElement(root, "ParticipantObjectIdentification", said)
    _coded(element, "ParticipantObjectIDTypeCode", one.id_type, one.id_meaning, system=one.id_system)
    tag = "ParticipantObjectName" if one.query is None else "ParticipantObjectQuery"
    SubElement(element, tag).text = _text(one.name) if one.query is None else one.query
    for kind, value in one.details:
        SubElement(element, "ParticipantObjectDetail", type=kind, value=value)
    if one.accession_number:
        description = SubElement(element, "ParticipantObjectDescription")
        SubElement(description, "Accession", Number=_text(one.accession_number))


def _coded(parent: Element, tag: str, code: str, meaning: str, *, system: str = _DCM) -> None:
    said = {"csd-code": _text(code), "codeSystemName": system, "displayName": _text(meaning)}
    SubElement(parent, tag, {**said, "originalText": _text(meaning)})


def _text(value: str) -> str:
    return _NO_XML.sub("\ufffd", value)
