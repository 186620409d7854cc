"""DICOM PS3.15, A.5.1.1, as a check: which elements, in which order, with which attributes and values."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from xml.etree.ElementTree import Element, fromstring

Check = Callable[[str], bool]


def one_of(*values: str) -> Check:
    return lambda value: value in values


def number_up_to(last: int) -> Check:
    return one_of(*map(str, range(1, last + 1)))


def is_base64(value: str) -> bool:
    base64.b64decode(value, validate=True)
    return True


def is_utc(value: str) -> bool:
    return datetime.fromisoformat(value).utcoffset() is not None


def is_token(value: str) -> bool:
    return value != ""


@dataclass(frozen=True)
class Part:
    """An element: attributes that it must and may have; children in order, with `?`, `*` or `+`."""

    must: Mapping[str, Check] = field(default_factory=dict)
    may: Mapping[str, Check] = field(default_factory=dict)
    children: Sequence[str] = ()
    text: Check | None = None


CODED = Part(
    must={"csd-code": is_token, "codeSystemName": is_token, "originalText": is_token},
    may={"displayName": is_token},
)
PARTS: Mapping[str, Part] = {
    "AuditMessage": Part(
        children=(
            "EventIdentification",
            "ActiveParticipant+",
            "AuditSourceIdentification",
            "ParticipantObjectIdentification*",
        )
    ),
    "EventIdentification": Part(
        must={"EventDateTime": is_utc, "EventOutcomeIndicator": one_of("0", "4", "8", "12")},
        may={"EventActionCode": one_of("C", "R", "U", "D", "E")},
        children=("EventID", "EventTypeCode*", "EventOutcomeDescription?"),
    ),
    "EventID": CODED,
    "EventTypeCode": CODED,
    "EventOutcomeDescription": Part(text=lambda _: True),
    "ActiveParticipant": Part(
        must={"UserID": is_token, "UserIsRequestor": one_of("true", "false")},
        may={
            "AlternativeUserID": is_token,
            "UserName": is_token,
            "NetworkAccessPointID": is_token,
            "NetworkAccessPointTypeCode": number_up_to(5),
        },
        children=("RoleIDCode*", "MediaIdentifier?"),
    ),
    "RoleIDCode": CODED,
    "AuditSourceIdentification": Part(
        must={"AuditSourceID": is_token},
        may={"AuditEnterpriseSiteID": is_token},
        children=("AuditSourceTypeCode*",),
    ),
    "AuditSourceTypeCode": Part(must={"csd-code": number_up_to(9)}),
    "ParticipantObjectIdentification": Part(
        must={"ParticipantObjectID": is_token},
        may={
            "ParticipantObjectTypeCode": number_up_to(4),
            "ParticipantObjectTypeCodeRole": number_up_to(26),
            "ParticipantObjectDataLifeCycle": number_up_to(15),
            "ParticipantObjectSensitivity": is_token,
        },
        children=(
            "ParticipantObjectIDTypeCode",
            "ParticipantObjectName|ParticipantObjectQuery",
            "ParticipantObjectDetail*",
            "ParticipantObjectDescription*",
        ),
    ),
    "ParticipantObjectIDTypeCode": CODED,
    "ParticipantObjectName": Part(text=is_token),
    "ParticipantObjectQuery": Part(text=is_base64),
    "ParticipantObjectDetail": Part(must={"type": is_token, "value": is_base64}),
    "ParticipantObjectDescription": Part(children=("Accession*",)),
    "Accession": Part(must={"Number": is_token}),
}


def parsed(message: bytes) -> Element:
    """The message, once it is what the standard wants. Raises AssertionError, which says what is not."""
    root = fromstring(message)  # noqa: S314 - our own words
    assert root.tag == "AuditMessage"
    _check(root)
    return root


def _check(element: Element) -> None:
    part, tag = PARTS[element.tag], element.tag
    assert set(part.must) <= set(element.attrib), f"{tag} lacks {set(part.must) - set(element.attrib)}"
    for name, value in element.attrib.items():
        check = part.must.get(name) or part.may.get(name)
        assert check is not None, f"{tag} has {name}"
        assert check(value), f"{tag}: {name} is {value!r}"
    text = element.text or ""
    assert part.text(text) if part.text else not text.strip(), f"{tag}: {text!r}"
    _check_order(tag, part.children, [child.tag for child in element])
    for child in element:
        _check(child)


def _check_order(tag: str, wanted: Sequence[str], found: list[str]) -> None:
    left = list(found)
    for one in wanted:
        names, often = one.rstrip("?*+").split("|"), one[-1] if one[-1] in "?*+" else ""
        count = 0
        while left and left[0] in names and (count == 0 or often in "*+"):
            left.pop(0)
            count += 1
        assert count or often in ("?", "*"), f"{tag}: no {one} in {found}"
    assert not left, f"{tag}: {left} out of place in {found}"
