"""What runs at the moment, in `<data>/run/stack.json`: for `status`, `down` and the next start."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

STATE_VERSION = 1
CREATE_TIME_TOLERANCE_S = 2.0  # the kernel derives it from the wall clock, which may be stepped


@dataclass(frozen=True, kw_only=True)
class PartState:
    """One part: `state` is starting, ready, died, stopped or failed; `created_at` a Unix time."""

    state: str
    pid: int | None = None
    created_at: float | None = None
    restarts: int = 0
    ports: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StackState:
    """The supervisor and its parts; `endpoints` are addresses for clients, by name of the service."""

    supervisor_pid: int
    supervisor_created_at: float
    boot_id: str
    started_at: str
    endpoints: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, PartState] = field(default_factory=dict)
    version: int = STATE_VERSION


def state_path(data: Path) -> Path:
    """Where the state of the stack on this data directory is kept."""
    return data / "run" / "stack.json"


def read_state(data: Path) -> StackState | None:
    """The last state written, of a stack that may have died since; None if stopped or unreadable."""
    try:
        document = json.loads(state_path(data).read_text("utf-8"))
        return _decode(document) if document.get("version") == STATE_VERSION else None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, TypeError, KeyError, AttributeError):
        # Never torn by us (it is replaced whole): a foreign file. The lock still guards the directory.
        return None


def running_state(data: Path) -> StackState | None:
    """The state of the stack if its supervisor is alive, else None."""
    state = read_state(data)
    if state is None or state.boot_id != boot_id():
        return None
    return state if is_alive(state.supervisor_pid, state.supervisor_created_at) else None


def write_state(data: Path, state: StackState) -> None:
    """Replaces the state file at once: a reader sees the old one or the new one, never half."""
    path = state_path(data)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(state), file, indent=2)
    draft.replace(path)


def remove_state(data: Path) -> None:
    """Says that nothing runs."""
    state_path(data).unlink(missing_ok=True)


def is_alive(pid: int, created_at: float | None) -> bool:
    """True if the process runs and is the one created at that time, not a later one with its pid."""
    try:
        process = psutil.Process(pid)
        same = created_at is None or abs(process.create_time() - created_at) < CREATE_TIME_TOLERANCE_S
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def created_at(pid: int) -> float | None:
    """When the process was created (Unix time), None if it is gone."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None


def boot_id() -> str:
    """Identity of this boot of the machine: pids of another boot mean nothing."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def _decode(document: dict[str, Any]) -> StackState:
    parts = {name: PartState(**part) for name, part in document.pop("parts").items()}
    return StackState(**document, parts=parts)
