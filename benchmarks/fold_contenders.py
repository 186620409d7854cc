"""Who folds the department-year: the worker that an installation runs, and the same fold in Quix Streams."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from benchmarks.fold_workers import WorkerSpec, peer_python
from processors.config import APP_ID
from runtime.installation import Installation
from runtime.parts import role_command
from schemas.topics import EVENTS, FOLD_CHANGELOG, TURNAROUND, WORKLIST

OURS, PEER = "radstream", "Quix Streams"
_PEER = "quixstreams"


def our_worker(installation: Installation) -> WorkerSpec:
    """The process that an installation runs."""
    return WorkerSpec(
        name=OURS,
        command=tuple(role_command("fold")),
        environment={**os.environ, **installation.environment()},
        state_directory=installation.data / "fold",
        group=APP_ID,
        changelog=FOLD_CHANGELOG,
        outputs=(WORKLIST, TURNAROUND),
        ready="fold_ready",
    )


def peer_worker(installation: Installation, ids: Mapping[str, int]) -> WorkerSpec:
    """The peer's, in an environment of its own. `ids`: what the registry calls each contract."""
    outputs = (f"{_PEER}.worklist", f"{_PEER}.turnaround")
    root = Path(__file__).parent.parent
    return WorkerSpec(
        name=PEER,
        command=(
            peer_python(installation.settings.cache),
            "-m",
            "benchmarks.peers.fold_quixstreams",
            json.dumps(_asked_of_peer(installation, ids, outputs)),
        ),
        environment={**os.environ, "PYTHONPATH": str(root)},
        state_directory=installation.data / _PEER,
        group=_PEER,
        changelog=f"changelog__{_PEER}--{EVENTS}--default",
        outputs=outputs,
        ready="ready",
        state_suffix=b'|"exam"',
        state_prefix=b"radstate",
    )


def _asked_of_peer(
    installation: Installation, ids: Mapping[str, int], outputs: tuple[str, str]
) -> dict[str, object]:
    """What `benchmarks.peers.fold_quixstreams` is started with."""
    return {
        "bootstrap": installation.kafka_bootstrap,
        "group": _PEER,
        "state_directory": str(installation.data / _PEER),
        "partitions": installation.settings.kafka_partitions,
        "source": EVENTS,
        "outputs": outputs,
        "ids": dict(ids),
    }
