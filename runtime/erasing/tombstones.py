"""Which keys were destroyed, outside of the key ring: so that an old copy of the ring brings none back."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import orjson

from runtime.erasing.key_ids import parted

DIRECTORY, NAME = "erasures", "tombstones.json"


def read_tombstones(path: Path) -> Mapping[str, int]:
    """By subject the last generation that is destroyed. Empty where there is no such file.

    Raises ValueError where it is another kind of file.
    """
    try:
        said = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    if not isinstance(said, dict) or not all(isinstance(value, int) for value in said.values()):
        raise ValueError(f"{path} is no list of destroyed keys")
    return {str(subject): int(generation) for subject, generation in said.items()}


def add_tombstones(path: Path, key_ids: Iterable[str]) -> None:
    """Note, durably, that these keys and those before them are destroyed."""
    merge_tombstones(path, dict(map(parted, key_ids)))


def merge_tombstones(path: Path, more: Mapping[str, int]) -> None:
    """Note these as well, durably. Raises ValueError, OSError."""
    known = dict(read_tombstones(path))
    for subject, generation in more.items():
        known[subject] = max(generation, known.get(subject, 0))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_bytes(orjson.dumps(known, option=orjson.OPT_SORT_KEYS))
    with draft.open("rb+") as file:
        os.fsync(file.fileno())
    draft.replace(path)
