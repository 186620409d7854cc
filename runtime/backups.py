"""Backups of the local stack that this installation made, and what an erasure does in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson

from runtime.erasing.key_ids import parted
from runtime.erasing.search import PartSearch, Seen
from runtime.erasing.tombstones import NAME, merge_tombstones
from runtime.installation import Installation
from schemas.errors import PhiError
from schemas.keyring import FileKeyRing

KEYS_DIRECTORY = "keys"
_REGISTER = "backups.json"


def known_key_backups(installation: Installation) -> tuple[Path, ...]:
    """Where this installation put copies of its key ring."""
    try:
        said = orjson.loads((installation.data / _REGISTER).read_bytes())
        return tuple(Path(str(place)) for place in said["key_backups"])
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError):
        return ()


def remember_key_backup(installation: Installation, place: Path) -> None:
    """Note that a copy of the key ring is at `place`."""
    places = dict.fromkeys([*known_key_backups(installation), place.absolute()])
    draft = installation.data / f"{_REGISTER}.new"
    draft.write_bytes(orjson.dumps({"key_backups": [str(one) for one in places]}))
    draft.replace(installation.data / _REGISTER)


def destroy_in_backups(installation: Installation, key_ids: Iterable[str]) -> list[str]:
    """Destroy these keys and those before them in every copy that can be reached; the places that cannot."""
    wanted, unreached = [parted(key_id) for key_id in key_ids], []
    for place in known_key_backups(installation):
        ring = _ring(installation, place)
        if ring is None:
            unreached.append(str(place))
            continue
        for subject, generation in wanted:
            ring.bury(subject, generation)
        merge_tombstones(place / NAME, dict(wanted))
    return unreached


def search_backups(
    installation: Installation, search: PartSearch
) -> Iterator[tuple[str, Seen, tuple[str, ...]]]:
    """Each copy of the key ring: its place, what it still opens, what is to be known of it."""
    for place in known_key_backups(installation):
        seen, ring = Seen(), _ring(installation, place)
        if ring is None:
            yield (
                str(place),
                seen,
                ("not within reach: `radstream restore` destroys in it what `tombstones.json` names",),
            )
            continue
        for subject in search.subjects:
            seen.examined += 1
            for generation in range(1, sum(ring.generations(subject)) + 1):
                _judge(ring, f"{subject}/{generation}", seen, place)
        yield str(place), seen, ()


def _judge(ring: FileKeyRing, key_id: str, seen: Seen, place: Path) -> None:
    try:
        ring.key(key_id)
    except PhiError:
        seen.closed += 1
    else:
        seen.open += 1
        seen.point_at(f"{place}: {key_id}")


def _ring(installation: Installation, place: Path) -> FileKeyRing | None:
    keys = place / KEYS_DIRECTORY
    try:
        return FileKeyRing(keys, installation.secret_key("site_key")) if keys.is_dir() else None
    except (OSError, PhiError):
        return None
