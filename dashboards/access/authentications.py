"""Who signed in and out, and who failed to: in the audit topic (DICOM PS3.15, section A.5.3.14)."""

from __future__ import annotations

import structlog
from starlette.background import BackgroundTask
from starlette.requests import Request

from dashboards.access.errors import NotRecorded
from dashboards.access.log import AccessLog
from dashboards.access.roles import User
from dashboards.access.users import LocalUsers
from dashboards.access.views import View, address_of
from schemas.audit_codes import MINOR_FAILURE, SERIOUS_FAILURE, SUCCESS, USER_AUTHENTICATION

log = structlog.get_logger("dashboard")


class Authentications:
    """Makes the task that records; it is done after the answer, for nothing of a patient is in that."""

    def __init__(self, users: LocalUsers, access_log: AccessLog) -> None:
        """`users` tell which names may be written down."""
        self._users = users
        self._log = access_log

    def succeeded(self, request: Request, user: User, what: str) -> BackgroundTask:
        """`what` is sign-in or sign-out."""
        return BackgroundTask(self._record, request, user.name, user.role_names, what, SUCCESS)

    def failed(self, request: Request, name: str) -> BackgroundTask:
        """Of an unknown `name` nothing is written down: some type their password there."""
        return BackgroundTask(self._failed, request, name)

    def kept_waiting(self, request: Request, name: str) -> BackgroundTask:
        """Too many attempts failed before: nobody looked whether this one would have been right."""
        return BackgroundTask(self._failed, request, name, SERIOUS_FAILURE)

    def refused(self, request: Request, what: str) -> BackgroundTask:
        """Someone whom nothing is known of did not get in by `what`."""
        return BackgroundTask(self._record, request, None, None, what, MINOR_FAILURE)

    def _failed(self, request: Request, name: str, outcome: str = MINOR_FAILURE) -> None:
        known = name if self._users.is_known(name) else None
        what = "sign-in" if known else "sign-in of an unknown name"
        self._record(request, known, None, what, outcome)

    def _record(self, request: Request, name: str | None, roles: str | None, what: str, outcome: str) -> None:
        view = View(
            user=name,
            roles=roles,
            address=address_of(request),
            code=USER_AUTHENTICATION,
            what=what,
            outcome=outcome,
        )
        try:
            self._log.record_each(view)
        except NotRecorded as error:
            # It happened all the same: the log is the only place that is left.
            log.warning(
                "authentication_not_recorded",
                user=name,
                what=what,
                outcome=outcome,
                address=view.address,
                reason=str(error),
            )
