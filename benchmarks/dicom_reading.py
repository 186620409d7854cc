"""What it costs to read C-STOREs, without storing them: CT slices of 525 KB, and one object of 2 GiB.

Ours is the listener of the DICOM role with a store that only counts; `pynetdicom` is the library's own SCP
that takes the encoded data set, the cheapest that it has without a file. Both negotiate, read and answer; the
sender is storescu. The 2 GiB object is sent by a socket, kept in the encrypted file, read back twice and
sealed piece by piece; its figure is the peak of the process's resident memory. 128 MiB with --quick.
"""

from __future__ import annotations

import socket
import statistics
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from pydicom.uid import UID, EnhancedCTImageStorage, ExplicitVRLittleEndian
from pynetdicom import build_context
from pynetdicom.pdu import A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    MaximumLengthNotification,
)

from benchmarks.dicom_load import Meter, storescu
from benchmarks.dicom_reading_servers import AE_TITLE, LARGE_BYTES, serve_ours, serve_pynetdicom, serving
from benchmarks.dicom_slices import SliceTemplate, identities
from benchmarks.harness import Options, Result, parse_options, progress, report

_STUDIES = 4
_FRAGMENT = bytes(131_000)
_LARGE_BYTES = 2**31


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
    request.calling_ae_title, request.called_ae_title = "LARGE", AE_TITLE
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
        ours = _reading(serve_ours, directory / "ours", files, rounds)
        peer = _reading(serve_pynetdicom, directory / "pynetdicom", files, rounds)
        size_bytes = LARGE_BYTES if options.quick else _LARGE_BYTES
        progress(f"one object of {size_bytes >> 20} MiB")
        began_s = time.monotonic()
        with serving(serve_ours, directory / "large") as server:
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
