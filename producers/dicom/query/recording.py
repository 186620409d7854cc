"""Who asked for patients by C-FIND: in the audit topic before they are answered (DICOM PS3.15, A.5.3.10)."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Lock
from typing import Any
from uuid import uuid4

from producers.dicom.mapping import PROTOCOL
from producers.publishing import PublishFailed
from schemas.audit_codes import EXECUTE, QUERY, SUCCESS
from schemas.events import AccessRecorded, Event
from schemas.identity import event_id, subject_of_dashboard
from schemas.parts import Envelope, Source

# A scanner asks for its worklist many times an hour: that is one access, until so long afterwards.
_ONE_ACCESS_S = 300.0
_REMEMBERED = 1_024
# A Kafka that is away is left alone for so long: every query would cost its whole timeout.
_REST_S = 15.0

Publish = Callable[[Sequence[Event]], None]


class QueryLog:
    """Says AccessRecorded, once for each peer and kind of query within five minutes. For several threads."""

    def __init__(
        self,
        site: str,
        publish: Publish,
        now: Callable[[], datetime],
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`publish` raises PublishFailed; `now` is the department's clock."""
        self._site = site
        self._publish = publish
        self._now = now
        self._monotonic_s = monotonic_s
        self._lock = Lock()
        self._said: OrderedDict[tuple[str, str, str], float] = OrderedDict()
        self._resting_until_s = float("-inf")

    def record(self, event: Any, what: str) -> None:
        """Return when Kafka has it. `what`: the kind of query, never its keys. Raises PublishFailed."""
        requestor = event.assoc.requestor
        who = (str(requestor.ae_title).strip(), str(requestor.address or ""), what)
        with self._lock:
            now_s = self._monotonic_s()
            if now_s - self._said.get(who, float("-inf")) < _ONE_ACCESS_S:
                return
            if now_s < self._resting_until_s:
                raise PublishFailed("Kafka did not record the last query")
        try:
            self._publish([self._event(*who)])
        except PublishFailed:
            with self._lock:
                self._resting_until_s = self._monotonic_s() + _REST_S
            raise
        with self._lock:
            self._said[who] = now_s
            self._said.move_to_end(who)
            if len(self._said) > _REMEMBERED:
                self._said.popitem(last=False)

    def _event(self, ae_title: str, address: str, what: str) -> AccessRecorded:
        this_query, subject, now = str(uuid4()), subject_of_dashboard(self._site), self._now()
        envelope = Envelope(
            event_id=event_id("dicom", this_query, subject, AccessRecorded.AVRO_NAME),
            exam_id=subject,
            occurred_at=now,
            recorded_at=now,
            source=Source(system=ae_title, facility="", protocol=PROTOCOL),
            source_message_id=this_query,
            site=self._site,
        )
        return AccessRecorded(
            envelope=envelope,
            event_code=QUERY,
            action=EXECUTE,
            outcome=SUCCESS,
            user=ae_title,
            network_address=address or None,
            object=what,
        )
