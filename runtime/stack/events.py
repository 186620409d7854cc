"""What happens to the parts of the stack, for the terminal, the log and the state file."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    """The life of a part: started, ready, then died and restarted, or stopped, or failed for good."""

    STARTED = "started"
    READY = "ready"
    DIED = "died"
    RESTARTED = "restarted"
    STOPPED = "stopped"
    FAILED = "failed"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class StackEvent:
    """One step in a part's life. `exit_code` and `signal` (a name, SIGKILL) exclude each other."""

    kind: EventKind
    part: str
    pid: int | None = None
    exit_code: int | None = None
    signal: str | None = None
    detail: str = ""
    occurred_at: datetime = field(default_factory=_now)

    def __str__(self) -> str:
        cause = self.signal or (f"exit code {self.exit_code}" if self.exit_code else "")
        words = [self.part, self.kind.value, f"({cause})" if cause else "", self.detail]
        return " ".join(word for word in words if word)

    def as_json(self) -> str:
        """One line of the supervisor's log."""
        fields: dict[str, Any] = {
            "occurred_at": self.occurred_at.isoformat(timespec="milliseconds"),
            "kind": self.kind.value,
            "part": self.part,
            "pid": self.pid,
            "exit_code": self.exit_code,
            "signal": self.signal,
            "detail": self.detail,
        }
        return json.dumps({name: value for name, value in fields.items() if value not in (None, "")})


OnEvent = Callable[[StackEvent], None]


def exit_fields(return_code: int) -> dict[str, Any]:
    """`exit_code` or `signal` of a return code in the convention of `subprocess` (-9 is SIGKILL)."""
    if return_code >= 0:
        return {"exit_code": return_code}
    try:
        return {"signal": signal.Signals(-return_code).name}
    except ValueError:
        return {"signal": f"signal {-return_code}"}
