"""Resident memory over many images: small ones, made on the way by a sender that needs no disk."""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

from benchmarks.dicom_installation import Running, running
from benchmarks.dicom_servers import Server, rss_mb
from benchmarks.dicom_slices import SliceTemplate, identities
from benchmarks.dicom_upper_layer import (
    ASSOCIATE_AC,
    EXPLICIT_LITTLE,
    RELEASE_RQ,
    Line,
    associate_request,
    c_store,
    p_data,
    pdu,
)
from benchmarks.harness import Result, progress

_CT = "1.2.840.10008.5.1.4.1.1.2"
_SIDE = 64
_ASSOCIATIONS = 4
_PER_ASSOCIATION = 500
_PER_STUDY = 250
_TIMEOUT_S = 120.0
_SAMPLE_S = 2.0


def measure_memory(instances: int) -> Result:
    """What ours holds while so many come in, and until they are in the object store."""
    with tempfile.TemporaryDirectory(prefix="radstream-bench-") as directory:
        return asyncio.run(_measure(instances, Path(directory)))


async def _measure(instances: int, data: Path) -> Result:
    progress("starting Kafka, the schema registry, the object store and the listener")
    async with running(data) as ours:
        figures = await asyncio.to_thread(_watched, ours, instances)
    return Result(
        benchmark=f"dicom_receive, {instances:,} images of {_SIDE} x {_SIDE}", ours=figures, peers={}
    )


def _watched(ours: Running, instances: int) -> dict[str, float]:
    began_s = time.monotonic()
    samples: list[tuple[int, dict[str, float]]] = []
    sent = [0] * _ASSOCIATIONS
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_SAMPLE_S):
            now = {name: rss_mb(pid) for name, pid in ours.server.processes.items()}
            samples.append((sum(sent), now))
            rss = ", ".join(f"{name} {size:.0f} MB" for name, size in now.items())
            progress(f"  {time.monotonic() - began_s:5.0f} s, {sum(sent):,} images: {rss}")

    watcher = threading.Thread(target=watch, name="memory")
    watcher.start()
    try:
        with ThreadPoolExecutor(_ASSOCIATIONS) as senders:
            list(
                senders.map(
                    lambda number: _send(ours.server, instances // _ASSOCIATIONS, sent, number),
                    range(_ASSOCIATIONS),
                )
            )
        took_s = time.monotonic() - began_s
        ours.await_events(sum(sent), 0.1 * instances + 120)
        archived_s = time.monotonic() - began_s
    finally:
        done.set()
        watcher.join()
    figures = {
        "instances": float(sum(sent)),
        "instances_per_s": round(sum(sent) / took_s, 1),
        "archived_per_s": round(sum(sent) / archived_s, 1),
    }
    for name in ours.server.processes:
        figures |= _course(name, [(count, rss[name]) for count, rss in samples])
    return figures


def _course(name: str, samples: list[tuple[int, float]]) -> dict[str, float]:
    """Peak, and growth from the middle of the run to its end."""
    total, last = samples[-1]
    middle = next(size for count, size in samples if count >= total / 2)
    return {
        f"{name}_rss_mb_half": round(middle, 1),
        f"{name}_rss_mb_end": round(last, 1),
        f"{name}_rss_mb_peak": round(max(size for _, size in samples), 1),
        f"{name}_kb_per_1000_images": round(1024 * (last - middle) / (total / 2) * 1000, 1),
    }


def _send(server: Server, count: int, sent: list[int], number: int) -> None:
    """Association after association, as modalities have it. Raises RuntimeError where an image is refused."""
    template, random = SliceTemplate(_SIDE), Random()
    for first in range(0, count, _PER_ASSOCIATION):
        share = min(_PER_ASSOCIATION, count - first)
        made = identities(share, random, studies=-(-share // _PER_STUDY))
        with Line(server.port, _TIMEOUT_S) as line:
            line.send(associate_request(server.ae_title, f"CT{number:02}", [(1, _CT, [EXPLICIT_LITTLE])]))
            kind, _ = line.read()
            if kind != ASSOCIATE_AC:
                raise RuntimeError(f"no association: PDU type {kind}")
            for message, identity in enumerate(made):
                request = p_data(1, c_store(message + 1, _CT, identity.instance), is_command=True)
                line.send(request + p_data(1, template.data_set(identity), is_command=False))
                if (status := line.status()) != 0:
                    raise RuntimeError(f"an image is refused: {status}")
                sent[number] += 1
            line.send(pdu(RELEASE_RQ, bytes(4)))
            line.read()
