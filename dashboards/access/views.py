"""What is said of each view of patients' data, and of signing in: AccessRecorded. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from starlette.requests import Request

from dashboards.access.roles import User
from schemas.audit_codes import EXECUTE, QUERY, READ, SUCCESS, USER_AUTHENTICATION
from schemas.events import AccessRecorded
from schemas.identity import event_id, subject_of_dashboard
from schemas.parts import Envelope, Phi, SealedPhi, Source

_ACTIONS = {QUERY: EXECUTE, USER_AUTHENTICATION: EXECUTE}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Someone sees something, or tries to.

    code: What kind of access it is (schemas.audit_codes).
    what: What is seen, without anything that names a patient.
    exam_id: Of which exam; None where it is of many, or of none. patient_key: Whose it is, where that is one.
    phi: Who that is, as far as the reader sees it; sealed before it is said.
    """

    user: str | None
    roles: str | None
    address: str
    code: str
    what: str
    exam_id: str | None = None
    outcome: str = SUCCESS
    patient_key: str | None = field(default=None, compare=False)
    phi: Phi | None = field(default=None, compare=False)

    @property
    def action(self) -> str:
        """EventActionCode, as PS3.15 has it of this kind."""
        return _ACTIONS.get(self.code, READ)


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


def access_id(view: View, site: str, view_id: str) -> str:
    """The id of the event of it, to which what is sealed is bound."""
    return event_id("dashboard", view_id, _subject(view, site), AccessRecorded.AVRO_NAME)


def access_recorded(
    view: View, site: str, now: datetime, view_id: str, phi: SealedPhi | None = None
) -> AccessRecorded:
    """The event; `view_id` is made for this view alone, `phi` is the view's, sealed."""
    subject = _subject(view, site)
    envelope = Envelope(
        event_id=access_id(view, site, view_id),
        exam_id=subject,
        occurred_at=now,
        recorded_at=now,
        source=Source(system="dashboard", facility="", protocol="radstream"),
        source_message_id=view_id,
        site=site,
        patient_key=view.patient_key,
        phi=phi,
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


def _subject(view: View, site: str) -> str:
    return view.exam_id or subject_of_dashboard(site)
