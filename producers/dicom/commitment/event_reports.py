"""An N-EVENT-REPORT (DICOM PS3.7 10.1.1) on an association that the peer has opened and may be using.

The library's own call takes whatever comes next for its answer. Here a request that comes first is served,
and the end of the association is left to the association's thread.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from weakref import WeakKeyDictionary

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom.dimse_primitives import N_EVENT_REPORT
from pynetdicom.dsutils import encode
from pynetdicom.pdu_primitives import A_ABORT, A_P_ABORT, A_RELEASE

_POLL_S = 0.005
_IS_ACCEPTED = frozenset({0x0000, 0x0107, 0x0116})


@dataclass(frozen=True, slots=True)
class EventReport:
    """What is reported of a well-known instance."""

    sop_class_uid: str
    sop_instance_uid: str
    event_type: int
    information: Dataset


class EventReporter:
    """Shared by all threads; one report at a time on one association."""

    def __init__(self, timeout_s: float) -> None:
        """timeout_s: how long the peer has."""
        self._timeout_s = timeout_s
        self._message_ids = itertools.cycle(range(1, 0x8000))
        self._locks: WeakKeyDictionary[Any, threading.Lock] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def report(self, association: Any, report: EventReport) -> bool:
        """Whether the peer has taken it; not where it has ended the association meanwhile."""
        deadline_s = time.monotonic() + self._timeout_s
        with self._lock:
            lock = self._locks.setdefault(association, threading.Lock())
        with lock, _paused(association, deadline_s) as is_ours:
            context = _context_of(association, report.sop_class_uid)
            if not is_ours or context is None:
                return False
            message_id = next(self._message_ids)
            request = _request(report, message_id, UID(context.transfer_syntax[0]))
            association.dimse.send_msg(request, context.context_id)
            return _is_taken(association, message_id, deadline_s)


@contextmanager
def _paused(association: Any, deadline_s: float) -> Iterator[bool]:
    """Whether the association's thread waits for us in the block: only one may read what comes."""
    association._reactor_checkpoint.clear()  # noqa: SLF001 - as the library's own send_n_event_report does
    try:
        while _is_open(association) and not association._reactor_checkpoint.is_reached:  # noqa: SLF001 - ours
            if time.monotonic() > deadline_s:
                break
            time.sleep(_POLL_S)
        yield _is_open(association) and association._reactor_checkpoint.is_reached  # noqa: SLF001 - ours
    finally:
        association._reactor_checkpoint.set()  # noqa: SLF001 - as above


def _is_taken(association: Any, message_id: int, deadline_s: float) -> bool:
    while _is_open(association) and time.monotonic() < deadline_s:
        context_id, message = association.dimse.get_msg(block=False)
        if message is None:
            if isinstance(association.dul.peek_next_pdu(), A_RELEASE | A_ABORT | A_P_ABORT):
                return False
            time.sleep(_POLL_S)
        elif isinstance(message, N_EVENT_REPORT) and message.MessageIDBeingRespondedTo == message_id:
            return message.Status in _IS_ACCEPTED
        else:
            association._serve_request(message, context_id)  # noqa: SLF001 - its own thread waits for us
    return False


def _is_open(association: Any) -> bool:
    return bool(association.is_established and association.is_alive())


def _context_of(association: Any, sop_class_uid: str) -> Any:
    found = (x for x in association.accepted_contexts if x.abstract_syntax == sop_class_uid)
    return next(found, None)


def _request(report: EventReport, message_id: int, transfer_syntax: UID) -> N_EVENT_REPORT:
    request = N_EVENT_REPORT()
    request.MessageID = message_id
    request.AffectedSOPClassUID = UID(report.sop_class_uid)
    request.AffectedSOPInstanceUID = UID(report.sop_instance_uid)
    request.EventTypeID = report.event_type
    encoded = encode(
        report.information,
        transfer_syntax.is_implicit_VR,
        transfer_syntax.is_little_endian,
        transfer_syntax.is_deflated,
    )
    request.EventInformation = BytesIO(encoded or b"")
    return request
