"""The association over which a C-MOVE's images go to their destination."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from pynetdicom import build_context, evt
from pynetdicom.presentation import PresentationContext

from producers.dicom.associations.accepting import Connection, TlsConnection
from producers.dicom.associations.checkpoint import PAUSES_FOR_SENDERS
from producers.dicom.associations.peers import Destination
from producers.dicom.associations.tls import client_context
from producers.dicom.catalogue.catalogue import CatalogueInstance
from producers.dicom.retrieve.converting import targets_of

_VERIFICATION = "1.2.840.10008.1.1"
# PS3.8 section 9.3.2.2: odd ids below 256.
_MAXIMUM_CONTEXTS = 128
_CONNECT_S = 10.0
_MAXIMUM_PDU_BYTES = 262_144


def association_with(
    destination: Destination,
    images: Sequence[CatalogueInstance],
    established: Callable[[Any], None],
    *,
    converts: bool,
) -> tuple[str, int, dict[str, Any]]:
    """What the library's C-MOVE wants to know of a destination, with a context for each kind of image.

    established: is given the association. converts: offer, too, what images could be converted into. Raises
    OSError where the destination's certificates cannot be read.
    """
    tls = destination.tls
    server_name = destination.host if tls is None or tls.server_name is None else tls.server_name
    return (
        destination.host,
        destination.port,
        {
            "ae_title": destination.ae_title,
            "contexts": contexts_for(images, converts=converts),
            "max_pdu": _MAXIMUM_PDU_BYTES,
            "tls_args": None if tls is None else (_closing(client_context(tls)), server_name),
            "evt_handlers": [
                (evt.EVT_ACSE_SENT, _before_connecting),
                (evt.EVT_CONN_OPEN, _connected),
                PAUSES_FOR_SENDERS,
                (evt.EVT_ESTABLISHED, lambda event: established(event.assoc)),
            ],
        },
    )


def _closing(context: ssl.SSLContext) -> ssl.SSLContext:
    """One whose connections are closed also where the handshake failed."""
    context.sslsocket_class = TlsConnection
    return context


def contexts_for(images: Sequence[CatalogueInstance], *, converts: bool) -> list[PresentationContext]:
    """One for each class and transfer syntax, as far as one association has room."""
    stored = dict.fromkeys((image.sop_class_uid, image.transfer_syntax_uid) for image in images)
    kinds = list(stored)
    if converts:
        kinds += [(sop_class, target) for sop_class, syntax in stored for target in targets_of(syntax)]
    wanted = list(dict.fromkeys(kinds))[:_MAXIMUM_CONTEXTS]
    return [build_context(*kind) for kind in wanted] or [build_context(_VERIFICATION)]


def _before_connecting(event: Any) -> None:
    """The library would wait for as long as the system does, and not close what was refused."""
    event.assoc.connection_timeout = _CONNECT_S
    transport = event.assoc.dul.socket
    if type(transport.socket) is socket.socket:
        plain = transport.socket
        transport.socket = Connection(plain.family, plain.type, plain.proto, plain.detach())


def _connected(event: Any) -> None:
    """With Nagle's algorithm each request would wait for the peer's delayed ACK."""
    with suppress(OSError):
        event.assoc.dul.socket.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
