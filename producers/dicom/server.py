"""The application entity on pynetdicom: what it accepts, and its events handed to the storer."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pydicom.config
import structlog
from pydicom.uid import UID, AllTransferSyntaxes
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom import _config as pynetdicom_settings
from pynetdicom.transport import ThreadedAssociationServer

from producers.dicom.config import DicomConfig
from producers.dicom.content import MemoryContent
from producers.dicom.received import Received
from producers.dicom.refusals import OUT_OF_RESOURCES
from producers.dicom.services import DicomService, handlers_of
from producers.dicom.storing import AssociationStudies, StudyInProgress
from producers.faults import place_of

log = structlog.get_logger("dicom")

_VERIFICATION = UID("1.2.840.10008.1.1")
_CANNOT_UNDERSTAND = 0xC000
_MAXIMUM_PDU_BYTES = 262_144
_ACCEPT_POLL_S = 0.25
# Between the end of a C-STORE and the abort of its association: its answer is on the way.
_ANSWER_S = 0.05

Store = Callable[[AssociationStudies, Received], int]


class _Connection(socket.socket):
    """Is closed even where the peer went first: the library closes only after a shutdown that succeeds."""

    def shutdown(self, how: int) -> None:
        """As the socket's own, but a connection that is gone already is no error."""
        with suppress(OSError):
            super().shutdown(how)


class _Server(ThreadedAssociationServer):
    """Answers go out at once: with Nagle's algorithm a C-STORE waits for the peer's delayed ACK."""

    request_queue_size = 128
    daemon_threads = True

    def get_request(self) -> tuple[socket.socket, Any]:
        accepted, address = super().get_request()
        connection = _Connection(accepted.family, accepted.type, accepted.proto, accepted.detach())
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, address

    def shutdown(self) -> None:
        """Accept no more. The library's own looks for us in a list that only its start_server fills."""
        socketserver.BaseServer.shutdown(self)
        self.server_close()


def configure_libraries() -> None:
    """pynetdicom and pydicom keep their settings process-wide: images are taken as they come."""
    pynetdicom_settings.LOG_HANDLER_LEVEL = "none"
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE


class StorageServer:
    """Accepts associations, each in its thread."""

    def __init__(
        self,
        config: DicomConfig,
        store: Store,
        complete: Callable[[StudyInProgress], None],
        services: Sequence[DicomService] = (),
    ) -> None:
        self._config = config
        self._services = services
        self._store = store
        self._complete = complete
        self._associations: dict[Any, AssociationStudies] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._ae = _application_entity(config, services)
        self._server: ThreadedAssociationServer | None = None

    @property
    def port(self) -> int:
        """The port that is bound: the system's choice where the setting is 0."""
        assert self._server is not None  # noqa: S101 - asked only after start
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Bind and accept. Raises OSError where the address is taken."""
        ends = (evt.EVT_RELEASED, evt.EVT_ABORTED, evt.EVT_CONN_CLOSE)
        server = self._ae.make_server(
            (self._config.host, self._config.port),
            evt_handlers=[
                (evt.EVT_C_STORE, self._on_store),
                *((end, self._on_end) for end in ends),
                *handlers_of(self._services),
            ],
            server_class=_Server,
        )
        self._server = server
        threading.Thread(
            target=server.serve_forever, args=(_ACCEPT_POLL_S,), name="dicom-accept", daemon=True
        ).start()

    def stop(self, timeout_s: float) -> None:
        """Accept no more, let running C-STOREs finish within the bound, abort the associations."""
        deadline_s = time.monotonic() + timeout_s
        self._stopping.set()
        if self._server is not None:
            self._server.shutdown()
        with self._lock:
            associations = list(self._associations.items())
        for _, studies in associations:
            if studies.lock.acquire(timeout=max(deadline_s - time.monotonic(), 0)):
                studies.lock.release()
        time.sleep(_ANSWER_S)
        for association, _ in associations:
            association.abort()
            self._end(association)
        for idle in [] if self._server is None else self._server.active_associations:
            if idle.is_established:  # it stored nothing, but holds its connection all the same
                idle.abort()

    def _on_store(self, event: Any) -> int:
        if self._stopping.is_set():
            return OUT_OF_RESOURCES
        with self._lock:
            studies = self._associations.setdefault(event.assoc, AssociationStudies())
        with studies.lock:
            try:
                status = self._store(studies, _received(event))
            except Exception as error:  # noqa: BLE001 - a fault of ours is one image's status, and is logged
                log.error("storing failed", fault=place_of(error))
                status = _CANNOT_UNDERSTAND
            has_ended = studies.has_ended
        if has_ended:  # the connection was lost meanwhile
            self._end(event.assoc)
        return status

    def _on_end(self, event: Any) -> None:
        self._end(event.assoc)

    def _end(self, association: Any) -> None:
        """Idempotent: a release is followed by the end of the connection."""
        with self._lock:
            studies = self._associations.pop(association, None)
        if studies is None:
            return
        with studies.lock:
            studies.has_ended = True
            for study in studies.studies.values():
                self._complete(study)
            studies.studies.clear()


def _application_entity(config: DicomConfig, services: Sequence[DicomService]) -> AE:
    ae = AE(ae_title=config.ae_title)
    ae.maximum_associations = config.maximum_associations
    ae.maximum_pdu_size = _MAXIMUM_PDU_BYTES
    ae.network_timeout = config.idle_timeout_s
    ae.add_supported_context(_VERIFICATION, AllTransferSyntaxes)
    for context in AllStoragePresentationContexts:
        ae.add_supported_context(str(context.abstract_syntax), AllTransferSyntaxes)
    for supported in (context for service in services for context in service.contexts()):
        ae.add_supported_context(
            supported.abstract_syntax,
            list(supported.transfer_syntaxes),
            supported.scu_role,
            supported.scp_role,
        )
    return ae


def _received(event: Any) -> Received:
    request = event.request
    return Received(
        sop_class_uid=str(request.AffectedSOPClassUID or ""),
        sop_instance_uid=str(request.AffectedSOPInstanceUID or ""),
        transfer_syntax_uid=str(event.context.transfer_syntax),
        calling_ae_title=str(event.assoc.requestor.ae_title).strip(),
        content=MemoryContent(event.encoded_dataset(include_meta=False)),
    )
