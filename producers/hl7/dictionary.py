"""The standard's names of segments and fields, versions 2.1 to 2.8.2: for people, never for the mapping.

Field names are hl7apy's tables; they are loaded when the first name is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

_VERSIONS = ("2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8", "2.8.1", "2.8.2")
_NEWEST = _VERSIONS[-1]
_SEGMENTS: Mapping[str, str] = {
    "MSH": "Message header",
    "SFT": "Software",
    "EVN": "Event type",
    "PID": "Patient identification",
    "PD1": "Patient additional demographic",
    "MRG": "Merge patient information",
    "NK1": "Next of kin",
    "PV1": "Patient visit",
    "PV2": "Patient visit, additional",
    "AL1": "Allergy",
    "DG1": "Diagnosis",
    "ORC": "Common order",
    "TQ1": "Timing and quantity",
    "OBR": "Observation request",
    "IPC": "Imaging procedure control",
    "OBX": "Observation result",
    "NTE": "Notes and comments",
    "TXA": "Document header",
    "SCH": "Scheduling activity",
    "RGS": "Resource group",
    "AIS": "Appointment: service",
    "AIL": "Appointment: location",
    "AIP": "Appointment: personnel",
    "AIG": "Appointment: general resource",
    "PRT": "Participation",
    "ROL": "Role",
    "ZDS": "Study Instance UID (IHE)",
}
# What the tables lack.
_FIELDS: Mapping[str, str] = {"MSH-1": "Field separator", "ZDS-1": "Study Instance UID"}
_ABBREVIATIONS = frozenset({"id", "ssn", "ct", "uid"})


def segment_name(segment: str) -> str:
    """The segment's name; what the standard does not know is the site's own."""
    return _SEGMENTS.get(segment) or ("Defined by the site" if segment.startswith("Z") else "")


def field_name(version: str, segment: str, field: int) -> str:
    """The field's name in this version, or else in the newest; empty where neither has it."""
    place = f"{segment}-{field}"
    if place in _FIELDS:
        return _FIELDS[place]
    for known in (version if version in _VERSIONS else _NEWEST, _NEWEST):
        entry = _fields(known).get(f"{segment}_{field}")
        if entry is not None:
            return _sentence(str(entry[3]))
    return ""


@cache
def _fields(version: str) -> Mapping[str, Any]:
    module = import_module(f"hl7apy.v{version.replace('.', '_')}.fields")
    fields: Mapping[str, Any] = module.FIELDS
    return fields


def _sentence(name: str) -> str:
    words = (word.upper() if word in _ABBREVIATIONS else word for word in name.lower().split("_"))
    text = " ".join(words)
    return text[:1].upper() + text[1:]
