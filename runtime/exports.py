"""What leaves the installation is said in the log before it leaves (DICOM PS3.15, A.5.3.3)."""

from __future__ import annotations

import getpass
import uuid
from datetime import datetime

from runtime.installation import Installation
from schemas.events import AccessRecorded
from schemas.identity import event_id, pseudonym, subject_of_dashboard
from schemas.parts import Envelope, Source

_EXPORT = "110106"


def export_of(
    installation: Installation, what: str, *, by: str, now: datetime, exam_id: str | None = None
) -> AccessRecorded:
    """That whoever runs this command takes `what` out. by: the command. exam_id: None where it is of many.

    `what` names nobody. Raises ValueError, SecretError.
    """
    this_export, subject = str(uuid.uuid4()), exam_id or subject_of_dashboard(installation.settings.site)
    envelope = Envelope(
        event_id=event_id(by, this_export, subject, AccessRecorded.AVRO_NAME),
        exam_id=subject,
        occurred_at=now,
        recorded_at=now,
        source=Source(system=f"radstream {by}", facility="", protocol="radstream"),
        source_message_id=this_export,
        site=installation.settings.site,
    )
    return AccessRecorded(
        envelope=envelope,
        event_code=_EXPORT,
        action="R",
        outcome="0",
        user=pseudonym(installation.secret_key("site_secret"), "operator", getpass.getuser()),
        object=what,
    )
