"""What is said of each view of patients' data, and of signing in: AccessRecorded. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request

from dashboards.access.roles import User
from schemas.events import AccessRecorded
from schemas.identity import event_id, subject_of_dashboard
from schemas.parts import Envelope, Source

# DICOM PS3.16, CID 400; PS3.15, section A.5.3.
INSTANCES_ACCESSED, PATIENT_RECORD, QUERY, USER_AUTHENTICATION = "110103", "110110", "110112", "110114"
AUDIT_LOG_USED, EXPORT = "110101", "110106"
# RFC 3881: EventActionCode, EventOutcomeIndicator.
READ, EXECUTE = "R", "E"
SUCCESS, MINOR_FAILURE = "0", "4"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Someone sees something, or tries to.

    code: What kind of access it is, one of the above.
    what: What is seen, without anything that names a patient.
    exam_id: Of which exam; None where it is of many, or of none.
    """

    user: str | None
    roles: str | None
    address: str
    code: str
    what: str
    exam_id: str | None = None
    action: str = READ
    outcome: str = SUCCESS


def view_of(request: Request, user: User, code: str, what: str, exam_id: str | None = None) -> View:
    """What `user` sees with this request."""
    return View(
        user=user.name,
        roles=user.role_names,
        address=address_of(request),
        code=code,
        what=what,
        exam_id=exam_id,
    )


def address_of(request: Request) -> str:
    """Where the request comes from; behind a proxy, what that says."""
    return "" if request.client is None else request.client.host


def access_recorded(view: View, site: str, now: datetime, view_id: str) -> AccessRecorded:
    """The event; `view_id` is made for this view alone."""
    subject = view.exam_id or subject_of_dashboard(site)
    envelope = Envelope(
        event_id=event_id("dashboard", view_id, subject, AccessRecorded.AVRO_NAME),
        exam_id=subject,
        occurred_at=now,
        recorded_at=now,
        source=Source(system="dashboard", facility="", protocol="radstream"),
        source_message_id=view_id,
        site=site,
    )
    return AccessRecorded(
        envelope=envelope,
        event_code=view.code,
        action=view.action,
        outcome=view.outcome,
        user=view.user,
        role=view.roles,
        network_address=view.address or None,
        object=view.what,
    )
