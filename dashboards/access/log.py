"""Who saw what of patients: in the audit topic before it goes out."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock
from uuid import uuid4

from dashboards.access.recorder import Recorder
from dashboards.access.views import View, access_id, access_recorded
from schemas.errors import PhiError
from schemas.parts import SealedPhi
from schemas.phi import KeyRing, seal

# A page asks many times for the same: that is one access, until so long afterwards.
_ONE_ACCESS_S = 300.0
_REMEMBERED = 8_192


class AccessLog:
    """Says AccessRecorded, once for each reader and view within five minutes. For several threads."""

    def __init__(
        self,
        site: str,
        now: Callable[[], datetime],
        recorder: Recorder,
        ring: KeyRing | None = None,
    ) -> None:
        """`now` is the department's clock; `ring` seals who was seen."""
        self._ring = ring
        self._site = site
        self._now = now
        self._recorder = recorder
        self._lock = Lock()
        self._said: OrderedDict[View, float] = OrderedDict()

    def record(self, view: View) -> None:
        """Return when the audit topic has it. Raises NotRecorded: then nothing may be shown."""
        with self._lock:
            before_s = self._said.get(view)
        if before_s is not None and time.monotonic() - before_s < _ONE_ACCESS_S:
            return
        self.record_each(view)
        with self._lock:
            self._said[view] = time.monotonic()
            self._said.move_to_end(view)
            if len(self._said) > _REMEMBERED:
                self._said.popitem(last=False)

    def record_each(self, view: View) -> None:
        """The same for what counts each time, as signing in does. Raises NotRecorded."""
        view_id = str(uuid4())
        phi = self._sealed(view, access_id(view, self._site, view_id))
        self._recorder.publish(access_recorded(view, self._site, self._now().astimezone(UTC), view_id, phi))

    def _sealed(self, view: View, bound_to: str) -> SealedPhi | None:
        """Who was seen, for whoever may know later; without a ring the rest is said all the same."""
        if self._ring is None or view.phi is None or view.patient_key is None:
            return None
        try:
            return seal(self._ring, view.patient_key, bound_to, view.phi)
        except (PhiError, OSError):
            return None

    def close(self) -> None:
        """End the connection."""
        self._recorder.close()
