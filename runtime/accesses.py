"""What a command shows of patients is said in the log before it is shown (DICOM PS3.15, A.5.3)."""

from __future__ import annotations

import getpass
import uuid
from datetime import datetime

from producers.publishing import PublishFailed
from runtime.installation import Installation
from runtime.saying import publisher_of
from schemas.audit_codes import EXECUTE, EXPORT, QUERY, READ, SECURITY_ALERT, SUCCESS
from schemas.errors import SchemaError
from schemas.events import AccessRecorded
from schemas.identity import event_id, pseudonym, subject_of_dashboard
from schemas.parts import Envelope, Source

_EXECUTED = frozenset({QUERY, SECURITY_ALERT})


def export_of(
    installation: Installation, what: str, *, by: str, now: datetime, exam_id: str | None = None
) -> AccessRecorded:
    """That whoever runs this command takes `what` out. by: the command. exam_id: None where it is of many.

    `what` names nobody. Raises ValueError, SecretError.
    """
    return access_of(installation, EXPORT, what, by=by, now=now, exam_id=exam_id)


def access_of(
    installation: Installation,
    code: str,
    what: str,
    *,
    by: str,
    now: datetime,
    exam_id: str | None = None,
) -> AccessRecorded:
    """The same of any kind of access (schemas.audit_codes)."""
    this_access, subject = str(uuid.uuid4()), exam_id or subject_of_dashboard(installation.settings.site)
    envelope = Envelope(
        event_id=event_id(by, this_access, subject, AccessRecorded.AVRO_NAME),
        exam_id=subject,
        occurred_at=now,
        recorded_at=now,
        source=Source(system=f"radstream {by}", facility="", protocol="radstream"),
        source_message_id=this_access,
        site=installation.settings.site,
    )
    return AccessRecorded(
        envelope=envelope,
        event_code=code,
        action=EXECUTE if code in _EXECUTED else READ,
        outcome=SUCCESS,
        user=pseudonym(installation.secret_key("site_secret"), "operator", getpass.getuser()),
        object=what,
    )


def say_access(
    installation: Installation, code: str, what: str, *, by: str, exam_id: str | None = None
) -> None:
    """Return when Kafka has it: then it may be shown. Raises PublishFailed, SchemaError, ValueError."""
    event = access_of(installation, code, what, by=by, now=installation.now()(), exam_id=exam_id)
    with publisher_of(installation, f"radstream-{by}") as publisher:
        publisher.publish([event])


def why_not_said(
    installation: Installation, code: str, what: str, *, by: str, exam_id: str | None = None
) -> str | None:
    """The same of what shows pseudonyms, and is shown all the same: why it was not said; None if it was."""
    try:
        say_access(installation, code, what, by=by, exam_id=exam_id)
    except (PublishFailed, SchemaError) as error:
        return f"this is not in the audit topic: {error}"
    return None
