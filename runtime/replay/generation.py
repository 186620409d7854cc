"""Generations of views, as far as they are: each in a directory of its own, which outlives the process."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from sinks.republishing.errors import ReplayRefused

FILLING, KEPT, SWAPPING, SWAPPED = "filling", "kept", "swapping", "swapped"
# How the generations that are made at once are told from others.
AT_ONCE = {"made": "at once"}
_FILE = "generation.json"


@dataclass(slots=True, kw_only=True)
class Generation:
    """One, as far as it is.

    views: their names. asked: which part of history it is made from; empty: all of it. state: filling, kept,
    swapping or swapped. uuids: of its tables, by the names of the live ones. ends: by topic and partition of
    the views, before which offset the live rows tell nothing that it does not know.
    """

    number: int
    views: list[str]
    asked: Mapping[str, str]
    state: str = FILLING
    uuids: dict[str, str] = field(default_factory=dict)
    ends: dict[str, dict[int, int]] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether it is made from all of history."""
        return not self.asked.keys() - AT_ONCE.keys()


class Generations:
    """Those of one installation."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def path(self, generation: Generation) -> Path:
        """Where the exams' states are."""
        return self._directory / str(generation.number)

    @contextmanager
    def held(self) -> Iterator[None]:
        """For one process at a time. Raises ReplayRefused where another one is at it."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._directory / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ReplayRefused("another replay into a view is at work: wait until it is done") from None
            yield

    def all(self) -> list[Generation]:
        """By number. Raises ReplayRefused where one cannot be read."""
        found = sorted(self._directory.glob(f"*/{_FILE}"), key=lambda path: int(path.parent.name))
        return [_read(path) for path in found]

    def unfinished(self, views: Sequence[str], asked: Mapping[str, str]) -> Generation | None:
        """The latest one of these views from this part of history that is not live."""
        found = [one for one in self.all() if (one.views, one.asked) == (list(views), asked)]
        return next((one for one in reversed(found) if one.state != SWAPPED), None)

    def save(self, generation: Generation) -> None:
        """Durable when it returns."""
        place = self.path(generation)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = place / f".{_FILE}"
        with draft.open("wb") as file:
            file.write(orjson.dumps(asdict(generation), option=orjson.OPT_NON_STR_KEYS))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(place / _FILE)

    def forget_states(self, generation: Generation) -> None:
        """The exams' states are needed no more: what it was made of stays known."""
        shutil.rmtree(self.path(generation) / "states", ignore_errors=True)

    def remove(self, generation: Generation) -> None:
        """Nothing of it stays."""
        shutil.rmtree(self.path(generation), ignore_errors=True)


def _read(path: Path) -> Generation:
    try:
        said: dict[str, Any] = orjson.loads(path.read_bytes())
        ends = {topic: {int(k): int(v) for k, v in of.items()} for topic, of in said.pop("ends").items()}
        return Generation(**said, ends=ends)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReplayRefused(f"{path} cannot be read: remove its directory to begin anew") from error
