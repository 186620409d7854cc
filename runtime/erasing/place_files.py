"""Files of the data directory: spools, journals, state, users, logs. Stores are asked in their own words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from runtime.erasing.search import PartSearch, Seen

# What these parts hold is compressed or split as it lies: it is read through Kafka, SQL and S3 instead.
# keys/ and secrets/ hold keys; certificates name the patient's pseudonym and nothing else.
STORES = ("kafka", "clickhouse", "objects", "keys", "secrets", "erasures")
_PIECE_BYTES = 8 * 1024 * 1024
_OVERLAP_BYTES = 4096


def search_files(data: Path, search: PartSearch) -> dict[str, Seen]:
    """By the first part of the path what was found. What is taken away meanwhile is passed over."""
    found: dict[str, Seen] = {}
    for path in sorted(data.rglob("*")):
        inside = path.relative_to(data)
        if inside.parts[0] in STORES or path.is_symlink() or not path.is_file():
            continue
        seen = found.setdefault(inside.parts[0], Seen())
        seen.examined += 1
        for piece in _pieces(path):
            in_piece = Seen()
            search.look(piece, in_piece, str(inside))
            _add(seen, in_piece)
    return found


def _add(seen: Seen, more: Seen) -> None:
    seen.closed += more.closed
    seen.open += more.open
    seen.since += more.since
    seen.in_clear += more.in_clear
    for where in more.where:
        seen.point_at(where)


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            before = b""
            while piece := file.read(_PIECE_BYTES):
                yield before + piece
                before = piece[-_OVERLAP_BYTES:]
    except OSError:
        return
