"""What of which history was loaded: a small file, so that a load that was killed goes on where it was."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from producers.history.synthetic import SyntheticHistory


class ManifestDamaged(Exception):
    """The file is no manifest; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One history, and how far it is.

    `exams`, `events`: known to be in Kafka. `growth`: how many times as large as its file's the
    department is.
    """

    history: SyntheticHistory
    growth: float
    exams: int = 0
    events: int = 0
    is_complete: bool = False

    def at(self, exams: int, events: int, *, is_complete: bool = False) -> Manifest:
        """The same history, so far on."""
        return replace(self, exams=exams, events=events, is_complete=is_complete)


def read_manifests(path: Path) -> list[Manifest]:
    """Every history that was begun, in that order. Raises ManifestDamaged, OSError."""
    if not path.exists():
        return []
    try:
        return [_manifest(one) for one in orjson.loads(path.read_bytes())]
    except (ValueError, KeyError, TypeError) as error:
        raise ManifestDamaged(f"{path}: {error}; move it away to begin anew") from None


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Put `manifest` in the place of what was known of the same history; durable. Raises as reading does."""
    others = [one for one in read_manifests(path) if one.history != manifest.history]
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    with draft.open("wb") as file:
        file.write(orjson.dumps([_document(one) for one in (*others, manifest)], option=orjson.OPT_INDENT_2))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _document(manifest: Manifest) -> dict[str, Any]:
    history = manifest.history
    return {
        "begins_at": history.begins_at,
        "ends_at": history.ends_at,
        "seed": history.seed,
        "site": history.site,
        "zone": history.zone,
        "exams_per_year": history.exams_per_year,
        "department_file": str(history.department_file),
        "growth": manifest.growth,
        "exams": manifest.exams,
        "events": manifest.events,
        "is_complete": manifest.is_complete,
    }


def _manifest(document: dict[str, Any]) -> Manifest:
    history = SyntheticHistory(
        begins_at=datetime.fromisoformat(document["begins_at"]),
        ends_at=datetime.fromisoformat(document["ends_at"]),
        seed=document["seed"],
        site=document["site"],
        zone=document["zone"],
        exams_per_year=document["exams_per_year"],
        department_file=Path(document["department_file"]),
    )
    return Manifest(
        history, document["growth"], document["exams"], document["events"], document["is_complete"]
    )
