"""One replay to a topic, and how far it is: in a file, so it goes on where it stopped, however it did."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from sinks.republishing.errors import ReplayRefused


@dataclass(slots=True, kw_only=True)
class Run:
    """run_id: what marks its messages. source, target: topics. asked: what was asked for, besides.

    ends: by partition of the source, where it ended when the replay began. offsets: by the same, what comes
    next. positions: by partition of the target, after which offset there may be messages that `offsets` does
    not know of. written: messages that are in the target.
    """

    run_id: str
    source: str
    target: str
    asked: Mapping[str, str]
    positions: dict[int, int]
    ends: dict[int, int] = field(default_factory=dict)
    offsets: dict[int, int] = field(default_factory=dict)
    written: int = 0


class RunFile:
    """Where the replay to one target is noted."""

    def __init__(self, directory: Path, target: str) -> None:
        self._path = directory / f"{target}.json"

    @contextmanager
    def held(self) -> Iterator[None]:
        """For one process at a time. Raises ReplayRefused where another one is at it."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ReplayRefused(
                    "another replay to this topic is at work: wait until it is done"
                ) from None
            yield

    def read(self) -> Run | None:
        """The replay that was not finished, or None. Raises ReplayRefused where the file says nothing."""
        try:
            said: dict[str, Any] = orjson.loads(self._path.read_bytes())
            for name in ("ends", "offsets", "positions"):
                said[name] = {int(partition): int(at) for partition, at in said[name].items()}
            return Run(**said)
        except FileNotFoundError:
            return None
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise ReplayRefused(f"{self._path} cannot be read: remove it to begin anew") from error

    def write(self, run: Run) -> None:
        """Durable when it returns."""
        draft = self._path.with_suffix(".new")
        with draft.open("wb") as file:
            file.write(orjson.dumps(asdict(run), option=orjson.OPT_NON_STR_KEYS))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)

    def exists(self) -> bool:
        """Whether a replay was not finished."""
        return self._path.exists()

    def remove(self) -> None:
        """The replay is done, or given up."""
        self._path.unlink(missing_ok=True)
