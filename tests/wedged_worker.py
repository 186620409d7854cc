"""`radstream run fold` whose agent waits for ever in its first life; with short timeouts for the test.

A user sees the like when a client library forgets a future: nothing fails, nothing is logged, nothing moves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from processors.config import FoldConfig
from processors.flush import Flusher
from processors.worker import serve
from runtime.installation import Installation
from runtime.roles import fold
from runtime.settings import Settings

SESSION_S = 3.0
STALLED_AFTER_S = 8.0


async def _for_ever(*_: Any) -> None:
    await asyncio.Event().wait()


def _serve_impatiently(config: FoldConfig, ready: Callable[[], None] | None = None) -> None:
    serve(replace(config, session_timeout_s=SESSION_S, stalled_after_s=STALLED_AFTER_S), ready)


def main() -> None:
    """Run it."""
    installation = Installation(Settings())
    lived = installation.data / "lived"
    if not lived.exists():
        lived.touch()
        setattr(Flusher, Flusher.flush.__name__, _for_ever)
    setattr(fold, serve.__name__, _serve_impatiently)
    fold.run(installation)


if __name__ == "__main__":
    main()
