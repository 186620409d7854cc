"""What it costs to keep an image sealed: CPU per CT slice of 525 KB, and throughput on two threads.

`ours` seals the whole object (`schemas/image_envelope.py`). `nothing` is a SHA-256 and no encryption, what
a store in clear costs. `deidentified` is the alternative: the header is parsed, the attributes that identify
are taken out, the rest is written as a file of its own in clear, and the header is sealed apart; it opens by
putting both together again. The figures of a C-STORE are those of the listener's own steps without the
network: data set to file, attributes, sealing and SHA-256.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC
from pathlib import Path

from benchmarks.harness import Options, Result, cpu_us_per_call, parse_options, progress, report
from benchmarks.slices_at_rest import PATIENT, ct_slice, deidentified, put_together
from producers.dicom.storage.attributes import read_attributes
from producers.dicom.storage.content import MemoryContent, whole
from producers.dicom.storage.received import Received, dicom_file, sealed_file
from schemas.image_envelope import SealedImage, open_image
from schemas.image_sealing import seal_image
from schemas.keyring import FileKeyRing
from schemas.phi import KeyRing


def threads_speedup(call: Callable[[], object], seconds: float) -> float:
    """Calls per second of two threads divided by those of one: near 2 where the GIL is let go."""
    return round(_calls_per_s(call, 2, seconds) / _calls_per_s(call, 1, seconds), 2)


def _calls_per_s(call: Callable[[], object], threads: int, seconds: float) -> float:
    counts = [0] * threads
    end_s = time.monotonic() + seconds

    def work(number: int) -> None:
        while time.monotonic() < end_s:
            call()
            counts[number] += 1

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(counts) / seconds


def measure(options: Options) -> Result:
    """All figures, on a key ring of files."""
    seconds = 0.5 if options.quick else 4.0
    with tempfile.TemporaryDirectory() as directory:
        ring = FileKeyRing(Path(directory) / "keys", os.urandom(32))
        return _measured(ring, ct_slice(), seconds)


def _measured(ring: KeyRing, received: Received, seconds: float) -> Result:
    uid, file = received.sop_instance_uid, dicom_file(received)
    content = whole(file)
    sealed = sealed_file(ring, PATIENT, uid, file).content
    if open_image(ring, uid, sealed) != content:
        raise RuntimeError("the image that was opened is not the one that was sealed")

    def stored_in_clear() -> object:
        file = dicom_file(received)
        return read_attributes(received, UTC), hashlib.sha256(whole(file)).hexdigest()

    def stored_sealed() -> object:
        file = dicom_file(received)
        return read_attributes(received, UTC), sealed_file(ring, PATIENT, uid, file)

    def one_range() -> object:
        return SealedImage(ring, uid, lambda at, size: sealed[at : at + size]).read(300_000, 4096)

    def ms(name: str, call: Callable[[], object]) -> float:
        progress(name)
        return round(cpu_us_per_call(call, seconds=seconds) / 1000, 3)

    ours = {
        "seal_cpu_ms": ms("seal", lambda: sealed_file(ring, PATIENT, uid, MemoryContent(content))),
        "open_cpu_ms": ms("open", lambda: open_image(ring, uid, sealed)),
        "c_store_cpu_ms": ms("a C-STORE's steps, sealed", stored_sealed),
        "range_4_kib_cpu_ms": ms("a range", one_range),
    }
    nothing = {
        "seal_cpu_ms": ms("SHA-256 alone", lambda: hashlib.sha256(content).hexdigest()),
        "open_cpu_ms": ms("a copy", lambda: bytes(memoryview(content))),
        "c_store_cpu_ms": ms("a C-STORE's steps, in clear", stored_in_clear),
    }
    without_header = {
        "seal_cpu_ms": ms("de-identify and seal the header", deidentified(ring, uid, content)),
        "open_cpu_ms": ms("put header and image together", put_together(ring, uid, content)),
    }
    return Result(
        benchmark="image_at_rest",
        ours=ours,
        peers={"nothing": nothing, "deidentified": without_header},
        notes=_notes(ring, uid, content, ours, seconds),
    )


def _notes(
    ring: KeyRing, uid: str, content: bytes, ours: dict[str, float], seconds: float
) -> tuple[str, ...]:
    megabytes = len(content) / 1e6
    by_segment = []
    for power in (16, 18, 20):

        def seal(size: int = 1 << power) -> bytes:
            return b"".join(seal_image(ring, PATIENT, uid, content, segment_bytes=size))

        by_segment.append(f"{(1 << power) >> 10} KiB {cpu_us_per_call(seal, seconds=seconds) / 1000:.3f} ms")
    speedup = threads_speedup(
        lambda: sealed_file(ring, PATIENT, uid, MemoryContent(content)), max(seconds / 2, 0.5)
    )
    seal_mb_s, open_mb_s = (megabytes / ours[name] * 1000 for name in ("seal_cpu_ms", "open_cpu_ms"))
    return (
        f"{len(content):,} bytes; seal (with both SHA-256) {seal_mb_s:,.0f} MB/s, open {open_mb_s:,.0f} MB/s",
        f"sealing without the SHA-256 of the object, by segment: {', '.join(by_segment)}",
        f"two threads seal {speedup:.2f} times as much as one (2: the interpreter's lock is let go)",
    )


if __name__ == "__main__":
    chosen = parse_options(__doc__)
    report(measure(chosen), chosen)
