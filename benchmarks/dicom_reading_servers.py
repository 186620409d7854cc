"""The servers that images are read by, each in a process of its own."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import resource
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom import _config as pynetdicom_settings

from benchmarks.dicom_servers import Server
from benchmarks.listening import wait_for
from producers.dicom.associations.libraries import configure_libraries
from producers.dicom.associations.server import StorageServer
from producers.dicom.config import ArchiveConfig, DicomConfig
from producers.dicom.storage.received import Received, dicom_file, sealed_pieces
from runtime.stack.ports import allocate_free_ports
from schemas.keyring import FileKeyRing
from schemas.keyring_config import FileKeyRingConfig

# An object from this size on is sealed as well; a smaller one is only read.
LARGE_BYTES = 2**27
AE_TITLE = "READING"
_SITE_KEY = b"k" * 32


def serve_ours(port: int, directory: Path) -> None:
    """Our listener, which stores nothing, until SIGTERM."""

    def store(_association: object, received: Received) -> int:
        if received.content.size_bytes >= LARGE_BYTES:
            _seal(directory, received)
        return 0

    configure_libraries()
    config = DicomConfig(
        host="127.0.0.1",
        port=port,
        ae_title=AE_TITLE,
        archive=ArchiveConfig(endpoint="http://127.0.0.1:1", access_key="", secret_key="", bucket="none"),
        bootstrap="127.0.0.1:1",
        registry_url="http://127.0.0.1:1",
        site="BENCHMARK",
        site_secret=b"s" * 32,
        key_ring=FileKeyRingConfig(directory=directory / "keys", site_key=_SITE_KEY),
        state_directory=directory / "state",
    )
    StorageServer(config, store, lambda _study: None).start()
    _until_terminated(directory)


def _seal(directory: Path, received: Received) -> None:
    ring, digest = FileKeyRing(directory / "keys", _SITE_KEY), hashlib.sha256()
    for piece in sealed_pieces(ring, "ab" * 32, received.sop_instance_uid, dicom_file(received)):
        digest.update(piece)


def serve_pynetdicom(port: int, directory: Path) -> None:
    """pynetdicom's own, which stores nothing, until SIGTERM."""
    pynetdicom_settings.LOG_HANDLER_LEVEL = "none"

    def on_store(event: Any) -> int:
        event.encoded_dataset(include_meta=False)
        return 0

    entity = AE(ae_title=AE_TITLE)
    entity.supported_contexts = AllStoragePresentationContexts
    entity.maximum_pdu_size = 2**18
    server: Any = entity.start_server(
        ("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_C_STORE, on_store)]
    )
    server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _until_terminated(directory)


def _until_terminated(directory: Path) -> None:
    """Then leave the peak of the resident memory."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    ended.wait()
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (directory / "peak").write_text(str(peak_kib))
    os._exit(0)  # the sockets' threads are not waited for


@contextmanager
def serving(serve: Callable[[int, Path], None], directory: Path) -> Iterator[Server]:
    """The server in a process of its own."""
    directory.mkdir()
    port = allocate_free_ports(1)[0]
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(port, directory))
    process.start()
    try:
        wait_for(port)
        yield Server(port=port, ae_title=AE_TITLE, processes={"server": process.pid or 0}, infrastructure={})
    finally:
        process.terminate()
        process.join()
