"""What one reader may see of patients: names, once their view is in the audit topic, else pseudonyms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import anyio.to_thread
from starlette.requests import Request

from dashboards.access.errors import NotRecorded
from dashboards.access.log import AccessLog
from dashboards.access.roles import Permission
from dashboards.access.routes import current_user
from dashboards.access.views import view_of
from dashboards.patients import Patients
from schemas.parts import Phi
from schemas.views import WorklistRow


class Withheld(StrEnum):
    """Why patients are shown under pseudonyms."""

    NO_KEY_RING = "no-key-ring"
    ROLE = "role"
    NOT_RECORDED = "not-recorded"


_WORDS = {
    Withheld.NO_KEY_RING: "No key ring is configured, so names stay sealed.",
    Withheld.ROLE: "Your role does not see names.",
    Withheld.NOT_RECORDED: "Kafka cannot record who sees names, so none are shown. Trying again.",
}


@dataclass(frozen=True, slots=True)
class Sight:
    """`patients` opens what may be seen; `withheld`: why that is nothing."""

    patients: Patients
    withheld: Withheld | None

    def reading(self) -> dict[str, object]:
        """As pages and answers tell it."""
        why = None if self.withheld is None else _WORDS[self.withheld]
        return {"shown": self.withheld is None, "withheld": self.withheld, "why": why}


class Sights:
    """Decides for each request."""

    def __init__(self, patients: Patients, log: AccessLog) -> None:
        """`log` has each view before names go out."""
        self._patients = patients
        self._pseudonyms = Patients(None)
        self._log = log

    def expected(self, request: Request) -> Sight:
        """What the reader may see, without a record of it: for what shows nothing yet."""
        if not current_user(request).may(Permission.SEE_PHI):
            return Sight(self._pseudonyms, Withheld.ROLE)
        if not self._patients.shows_phi:
            return Sight(self._pseudonyms, Withheld.NO_KEY_RING)
        return Sight(self._patients, None)

    async def of(
        self,
        request: Request,
        code: str,
        what: str,
        exam_id: str | None = None,
        row: WorklistRow | None = None,
    ) -> Sight:
        """What the reader sees of `what`, recorded under this `code`; `row`: the exam, where it is one."""
        sight = self.expected(request)
        if sight.withheld is not None:
            return sight
        view = view_of(request, current_user(request), code, what, exam_id)
        if row is not None and row.patient_key is not None:
            phi = _identity(self._patients.who(row).phi)
            view = replace(view, patient_key=row.patient_key, phi=phi)
        try:
            await anyio.to_thread.run_sync(self._log.record, view)
        except NotRecorded:
            return Sight(self._pseudonyms, Withheld.NOT_RECORDED)
        return sight


def _identity(phi: Phi | None) -> Phi | None:
    """What tells who it is, and nothing else."""
    if phi is None:
        return None
    return Phi(
        patient_name=phi.patient_name,
        patient_id=phi.patient_id,
        issuer_of_patient_id=phi.issuer_of_patient_id,
    )
