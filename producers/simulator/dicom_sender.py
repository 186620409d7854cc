"""Sends images by C-STORE and does not let go before each is stored or refused for good.

DICOM PS3.4 annex B (storage service class) and table C.4.2-1's statuses: 0x0000 and warnings (0xBxxx) mean
stored; 0xA7xx, out of resources, and 0x0110, processing failure, are worth another try; the rest refuse.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.dsutils import encode

from producers.dicom.associations.checkpoint import PAUSES_FOR_SENDERS
from producers.simulator.backoff import Backoff
from producers.simulator.daemon_thread import DaemonWork
from producers.simulator.mllp_sender import Answer

_config.LOG_HANDLER_LEVEL = "none"
_log = structlog.get_logger(__name__)
_PROCESSING_FAILURE = 0x0110
_SUCCESS = 0x0000
_END_WITHIN_S = 1.5
_JOIN_WITHIN_S = 1.0


class NotStored(Exception):
    """No association, no answer, or a status that asks for another try."""


@dataclass(frozen=True, slots=True)
class DicomPeer:
    """The storage SCP, and how long to wait for it; seconds."""

    host: str
    port: int
    called_ae_title: str
    calling_ae_title: str = "SIMULATOR"
    connect_timeout_s: float = 5.0
    answer_timeout_s: float = 30.0


def wire_digest(image: Dataset) -> tuple[int, str]:
    """Size and SHA-256 of the data set as Explicit VR Little Endian puts it on the wire."""
    encoded = encode(image, is_implicit_vr=False, is_little_endian=True) or b""
    return len(encoded), hashlib.sha256(encoded).hexdigest()


class DicomSender:
    """One modality's association, requested again whenever it is lost. For one image at a time.

    The blocking work is done in daemon threads, one at a time.
    """

    def __init__(
        self, peer: DicomPeer, sop_classes: Sequence[str], *, backoff: Backoff | None = None
    ) -> None:
        self._peer = peer
        self._backoff = backoff or Backoff()
        self._under_way: DaemonWork[Answer] | DaemonWork[None] | None = None
        self._association: Association | None = None
        self._connection: socket.socket | None = None
        self._is_closed = False
        self._entity = AE(ae_title=peer.calling_ae_title)
        self._entity.connection_timeout = peer.connect_timeout_s
        self._entity.acse_timeout = peer.connect_timeout_s
        self._entity.dimse_timeout = peer.answer_timeout_s
        for sop_class in sop_classes:
            self._entity.add_requested_context(sop_class, [ExplicitVRLittleEndian, ImplicitVRLittleEndian])

    async def send(self, image: Dataset, on_attempt: Callable[[], None]) -> Answer:
        """Send the same image until it is stored or refused. `on_attempt` is called before each try."""
        for delay_s in self._backoff.delays_s():
            on_attempt()
            try:
                self._under_way = attempt = DaemonWork(lambda: self._attempt(image))
                return await attempt.result()
            except NotStored as error:
                _log.warning(
                    "simulator.instance_unanswered",
                    sop_instance_uid=str(image.SOPInstanceUID),
                    reason=str(error),
                    again_in_s=delay_s,
                )
            await asyncio.sleep(delay_s)
        raise AssertionError("a backoff never ends")

    async def release(self) -> None:
        """End the association in order, as a modality does after a study."""
        self._under_way = releasing = DaemonWork(self._release)
        await releasing.result()

    async def close(self) -> None:
        """End the association at once, whatever it is doing."""
        with suppress(TimeoutError):
            await asyncio.wait_for(DaemonWork(self._end).result(), timeout=_END_WITHIN_S)

    def _attempt(self, image: Dataset) -> Answer:
        association = self._associated()
        try:
            status = association.send_c_store(image)
        except ValueError as error:
            # The peer did not accept this SOP class: no other try would change that.
            _log.error("simulator.instance_not_acceptable", reason=str(error).splitlines()[0])
            return Answer("0122", is_accepted=False)
        except RuntimeError as error:
            raise NotStored("the association was lost") from error
        return _answer(association, status)

    def _associated(self) -> Association:
        if self._association is None or not self._association.is_established:
            self._association = self._entity.associate(
                self._peer.host,
                self._peer.port,
                ae_title=self._peer.called_ae_title,
                evt_handlers=[(evt.EVT_CONN_OPEN, self._connected), PAUSES_FOR_SENDERS],
            )
        if self._association.is_rejected:
            raise NotStored(f"association rejected: is {self._peer.called_ae_title} its AE title?")
        if not self._association.is_established:
            raise NotStored("no association")
        return self._association

    def _connected(self, event: evt.Event) -> None:
        transport = event.assoc.dul.socket
        self._dispose()
        self._connection = transport.socket if transport is not None else None
        if self._connection is not None:
            # A small last fragment shall not wait for the acknowledgement of the one before (RFC 896).
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._is_closed:
            self._hang_up()

    def _release(self) -> None:
        if self._association is not None and self._association.is_established:
            self._association.release()
        self._association = None

    def _end(self) -> None:
        self._is_closed = True
        self._hang_up()
        if self._under_way is not None:
            self._under_way.join(_JOIN_WITHIN_S)
        self._dispose()

    def _dispose(self) -> None:
        """pynetdicom leaves the socket of a connection that the peer has closed to the garbage collector."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _hang_up(self) -> None:
        """Close the connection under the association.

        An A-ABORT of our own would not wake the thread that waits for an answer; a lost connection does,
        whether it negotiates, stores or releases.
        """
        connection = self._connection
        if connection is not None:
            with suppress(OSError):  # closed already
                connection.shutdown(socket.SHUT_RDWR)


def _answer(association: Association, status: Dataset) -> Answer:
    code = status.get("Status")
    if code is None:
        association.abort()
        raise NotStored("no answer")
    if code == _PROCESSING_FAILURE or code >> 8 == 0xA7:
        raise NotStored(f"status 0x{code:04X}")
    return Answer(f"{code:04X}", is_accepted=code == _SUCCESS or code >> 12 == 0xB)
