"""The file in which a part says what it has done (`<data>/run/metrics/PART.json`), and reading it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import structlog

log = structlog.get_logger(__name__)


def write_metrics(path: Path, figures: Mapping[str, Any]) -> None:
    """Replace the file at once: a reader sees a whole document. Where the disk does not take it, say so."""
    draft = path.with_suffix(".new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.write_bytes(orjson.dumps({**figures, "pid": os.getpid()}))
        draft.replace(path)
    except OSError as error:
        log.warning("metrics_not_written", path=str(path), reason=type(error).__name__)


def read_metrics(directory: Path) -> dict[str, dict[str, Any]]:
    """What each part said of itself last, by part; of a part that has said nothing there is nothing."""
    found = {}
    for path in sorted(directory.glob("*.json")):
        try:
            document = orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError):
            continue
        if isinstance(document, dict):
            found[path.stem] = document
    return found
