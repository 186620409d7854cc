"""Who the patient is, as far as this process may know: names are opened in memory and soon forgotten."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

import structlog

from schemas.errors import KeyRingUnusable, PhiError
from schemas.parts import Phi
from schemas.phi import KeyRing, open_sealed
from schemas.views import WorklistRow

log = structlog.get_logger("dashboard")

_REMEMBERED_PATIENTS = 8_192
# A patient whose key was destroyed is unknown here, too, after this long.
_REMEMBERED_S = 300.0


class Patients:
    """Opens the sealed part of rows; remembers a bounded number of answers for a bounded time."""

    def __init__(self, ring: KeyRing | None, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        """Without a `ring` every patient is a pseudonym."""
        self._ring = ring
        self._monotonic_s = monotonic_s
        self._opened: OrderedDict[str, tuple[float, Phi | None]] = OrderedDict()

    @property
    def shows_phi(self) -> bool:
        """Whether answers may carry protected health information."""
        return self._ring is not None

    def of(self, row: WorklistRow) -> Phi | None:
        """The patient of `row` without free text; None where it does not open."""
        if self._ring is None or row.phi is None or row.phi_event_id is None:
            return None
        now_s = self._monotonic_s()
        known = self._opened.get(row.phi_event_id)
        if known is not None and now_s - known[0] < _REMEMBERED_S:
            return known[1]
        phi = self._open(self._ring, row)
        self._opened[row.phi_event_id] = (now_s, phi)
        self._opened.move_to_end(row.phi_event_id)
        if len(self._opened) > _REMEMBERED_PATIENTS:
            self._opened.popitem(last=False)
        return phi

    def _open(self, ring: KeyRing, row: WorklistRow) -> Phi | None:
        if row.phi is None or row.phi_event_id is None:
            return None
        try:
            return replace(open_sealed(ring, row.phi_event_id, row.phi), text=None)
        except KeyRingUnusable as error:
            log.warning("key_ring_unusable", event_id=row.phi_event_id, reason=str(error))
        except PhiError:
            pass  # erased, or never ours: the pseudonym is the answer
        return None


def display_name(phi: Phi | None) -> str | None:
    """`Family, Given Middle` of a name in DICOM PN or HL7 XPN form."""
    if phi is None or not phi.patient_name:
        return None
    family, *given = [part.strip() for part in phi.patient_name.split("=")[0].split("^")[:3]]
    return ", ".join(part for part in (family, " ".join(filter(None, given))) if part) or None


def pseudonym(patient_key: str | None) -> str | None:
    """The first eight digits of the patient's key."""
    return patient_key[:8] if patient_key else None
