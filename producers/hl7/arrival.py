"""A message on its way through the listener."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from producers.hl7.message import Message


@dataclass(slots=True)
class Arrival:
    """`answered` gets the answers. `message` is None until it is parsed; `is_whole`: not cut off by us."""

    raw: bytes
    is_whole: bool
    recorded_at: datetime
    answered: Callable[[list[bytes]], None]
    message: Message | None = None
