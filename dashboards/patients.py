"""Who the patient is, as far as this process may know: names live in memory, and go with their key."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

import structlog

from schemas.errors import KeyDestroyed, KeyRingUnusable, PhiError
from schemas.parts import Phi, SealedPhi
from schemas.phi import KeyRing, open_sealed
from schemas.views import WorklistRow

log = structlog.get_logger("dashboard")

_REMEMBERED_PATIENTS = 8_192
# What did not open is not tried again for so long.
_REMEMBERED_S = 300.0
# A ring that gives no answer is left alone for so long: every question would cost its whole timeout.
_REST_S = 15.0


@dataclass(frozen=True, slots=True)
class Who:
    """A patient as far as this process may know. `erased`: the keys were destroyed (`radstream erase`)."""

    phi: Phi | None = None
    erased: bool = False


UNKNOWN = Who()
ERASED = Who(erased=True)


class Patients:
    """Opens the sealed part of rows and remembers a bounded number of answers.

    An opened name is shown only as long as the ring has its key: the ring is asked each time.
    """

    def __init__(self, ring: KeyRing | None, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        """Without a `ring` every patient is a pseudonym."""
        self._ring = ring
        self._monotonic_s = monotonic_s
        self._known: OrderedDict[str, tuple[float, Who]] = OrderedDict()
        self._erased_since_asked: set[str] = set()
        self._resting_until_s = float("-inf")

    @property
    def shows_phi(self) -> bool:
        """Whether answers may carry protected health information."""
        return self._ring is not None

    def who(self, row: WorklistRow) -> Who:
        """The patient of `row`, without free text."""
        if self._ring is None or row.phi is None or row.phi_event_id is None or self._rests():
            return UNKNOWN
        known_at_s, known = self._known.get(row.phi_event_id, (float("-inf"), UNKNOWN))
        if known.phi is None and self._monotonic_s() - known_at_s < _REMEMBERED_S:
            return known
        found = self._ask(self._ring, row.phi_event_id, row.phi, known)
        if found.erased and known.phi is not None:
            self._erased_since_asked.add(row.phi_event_id)
        self._remember(row.phi_event_id, found)
        return found

    def prepare(self, rows: Iterable[WorklistRow]) -> None:
        """Let the ring fetch the keys of `rows`, in a thread that may wait for it."""
        for key_id in {row.phi.key_id for row in rows if row.phi is not None}:
            if self._ring is None or self._rests():
                return
            try:
                self._ring.key(key_id)
            except KeyRingUnusable as error:
                self._rest(error)
            except PhiError:
                continue  # whoever asks for the patient is told why

    def erased_among(self, rows: Collection[WorklistRow]) -> list[str]:
        """Exams in `rows` that were shown with a name, and whose patient was erased since the last call."""
        shown = [row for row in rows if self._is_shown(row)]
        for row in shown:
            self.who(row)
        erased, self._erased_since_asked = self._erased_since_asked, set()
        return [row.exam_id for row in rows if row.phi_event_id in erased] if erased else []

    def _is_shown(self, row: WorklistRow) -> bool:
        known = self._known.get(row.phi_event_id or "")
        return known is not None and known[1].phi is not None

    def _ask(self, ring: KeyRing, event_id: str, sealed: SealedPhi, known: Who) -> Who:
        try:
            if known.phi is not None:
                ring.key(sealed.key_id)
                return known
            return Who(replace(open_sealed(ring, event_id, sealed), text=None))
        except KeyDestroyed:
            return ERASED
        except KeyRingUnusable as error:
            self._rest(error)
        except PhiError:
            pass  # never ours: the pseudonym is the answer
        return UNKNOWN

    def _remember(self, event_id: str, who: Who) -> None:
        if self._rests():
            return
        self._known[event_id] = (self._monotonic_s(), who)
        self._known.move_to_end(event_id)
        if len(self._known) > _REMEMBERED_PATIENTS:
            self._known.popitem(last=False)

    def _rests(self) -> bool:
        return self._monotonic_s() < self._resting_until_s

    def _rest(self, error: KeyRingUnusable) -> None:
        self._resting_until_s = self._monotonic_s() + _REST_S
        log.warning("key_ring_unusable", reason=str(error), again_in_s=_REST_S)


def display_name(phi: Phi | None) -> str | None:
    """`Family, Given Middle` of a name in DICOM PN or HL7 XPN form."""
    if phi is None or not phi.patient_name:
        return None
    family, *given = [part.strip() for part in phi.patient_name.split("=")[0].split("^")[:3]]
    return ", ".join(part for part in (family, " ".join(filter(None, given))) if part) or None


def pseudonym(patient_key: str | None) -> str | None:
    """The first eight digits of the patient's key."""
    return patient_key[:8] if patient_key else None
