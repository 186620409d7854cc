"""The application entity on pynetdicom: its associations, and each image of them handed to the storer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import structlog
from pynetdicom import AE, build_context, evt

from producers.dicom.associations.accepting import SPARE_CONNECTIONS, AcceptingServer
from producers.dicom.associations.commands import Command
from producers.dicom.associations.connection import MAXIMUM_PDU_BYTES, AssociationConnection, PassOn
from producers.dicom.associations.negotiation import Negotiation
from producers.dicom.associations.open_associations import OpenAssociations
from producers.dicom.associations.read_ahead import Patience
from producers.dicom.associations.receiving import Exchange, MessageReceiver
from producers.dicom.associations.services import DicomService, handlers_of
from producers.dicom.associations.syntaxes import VERIFICATION
from producers.dicom.associations.tls import server_context
from producers.dicom.associations.upper_layer import UpperLayer
from producers.dicom.config import DicomConfig
from producers.dicom.storage.content_writer import ContentWriter
from producers.dicom.storage.received import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    Received,
    ReceivedFile,
)
from producers.dicom.storage.refusals import OUT_OF_RESOURCES
from producers.dicom.storage.storing import SendingAssociation
from producers.faults import place_of

log = structlog.get_logger("dicom")

_CANNOT_UNDERSTAND = 0xC000
_ACCEPT_POLL_S = 0.25
# Between the end of a C-STORE and the abort of its association: its answer is on the way.
_ANSWER_S = 0.05
# How long an association has to send its abort and end; then its connection is cut.
_ABORT_S = 0.5
_RECEIVING = "receiving"

Store = Callable[[SendingAssociation, Received], int]


class StorageServer:
    """Accepts associations, each in its thread."""

    def __init__(
        self,
        config: DicomConfig,
        store: Store,
        ended: Callable[[SendingAssociation], None],
        services: Sequence[DicomService] = (),
    ) -> None:
        self._config = config
        self._services = services
        self._store = store
        self._open = OpenAssociations(config.maximum_associations, ended)
        self._stopping = threading.Event()
        self._negotiation = Negotiation(
            config.peers,
            [context for service in services for context in service.contexts()],
            config.extra_sop_classes,
            self._open.has_room,
        )
        self._server: AcceptingServer | None = None

    @property
    def port(self) -> int:
        """The port that is bound: the system's choice where the setting is 0."""
        assert self._server is not None  # noqa: S101 - asked only after start
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Bind and accept. Raises OSError where the address is taken, or a TLS file cannot be used."""
        config = self._config
        ends = (evt.EVT_RELEASED, evt.EVT_ABORTED, evt.EVT_CONN_CLOSE)
        server: Any = _application_entity(config).make_server(
            (config.host, config.port),
            ssl_context=None if config.tls is None else server_context(config.tls),
            evt_handlers=[
                (evt.EVT_CONN_OPEN, self._on_open),
                (evt.EVT_REQUESTED, self._negotiation.on_requested),
                *((end, self._on_end) for end in ends),
                *handlers_of(self._services),
            ],
            server_class=AcceptingServer,
        )
        server.contexts = []  # the negotiation makes those of each association; all would be copied
        self._server = server
        threading.Thread(
            target=server.serve_forever, args=(_ACCEPT_POLL_S,), name="dicom-accept", daemon=True
        ).start()

    def stop(self, timeout_s: float) -> None:
        """Accept no more, let running C-STOREs finish within the bound, abort the associations."""
        deadline_s = time.monotonic() + timeout_s
        self._stopping.set()
        if self._server is None:
            return
        self._server.shutdown()
        left = self._open.all()
        for one in left.values():
            if one.sender.lock.acquire(timeout=max(deadline_s - time.monotonic(), 0)):
                one.sender.lock.release()
        time.sleep(_ANSWER_S)
        for association in left:
            association.abort(block=False)
            self._open.end(association)
        deadline_s = max(deadline_s, time.monotonic() + _ABORT_S)
        for association, one in left.items():
            association.join(max(deadline_s - time.monotonic(), 0))
            if association.is_alive():
                one.connection.cut()

    def _on_open(self, event: Any) -> None:
        """Before the association's threads run."""
        association, config = event.assoc, self._config
        connection = AssociationConnection(
            association,
            partial(self._receiver, association),
            partial(self._open.end, association),
            Patience(min(config.stall_timeout_s, config.idle_timeout_s), config.idle_timeout_s),
        )
        self._open.add(association, connection)

    def _receiver(self, association: Any, layer: UpperLayer, pass_on: PassOn) -> MessageReceiver:
        """Of an association that was established."""
        config = self._config
        directory = config.state_directory / _RECEIVING
        calling_ae_title = str(association.requestor.ae_title).strip()

        def store(command: Command, context: Any, file: ReceivedFile) -> int:
            return self._on_store(association, _received(calling_ae_title, command, context, file))

        return MessageReceiver(
            Exchange(layer.contexts, layer.peer_maximum_length, store, layer.send, pass_on),
            lambda head: ContentWriter(directory, head=head),
            config.maximum_data_set_bytes,
            config.extra_sop_classes,
        )

    def _on_store(self, association: Any, received: Received) -> int:
        sender = self._open.sender_of(association)
        if self._stopping.is_set() or sender is None:
            return OUT_OF_RESOURCES
        with sender.lock:
            try:
                status = self._store(sender, received)
            except Exception as error:  # noqa: BLE001 - a fault of ours is one image's status, and is logged
                log.error("storing failed", fault=place_of(error))
                status = _CANNOT_UNDERSTAND
            has_ended = sender.has_ended
            if has_ended:  # the connection was lost meanwhile
                self._open.say_ended(sender)
        return status

    def _on_end(self, event: Any) -> None:
        self._open.end(event.assoc)


def _application_entity(config: DicomConfig) -> AE:
    ae = AE(ae_title=config.ae_title)
    ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    # The library counts connections of any kind; OpenAssociations those that were accepted.
    ae.maximum_associations = config.maximum_associations + SPARE_CONNECTIONS
    ae.maximum_pdu_size = MAXIMUM_PDU_BYTES
    ae.network_timeout = config.idle_timeout_s
    ae.supported_contexts = [build_context(VERIFICATION)]  # the library wants one; see `start`
    return ae


def _received(calling_ae_title: str, command: Command, context: Any, file: ReceivedFile) -> Received:
    return Received(
        sop_class_uid=command.sop_class_uid,
        sop_instance_uid=command.sop_instance_uid,
        transfer_syntax_uid=str(context.transfer_syntax[0]),
        calling_ae_title=calling_ae_title,
        content=file.data_set,
        file=file,
    )
