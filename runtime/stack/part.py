"""One process of the local stack, as a value: what to run and how to see that it serves."""

from __future__ import annotations

import types
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Probe = Callable[[], bool | Awaitable[bool]]
"""True once the part serves. Called in a thread; it bounds its own waiting to a few seconds."""


def _nothing_to_prepare() -> None:
    """Most parts need nothing on disk before they start."""


def ready_at_once() -> bool:
    """The probe of a part that serves nobody, such as the simulator."""
    return True


@dataclass(frozen=True, kw_only=True)
class Part:
    """A supervised process.

    Parts start in ascending order of `tier` and stop in descending order; the parts of one tier do
    both at the same time. `env` is laid over the supervisor's own environment. `prepare` runs in a
    thread before every start and raises `StackError` where starting makes no sense. A part with
    `once` may exit with 0, which ends it; every other exit is a death, and it is started again.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=lambda: types.MappingProxyType({}))
    ports: Mapping[str, int] = field(default_factory=lambda: types.MappingProxyType({}))
    ready: Probe = ready_at_once
    ready_timeout_s: float = 60.0
    tier: int = 1
    stop_grace_s: float = 3.0
    once: bool = False
    cwd: Path | None = None
    prepare: Callable[[], None] = _nothing_to_prepare
