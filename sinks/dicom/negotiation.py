"""Opening an association with a storage SCP (DICOM PS3.8 7.1)."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RJ, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
)
from pynetdicom.presentation import PresentationContext, build_context

from sinks.delivering.declared import tls_context
from sinks.delivering.errors import NoAnswer, Unreachable
from sinks.dicom.association import Association, numbered, receive
from sinks.dicom.destinations import Destination
from sinks.dicom.messages import Pair

CONTEXTS_LIMIT = 128
_APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
_IMPLEMENTATION_CLASS_UID = "2.25.92159555385701564022762800076940599973"
_ACCEPTED, _REJECTED = 0x02, 0x03
# What the peer may send us in one PDU: answers, which are short.
_RECEIVE_BYTES = 16_384


@contextmanager
def associated(to: Destination, pairs: Sequence[Pair]) -> Iterator[Association]:
    """An association that offers each of `pairs`, at most CONTEXTS_LIMIT. Raises Unreachable."""
    with _connected(to) as connection:
        association = _negotiated(connection, to, pairs)
        try:
            yield association
        finally:
            association.release()


@contextmanager
def _connected(to: Destination) -> Iterator[socket.socket]:
    try:
        connection = socket.create_connection((to.host, to.port), to.answer_timeout_s)
    except OSError as error:
        raise Unreachable(f"{to.host}:{to.port}: {type(error).__name__}") from error
    with connection:
        # A small last fragment shall not wait for the acknowledgement of the one before (RFC 896).
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if to.tls is None:
            yield connection
            return
        try:
            name = to.tls.server_name or to.host
            secured = tls_context(to.tls).wrap_socket(connection, server_hostname=name)
        except (OSError, ValueError) as error:
            raise Unreachable(f"{to.host}:{to.port}: {type(error).__name__}") from error
        with secured:
            yield secured


def _negotiated(connection: socket.socket, to: Destination, pairs: Sequence[Pair]) -> Association:
    try:
        connection.sendall(_request(to, pairs))
        kind, body = receive(connection)
    except (OSError, NoAnswer) as error:
        raise Unreachable(f"{to.host}:{to.port}: no answer to the association") from error
    header = bytes((kind, 0)) + len(body).to_bytes(4, "big")
    try:
        if kind == _ACCEPTED:
            accepted = A_ASSOCIATE_AC()
            accepted.decode(header + body)
            return Association(connection, accepted.to_primitive(), pairs)
        if kind == _REJECTED:
            rejected = A_ASSOCIATE_RJ()
            rejected.decode(header + body)
            raise Unreachable(f"{to.ae_title} rejects the association: {rejected.reason_str}")
    except Unreachable:
        raise
    except Exception as error:  # noqa: BLE001 - whatever damaged bytes provoke in the reader, they are unreadable
        raise Unreachable(f"{to.ae_title}: unreadable answer: {type(error).__name__}") from None
    raise Unreachable(f"{to.ae_title} aborts the association")


def _request(to: Destination, pairs: Sequence[Pair]) -> bytes:
    request = A_ASSOCIATE()
    request.application_context_name = _APPLICATION_CONTEXT
    request.calling_ae_title = to.calling_ae_title
    request.called_ae_title = to.ae_title
    longest = MaximumLengthNotification()
    longest.maximum_length_received = _RECEIVE_BYTES
    implementation = ImplementationClassUIDNotification()
    implementation.implementation_class_uid = _IMPLEMENTATION_CLASS_UID
    version = ImplementationVersionNameNotification()
    version.implementation_version_name = "RADSTREAM"
    request.user_information = [longest, implementation, version]
    request.presentation_context_definition_list = [
        _context(number, pair) for number, pair in numbered(pairs)
    ]
    return bytes(A_ASSOCIATE_RQ(request).encode())


def _context(number: int, pair: Pair) -> PresentationContext:
    context = build_context(pair[0], pair[1])
    context.context_id = number
    return context
