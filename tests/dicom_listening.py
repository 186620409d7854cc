"""A DICOM listener that keeps what it is sent in memory, and peers that speak to it byte by byte."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydicom.uid import UID
from pynetdicom import AE, build_context
from pynetdicom.association import Association
from pynetdicom.pdu import A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    MaximumLengthNotification,
)

from producers.dicom.associations.accepting import AcceptingServer
from producers.dicom.associations.checkpoint import PAUSES_FOR_SENDERS
from producers.dicom.associations.libraries import configure_libraries
from producers.dicom.associations.server import StorageServer
from producers.dicom.associations.services import DicomService
from producers.dicom.config import ArchiveConfig, DicomConfig
from producers.dicom.storage.content import whole
from producers.dicom.storage.received import Received
from schemas.keyring_config import FileKeyRingConfig
from tests.producing import SITE, SITE_KEY, SITE_SECRET

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
ABORT, P_DATA, RELEASE_RQ, RELEASE_RP = 7, 4, 5, 6


def dicom_config(directory: Path, **changes: Any) -> DicomConfig:
    """A listener whose stores nobody asks."""
    given: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": 0,
        "ae_title": "TESTED",
        "archive": ArchiveConfig(endpoint="http://127.0.0.1:1", access_key="a", secret_key="b", bucket="c"),
        "bootstrap": "127.0.0.1:1",
        "registry_url": "http://127.0.0.1:1",
        "site": SITE,
        "site_secret": SITE_SECRET,
        "key_ring": FileKeyRingConfig(directory=directory / "keys", site_key=SITE_KEY),
        "state_directory": directory / "state",
    }
    return DicomConfig(**{**given, **changes})


@dataclass
class Kept:
    """What was stored: by SOP Instance UID the request and its data set."""

    images: dict[str, tuple[Received, bytes]] = field(default_factory=dict)
    status: int = 0

    def store(self, _association: object, received: Received) -> int:
        """As the storer does, without a store."""
        self.images[received.sop_instance_uid] = (received, whole(received.content))
        return self.status


@contextmanager
def listener(
    config: DicomConfig,
    store: Callable[[Any, Received], int],
    *services: DicomService,
) -> Iterator[StorageServer]:
    """Accepts inside the block; when it is over, no thread and no connection of it is left."""
    configure_libraries()
    server = StorageServer(config, store, lambda _study: None, services)
    server.start()
    try:
        yield server
    finally:
        server.stop(2.0)
        assert until(lambda: not listening_threads()), listening_threads()


@contextmanager
def associated(port: int, abstract_syntax: str, ae_title: str) -> Iterator[Association]:
    """An association of a peer that asks for this one service, released at the end."""
    entity = AE(ae_title=ae_title)
    entity.add_requested_context(abstract_syntax)
    association = entity.associate("127.0.0.1", port, evt_handlers=[PAUSES_FOR_SENDERS])
    assert association.is_established
    try:
        yield association
    finally:
        association.release()


def listening_threads() -> list[threading.Thread]:
    """Of our listeners: the one that accepts, and two of each association that was accepted."""
    found = []
    for thread in threading.enumerate():
        association = getattr(thread, "assoc", thread)  # the library's reader thread has one
        is_ours = isinstance(getattr(association, "_server", None), AcceptingServer)
        if is_ours or thread.name == "dicom-accept":
            found.append(thread)
    return found


def until(holds: Callable[[], object], seconds: float = 10.0) -> bool:
    """Whether it came to hold in time."""
    deadline_s = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.01)
    return True


def associate_request(
    *, called: str = "TESTED", calling: str = "RAW", sop_class: str = CT, maximum_length: int = 16_384
) -> bytes:
    """An A-ASSOCIATE-RQ PDU with one presentation context, id 1."""
    request = A_ASSOCIATE()
    request.application_context_name = UID("1.2.840.10008.3.1.1.1")
    request.calling_ae_title, request.called_ae_title = calling, called
    length, implementation = MaximumLengthNotification(), ImplementationClassUIDNotification()
    length.maximum_length_received = maximum_length
    implementation.implementation_class_uid = UID("2.25.1")
    request.user_information = [length, implementation]
    context = build_context(sop_class, EXPLICIT)
    context.context_id = 1
    request.presentation_context_definition_list = [context]
    return bytes(A_ASSOCIATE_RQ(request).encode())


def pdu(kind: int, body: bytes) -> bytes:
    """Any PDU."""
    return struct.pack(">BxL", kind, len(body)) + body


def pdv(fragment: bytes, *, context_id: int = 1, is_command: bool = False, is_last: bool = True) -> bytes:
    """A presentation data value item."""
    return struct.pack(">LBB", len(fragment) + 2, context_id, is_command + 2 * is_last) + fragment


def command(field_: int, uid: str, *, has_data_set: bool = True, sop_class: str = CT) -> bytes:
    """A command set without its group length, as an element of which no reader needs it."""

    def element(number: int, value: bytes) -> bytes:
        return struct.pack("<HHL", 0, number, len(value)) + value

    def padded(text: str) -> bytes:
        return text.encode() + b"\x00" * (len(text) % 2)

    return b"".join(
        (
            element(0x0002, padded(sop_class)),
            element(0x0100, struct.pack("<H", field_)),
            element(0x0110, struct.pack("<H", 1)),
            element(0x0700, struct.pack("<H", 0)),
            element(0x0800, struct.pack("<H", 1 if has_data_set else 0x0101)),
            element(0x1000, padded(uid)),
        )
    )


class RawPeer:
    """A connection on which anything can be said."""

    def __init__(self, port: int) -> None:
        self.connection = socket.create_connection(("127.0.0.1", port), 20)

    def __enter__(self) -> RawPeer:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def send(self, data: bytes) -> None:
        """As it is."""
        self.connection.sendall(data)

    def answer(self) -> tuple[int, bytes]:
        """The next PDU: type and body; (0, b"") at the end of the connection."""
        header = self._read(6)
        if len(header) < 6:
            return 0, b""
        kind, length = struct.unpack(">BxL", header)
        return kind, self._read(length)

    def associate(self, **request: Any) -> tuple[int, bytes]:
        """The answer to an A-ASSOCIATE-RQ."""
        self.send(associate_request(**request))
        return self.answer()

    def ends_with_abort(self, source: int = 2, *, stays: bool = False) -> bool:
        """Whether A-ABORT comes, by the provider (2) or the user (0), and then the end.

        stays: the peer does not close its side, so the end comes only when the listener's patience does.
        """
        kind, body = self.answer()
        if not stays:
            with suppress(OSError):  # closed by the listener already
                self.connection.shutdown(socket.SHUT_WR)
        return (kind, body[2] if body else None) == (ABORT, source) and self.answer() == (0, b"")

    def _read(self, count: int) -> bytes:
        found = b""
        try:
            while len(found) < count and (more := self.connection.recv(count - len(found))):
                found += more
        except ConnectionResetError:
            pass
        return found


def status_of(answer: tuple[int, bytes]) -> int:
    """The status in a response's command set, whatever else is in it."""
    kind, body = answer
    assert kind == P_DATA, answer
    at = body.index(struct.pack("<HHL", 0, 0x0900, 2))
    return int(struct.unpack_from("<H", body, at + 8)[0])
