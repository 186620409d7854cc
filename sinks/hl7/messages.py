"""An event as the message of a destination: ORU^R01 for reports, ORM^O01 for order status. Pure.

The same event gives the same bytes for the same destination, whenever it is rendered: MSH-10 is derived
from both, MSH-7 is when we learned of it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from schemas.events import Event
from schemas.identity import event_id
from schemas.parts import Phi
from sinks.delivering.errors import NotSendable
from sinks.hl7.destinations import CODECS, Destination
from sinks.hl7.er7 import components, escape, segment
from sinks.hl7.steps import ORDER_STATUS, REPORT_STATUS

_CONTROL_ID_LENGTH = 20  # HL7 v2.5.1 section 2.15.9.10: at most 20 characters


def control_id(event: Event, destination: Destination) -> str:
    """MSH-10: the same for the same event and destination, also after a crash. 100 bits."""
    derived = UUID(event_id("hl7-out", destination.name, event.envelope.event_id))
    return base64.b32encode(derived.bytes).decode("ascii")[:_CONTROL_ID_LENGTH]


def render(event: Event, phi: Phi, destination: Destination) -> bytes:
    """The message, segments ended by CR. Raises NotSendable."""
    if not phi.patient_id:
        raise NotSendable("MissingPatient", "the event names no patient")
    if not getattr(event, "accession_number", None):
        raise NotSendable("MissingAccession", "the event names no accession number")
    if type(event) in REPORT_STATUS:
        kind, body = (
            ("ORU", "R01"),
            [_report_obr(event, destination), *_observations(event, phi, destination)],
        )
    else:
        kind, body = ("ORM", "O01"), [_orc(event, destination), _order_obr(event, destination)]
    segments = [_msh(event, destination, *kind), _pid(phi, destination), *body]
    text = "".join(f"{one}\r" for one in segments)
    try:
        return text.encode(CODECS[destination.charset])
    except UnicodeEncodeError:
        # What stands in its place would be another name, or another finding.
        raise NotSendable("NotEncodable", f"a character that {destination.charset} does not have") from None


def _msh(event: Event, destination: Destination, message: str, trigger: str) -> str:
    version = _version(destination)
    structure = f"{message}_{trigger}" if version >= (2, 3, 1) else None
    plain_ascii = destination.charset == "ASCII"
    return segment(
        "MSH",
        [
            (3, escape(destination.sending_application)),
            (4, escape(destination.sending_facility)),
            (5, escape(destination.receiving_application)),
            (6, escape(destination.receiving_facility)),
            (7, _time(event.envelope.recorded_at, destination)),
            (9, components(message, trigger, structure)),
            (10, control_id(event, destination)),
            (11, destination.processing_id),
            (12, destination.version),
            (18, "" if plain_ascii or version < (2, 3) else destination.charset),
        ],
    )


def _pid(phi: Phi, destination: Destination) -> str:
    family, given, middle, prefix, suffix = ((phi.patient_name or "").split("^") + [""] * 5)[:5]
    issuer = phi.issuer_of_patient_id
    number = [phi.patient_id, None, None, issuer, "MR" if _version(destination) >= (2, 3) else None]
    return segment(
        "PID",
        [
            (1, "1"),
            (3, components(*number)),
            # XPN has the suffix before the prefix, phi as DICOM's PN the prefix first.
            (5, components(family, given, middle, suffix, prefix)),
            (7, escape(phi.birth_date or "")),
            (8, escape(phi.sex or "")),
        ],
    )


def _orc(event: Event, destination: Destination) -> str:
    return segment(
        "ORC",
        [
            (1, "SC"),
            (2, _text(event, "placer_order_number")),
            (3, _filler(event)),
            (5, ORDER_STATUS[type(event)]),
            (9, _time(event.envelope.occurred_at, destination)),
        ],
    )


def _order_obr(event: Event, destination: Destination) -> str:
    return segment("OBR", _obr_fields(event, destination))


def _report_obr(event: Event, destination: Destination) -> str:
    fields = [*_obr_fields(event, destination), (25, REPORT_STATUS[type(event)].result)]
    return segment("OBR", [*fields, (22, _time(event.envelope.occurred_at, destination))])


def _obr_fields(event: Event, destination: Destination) -> list[tuple[int, str]]:
    code, name = (getattr(event, field, None) for field in ("procedure_code", "procedure_name"))
    return [
        (1, "1"),
        (2, _text(event, "placer_order_number")),
        (3, _filler(event)),
        (4, components(code, name, "L") if code else components(*destination.procedure.split("^"))),
        (18, _text(event, "accession_number")),
        (24, _text(event, "modality")),
    ]


def _observations(event: Event, phi: Phi, destination: Destination) -> Iterator[str]:
    """The text as OBX segments; a cancelled report may have none."""
    status = REPORT_STATUS[type(event)].observation
    if not phi.text:
        if status == "X":
            return
        raise NotSendable("MissingText", "the report has no text")
    for number, value in enumerate(_values(phi.text, destination.report_format), start=1):
        yield segment(
            "OBX",
            [
                (1, str(number)),
                (2, destination.report_format),
                (3, components(*destination.observation.split("^"))),
                (4, "1"),
                (5, value),
                (11, status),
                (14, _time(event.envelope.occurred_at, destination)),
            ],
        )


def _values(text: str, report_format: str) -> list[str]:
    """OBX-5 of each OBX (v2.5.1 section 2.A: ED, FT, TX)."""
    if report_format == "ED":
        encoded = base64.b64encode(text.encode()).decode("ascii")
        return [components(None, "text", "plain", "Base64", encoded)]
    lines = [escape(line) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return ["\\.br\\".join(lines)] if report_format == "FT" else lines


def _filler(event: Event) -> str:
    return _text(event, "filler_order_number") or _text(event, "accession_number")


def _text(event: Event, field: str) -> str:
    return escape(getattr(event, field, None) or "")


def _time(at: datetime, destination: Destination) -> str:
    """TS with its offset; in the destination's zone, for there are systems that do not look at the offset."""
    return at.astimezone(ZoneInfo(destination.zone)).strftime("%Y%m%d%H%M%S%z")


def _version(destination: Destination) -> tuple[int, ...]:
    return tuple(int(part) for part in destination.version.split("."))
