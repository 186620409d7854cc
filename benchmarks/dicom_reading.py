"""What it costs to read C-STOREs, without storing them: CT slices of 525 KB, and one object of 2 GiB.

Ours is the listener of the DICOM role with a store that only counts; `pynetdicom` is the library's own SCP
that takes the encoded data set, the cheapest that it has without a file. Both negotiate, read and answer; the
sender is storescu. The 2 GiB object is sent by a socket, kept in the encrypted file, read back twice and
sealed piece by piece; its figure is the peak of the process's resident memory. 128 MiB with --quick.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import resource
import signal
import socket
import statistics
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from pydicom.uid import UID, EnhancedCTImageStorage, ExplicitVRLittleEndian
from pynetdicom import AE, AllStoragePresentationContexts, build_context, evt
from pynetdicom import _config as pynetdicom_settings
from pynetdicom.pdu import A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    MaximumLengthNotification,
)

from benchmarks.dicom_load import Meter, storescu
from benchmarks.dicom_servers import Server
from benchmarks.dicom_slices import SliceTemplate, identities
from benchmarks.harness import Options, Result, parse_options, progress, report
from benchmarks.listening import wait_for
from producers.dicom.associations.libraries import configure_libraries
from producers.dicom.associations.server import StorageServer
from producers.dicom.config import ArchiveConfig, DicomConfig
from producers.dicom.storage.received import Received, dicom_file, sealed_pieces
from runtime.stack.ports import allocate_free_ports
from schemas.keyring import FileKeyRing
from schemas.keyring_config import FileKeyRingConfig

_AE_TITLE = "READING"
_STUDIES = 4
_FRAGMENT = bytes(131_000)
_LARGE_BYTES, _LARGE_QUICK_BYTES = 2**31, 2**27
_SITE_KEY = b"k" * 32


def _serve_ours(port: int, directory: Path) -> None:
    def store(_association: object, received: Received) -> int:
        if received.content.size_bytes >= _LARGE_QUICK_BYTES:
            _seal(directory, received)
        return 0

    configure_libraries()
    config = DicomConfig(
        host="127.0.0.1",
        port=port,
        ae_title=_AE_TITLE,
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


def _serve_pynetdicom(port: int, directory: Path) -> None:
    pynetdicom_settings.LOG_HANDLER_LEVEL = "none"

    def on_store(event: Any) -> int:
        event.encoded_dataset(include_meta=False)
        return 0

    entity = AE(ae_title=_AE_TITLE)
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
        yield Server(port=port, ae_title=_AE_TITLE, processes={"server": process.pid or 0}, infrastructure={})
    finally:
        process.terminate()
        process.join()


def slices(directory: Path, count: int) -> list[Path]:
    """Files of 525 KB, each an instance of its own."""
    template = SliceTemplate()
    files = [directory / f"{number:05}.dcm" for number in range(count)]
    for file, identity in zip(files, identities(count, Random(), studies=_STUDIES), strict=True):
        file.write_bytes(template.content)
        template.patch(file, identity)
    return files


def send_large(port: int, size_bytes: int) -> None:
    """One C-STORE of so many bytes of zeros, and its status. Raises RuntimeError."""
    request = A_ASSOCIATE()
    request.application_context_name = UID("1.2.840.10008.3.1.1.1")
    request.calling_ae_title, request.called_ae_title = "LARGE", _AE_TITLE
    length, implementation = MaximumLengthNotification(), ImplementationClassUIDNotification()
    length.maximum_length_received = 16_384
    implementation.implementation_class_uid = UID("2.25.1")
    request.user_information = [length, implementation]
    context = build_context(EnhancedCTImageStorage, ExplicitVRLittleEndian)
    context.context_id = 1
    request.presentation_context_definition_list = [context]
    with socket.create_connection(("127.0.0.1", port), 600) as peer:
        peer.sendall(A_ASSOCIATE_RQ(request).encode())
        _answer(peer)
        elements = [(0x0002, EnhancedCTImageStorage.encode()), (0x0100, b"\x01\x00"), (0x0110, b"\x01\x00")]
        elements += [(0x0800, b"\x01\x00"), (0x1000, b"2.25.4\x00\x00")]
        command = b"".join(struct.pack("<HHL", 0, tag, len(value)) + value for tag, value in elements)
        peer.sendall(_pdu(command, control=3))
        sent = 0
        while sent < size_bytes:
            fragment = _FRAGMENT[: size_bytes - sent]
            sent += len(fragment)
            peer.sendall(_pdu(fragment, control=2 if sent == size_bytes else 0))
        answer = _answer(peer)
    if struct.pack("<HHLH", 0, 0x0900, 2, 0) not in answer:
        raise RuntimeError("the large object was not stored")


def _pdu(fragment: bytes, *, control: int) -> bytes:
    return struct.pack(">BxLLBB", 4, len(fragment) + 6, len(fragment) + 2, 1, control) + fragment


def _answer(peer: socket.socket) -> bytes:
    header = peer.recv(6, socket.MSG_WAITALL)
    return peer.recv(struct.unpack(">BxL", header)[1], socket.MSG_WAITALL)


def measure(options: Options) -> Result:
    """Both readers, and the large object."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        count, rounds = (200, 3) if options.quick else (1000, 5)
        (directory / "slices").mkdir()
        files = slices(directory / "slices", count)
        ours = _reading(_serve_ours, directory / "ours", files, rounds)
        peer = _reading(_serve_pynetdicom, directory / "pynetdicom", files, rounds)
        size_bytes = _LARGE_QUICK_BYTES if options.quick else _LARGE_BYTES
        progress(f"one object of {size_bytes >> 20} MiB")
        began_s = time.monotonic()
        with serving(_serve_ours, directory / "large") as server:
            send_large(server.port, size_bytes)
        seconds = time.monotonic() - began_s
        ours["large_object_peak_rss_mb"] = int((directory / "large" / "peak").read_text()) / 1024
    return Result(
        benchmark="dicom_reading",
        ours=ours,
        peers={"pynetdicom": peer},
        notes=(f"large object: {size_bytes >> 20} MiB, received and sealed in {seconds:.0f} s",),
    )


def _reading(
    serve: Callable[[int, Path], None], directory: Path, files: list[Path], rounds: int
) -> dict[str, float]:
    cpu_ms, wall_ms = [], []
    with serving(serve, directory) as server:
        storescu(server, files[:20], 1)
        for number in range(rounds):
            progress(f"{directory.name}, round {number + 1} of {rounds}")
            meter = Meter(server)
            storescu(server, files, 1)
            costs = meter.costs()
            cpu_ms.append(costs.cpu_s["server"] * 1000 / len(files))
            wall_ms.append(costs.seconds * 1000 / len(files))
    peak_mb = int((directory / "peak").read_text()) / 1024
    return {
        "cpu_ms_per_slice": statistics.median(cpu_ms),
        "wall_ms_per_slice": statistics.median(wall_ms),
        "peak_rss_mb": peak_mb,
    }


if __name__ == "__main__":
    chosen = parse_options(__doc__)
    report(measure(chosen), chosen)
    sys.exit(0)
