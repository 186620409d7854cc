"""An association that we open with another application entity, with every failure said in one sentence."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from pynetdicom import AE, evt
from pynetdicom import _config as pynetdicom_settings
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation
from pynetdicom.presentation import PresentationContext

from producers.dicom.associations.checkpoint import PAUSES_FOR_SENDERS
from producers.dicom.associations.libraries import configure_libraries

# An association has at most 128 contexts (PS3.8 section 9.3.2.2: odd ids below 256).
MAXIMUM_CONTEXTS = 128
_MAXIMUM_PDU_BYTES = 262_144
# How long the association's thread has to end.
_END_S = 2.0


class PeerFailed(Exception):
    """The peer is not there, rejects or ends the association, or does not offer the service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Whom to call, and as whom. tls: None for plain TCP. timeout_s: for the connection and each answer.

    server_name: the name in its certificate; None: its host.
    """

    host: str
    port: int
    called_ae_title: str
    calling_ae_title: str
    timeout_s: float = 30.0
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    server_name: str | None = None

    def __str__(self) -> str:
        return f"{self.called_ae_title} at {self.host}:{self.port}"


@contextmanager
def associated(
    peer: Peer,
    contexts: Sequence[PresentationContext],
    *,
    roles: Sequence[SCP_SCU_RoleSelectionNegotiation] = (),
    on_store: Callable[[Any], int] | None = None,
) -> Iterator[Association]:
    """An established association, released after the block. Raises PeerFailed."""
    configure_libraries()
    pynetdicom_settings.STORE_SEND_CHUNKED_DATASET = True  # files go out as they are, never decoded
    connections: list[socket.socket] = []
    handlers: list[Any] = [
        (evt.EVT_CONN_OPEN, lambda event: _connected(event, connections)),
        PAUSES_FOR_SENDERS,
    ]
    if on_store is not None:
        handlers.append((evt.EVT_C_STORE, on_store))
    _probe(peer)
    association = _entity(peer).associate(
        peer.host,
        peer.port,
        list(contexts),
        ae_title=peer.called_ae_title,
        max_pdu=_MAXIMUM_PDU_BYTES,
        ext_neg=list(roles),
        evt_handlers=handlers,
        tls_args=None if peer.tls is None else (peer.tls, peer.server_name or peer.host),
    )
    try:
        if not association.is_established:
            raise PeerFailed(_refusal(peer, association))
        yield association
    finally:
        _end(association, connections)


def _entity(peer: Peer) -> AE:
    entity = AE(ae_title=peer.calling_ae_title)
    entity.connection_timeout = entity.acse_timeout = entity.dimse_timeout = peer.timeout_s
    entity.network_timeout = peer.timeout_s
    return entity


def _end(association: Association, connections: Sequence[socket.socket]) -> None:
    if association.is_established:
        association.release()
    if association.is_alive():  # one that was refused never started its thread
        association.join(_END_S)
    for connection in connections:  # the library leaves one that the peer closed first to the collector
        connection.close()


def accepts(association: Association, abstract_syntax: str) -> bool:
    """Whether the peer took a context of this SOP class."""
    return any(context.abstract_syntax == abstract_syntax for context in association.accepted_contexts)


def _probe(peer: Peer) -> None:
    """The library says only that it could not connect; the system's own reason is worth a connection."""
    try:
        socket.create_connection((peer.host, peer.port), peer.timeout_s).close()
    except OSError as error:
        reason = error.strerror or "no answer in time"
        raise PeerFailed(f"{peer} cannot be reached: {reason}; is it up, and is the port right?") from None


def _connected(event: Any, connections: list[socket.socket]) -> None:
    """With Nagle's algorithm each request would wait for the peer's delayed ACK."""
    connection = event.assoc.dul.socket.socket
    connections.append(connection)
    with suppress(OSError):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _refusal(peer: Peer, association: Association) -> str:
    if association.is_rejected:
        answer: Any = association.acceptor.primitive
        return f"{peer} rejects the association: {answer.result_str}, {answer.reason_str}"
    if association.rejected_contexts:
        return f"{peer} offers none of the services that were asked for"
    if association.acceptor.primitive is None:
        return f"{peer} gives no answer to the association: is it a DICOM port, does it expect TLS?"
    return f"{peer} broke the association off"
