"""Whether workers of different makes folded the same log to the same last states and rows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from benchmarks.fold_oracle import read_topic
from benchmarks.fold_workers import WorkerSpec
from benchmarks.harness import progress


def digest(value: bytes) -> bytes:
    """What two values are compared by."""
    return hashlib.blake2b(value, digest_size=16).digest()


def check_agreement(spec: WorkerSpec, bootstrap: str, wanted: Mapping[str, Mapping[bytes, bytes]]) -> None:
    """`wanted`: digests by exam for `state`, `worklist` and `turnaround`. Raises RuntimeError."""
    progress(f"{spec.name}: comparing its final states and rows")
    topics = dict(zip(("state", "worklist", "turnaround"), (spec.changelog, *spec.outputs), strict=True))
    for kind, topic in topics.items():
        suffix = spec.state_suffix if kind == "state" else b""
        found = {
            key.removesuffix(suffix): digest((value or b"").removeprefix(spec.state_prefix))
            for _, key, value in read_topic(bootstrap, topic)
            if key.endswith(suffix)
        }
        wrong = sum(found.get(key) != right for key, right in wanted[kind].items())
        if wrong or len(found) != len(wanted[kind]):
            raise RuntimeError(
                f"{spec.name}: {kind} of {wrong} exams differs; {len(found)} for {len(wanted[kind])}, "
                f"such as {sorted(found.keys() - wanted[kind].keys())[:3]}"
            )
