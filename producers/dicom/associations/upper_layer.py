"""What is used of pynetdicom's internals to read in its place (docs/adr/0012).

Beside it only those touch any that send on an association, and so pause its thread: `checkpoint.py`,
`commitment/event_reports.py` and `retrieve/image_sending.py`.

Written for pynetdicom 3.0. tests/unit/test_dicom_upper_layer.py fails where a later one is made otherwise.
"""

# ruff: noqa: SLF001 - this module is there to use the library's internals
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import structlog

from producers.dicom.associations.checkpoint import Checkpoint

log = structlog.get_logger("dicom")

ESTABLISHED = "Sta6"
BEFORE_REQUEST = ("Sta1", "Sta2")
ANSWERING_REQUEST = "Sta3"
AWAITING_CLOSE = "Sta13"
# Events of the state machine (PS3.8 section 9.2.2).
CONNECTION_CLOSED = "Evt17"
INVALID_PDU = "Evt19"
# More requests of a peer that does not wait for answers are left in the network.
_UNSERVED = 8


class UpperLayer:
    """One association's DUL service provider, its state machine and its two threads."""

    def __init__(self, association: Any) -> None:
        self._association = association
        self._dul = association.dul
        self._library_event: Callable[[], bool] = self._dul._is_transport_event
        self._library_run: Callable[[], None] = self._dul.run
        self._library_sends: Callable[[], bool] = self._dul._process_recv_primitive
        self._library_negotiates: Callable[[], None] = association.acse.negotiate_association
        self._library_serve: Callable[[Any, int], None] = association._serve_request
        self.connection: Any = self._dul.socket.socket
        self.checkpoint = Checkpoint()

    def adopt(
        self, *, await_event: Callable[[], bool], read: Callable[[], None], run: Callable[[], None]
    ) -> None:
        """Before its threads run: these are called in the place of the library's own."""
        self._association._reactor_checkpoint = self.checkpoint
        self._association._serve_request = self._serve
        self._association.acse.negotiate_association = self._negotiate
        self._dul._process_recv_primitive = self._has_sent
        self._dul._is_transport_event = await_event
        self._dul._read_pdu_data = read
        self._dul.run = run

    def run(self) -> None:
        """The library's reader thread.

        Its state machine raises where both sides, or both of its threads, end the association at once.
        """
        try:
            self._library_run()
        except Exception as error:  # noqa: BLE001 - whatever it is, its other thread must not wait for this one
            log.warning("association ended", reason=type(error).__name__, address=self.address)
            self._association.is_established = False
            self._association._kill = True

    def await_event(self) -> bool:
        """The library's own, for associations that are not established."""
        return bool(self._library_event())

    @property
    def state(self) -> str:
        """Of the state machine."""
        return str(self._dul.state_machine.current_state)

    @property
    def address(self) -> str:
        """Where the peer is."""
        return str(self._association.requestor.address)

    @property
    def contexts(self) -> Mapping[int, Any]:
        """Accepted presentation contexts, by id."""
        found: Mapping[int, Any] = self._association._accepted_cx
        return found

    @property
    def peer_maximum_length(self) -> int:
        """Of the PDUs that the peer takes; 0: any."""
        return int(self._association.requestor.maximum_length or 0)

    def has_events(self) -> bool:
        """Whether the state machine has something to do."""
        return not self._dul.event_queue.empty()

    @property
    def has_to_send(self) -> bool:
        """Whether the library has something to send, or the reader thread shall end."""
        return bool(self._dul._kill_thread or self._dul.to_provider_queue.queue)

    @property
    def is_behind(self) -> bool:
        """Whether requests wait to be served: reading more would only pile them up."""
        return bool(self._association.dimse.msg_queue.qsize() >= _UNSERVED)

    @property
    def is_idle_too_long(self) -> bool:
        """Whether the association's thread is to abort for silence."""
        return bool(self._dul.idle_timer_expired())

    @property
    def is_quiet(self) -> bool:
        """Whether the association's thread has nothing to do."""
        association = self._association
        return (
            association.is_established
            and not association._kill
            and association.dimse.msg_queue.empty()
            and self._dul.to_user_queue.empty()
            and not self.is_idle_too_long
        )

    def was_read(self) -> None:
        """Something came: the silence begins anew."""
        self._dul._idle_timer.restart()

    def send(self, data: bytes) -> None:
        """At once, from the reader thread; an error becomes CONNECTION_CLOSED."""
        self._dul.socket.send(data)

    def deliver(self, pdu: bytes) -> None:
        """A PDU to the state machine, as if the library had read it. Raises whatever its decoder does."""
        decoded, event = self._dul._decode_pdu(bytearray(pdu))
        decoded.to_primitive()  # the state machine would do it, and what it raises there ends its thread
        self._dul._recv_pdu.put(decoded)
        self._dul.event_queue.put(event)

    def _has_sent(self) -> bool:
        """In the reader thread, before it reads. What is said after the last PDU has no place any more."""
        if self.has_events():
            return False
        if self.state == AWAITING_CLOSE:
            self._dul.to_provider_queue.queue.clear()
            return False
        return self._library_sends()

    def _negotiate(self) -> None:
        """In the association's thread. A request can be read and yet be none that can be answered."""
        try:
            self._library_negotiates()
        except Exception as error:  # noqa: BLE001 - whatever it provokes, the thread must not end without an end
            reason = f"request that cannot be negotiated: {type(error).__name__}"
            log.warning("association aborted", reason=reason, address=self.address)
            self.end(INVALID_PDU)
            self._association.kill()

    def _serve(self, message: Any, context_id: int) -> None:
        """In the association's thread. The library gives no answer to a request that lacks an attribute."""
        if message.is_valid_request:
            self._library_serve(message, context_id)
            return
        log.warning("association aborted", reason=f"{message.msg_type} is not whole", address=self.address)
        self.end(INVALID_PDU)

    def end(self, event: str) -> None:
        """CONNECTION_CLOSED or INVALID_PDU to the state machine; the latter aborts."""
        if self.state in BEFORE_REQUEST:
            self._dul.to_user_queue.put(None)  # or the association's thread would wait for a request
        self._dul.event_queue.put(event)
