"""Who saw what of patients: in the audit topic before it goes out."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock
from uuid import uuid4

from dashboards.access.recorder import Recorder
from dashboards.access.views import View, access_recorded

# A page asks many times for the same: that is one access, until so long afterwards.
_ONE_ACCESS_S = 300.0
_REMEMBERED = 8_192


class AccessLog:
    """Says AccessRecorded, once for each reader and view within five minutes. For several threads."""

    def __init__(self, site: str, now: Callable[[], datetime], recorder: Recorder) -> None:
        """`now` is the department's clock."""
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
        self._recorder.publish(access_recorded(view, self._site, self._now().astimezone(UTC), str(uuid4())))

    def close(self) -> None:
        """End the connection."""
        self._recorder.close()
