"""Which studies are being received, on disk, so that a crash cannot lose the ImagesStored that is due.

An entry is durable before the study's first image is acknowledged, and goes when ImagesStored was. It holds
no PHI in clear.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from producers.dicom.entry_files import phi_of, phi_record, read_entry, set_aside, write_entry
from schemas.parts import SealedPhi

log = structlog.get_logger("dicom")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyEntry:
    """One study in one association.

    phi: bound to entry_id. noted_at: by the department's clock; noted_wall_at: by the wall's. UTC.
    """

    entry_id: str
    study_instance_uid: str
    exam_id: str
    accession_number: str | None
    patient_key: str | None
    modality: str | None
    calling_ae_title: str
    phi: SealedPhi | None
    noted_at: datetime
    noted_wall_at: datetime


class Journal:
    """A directory with one file for each entry."""

    def __init__(self, directory: Path) -> None:
        """Raises OSError where the directory cannot be written."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory

    def write(self, entry: StudyEntry) -> None:
        """Durable on return. Raises OSError."""
        record = asdict(entry)
        record["phi"] = phi_record(entry.phi)
        record["noted_at"] = entry.noted_at.isoformat()
        record["noted_wall_at"] = entry.noted_wall_at.isoformat()
        write_entry(self._path(entry.entry_id), record)

    def remove(self, entry: StudyEntry) -> None:
        """A crash may bring it back: ImagesStored is then said twice, under one id."""
        self._path(entry.entry_id).unlink(missing_ok=True)

    def leftovers(self) -> list[StudyEntry]:
        """The entries of an earlier run. A damaged one is set aside and logged."""
        for aside in self._directory.glob("*.new"):
            aside.unlink()
        entries = []
        for path in sorted(self._directory.glob("*.json")):
            try:
                entries.append(_decoded(read_entry(path)))
            except (ValueError, KeyError, TypeError):
                set_aside(path)
                log.error("journal entry damaged, set aside", file=path.name)
        return entries

    def _path(self, entry_id: str) -> Path:
        return self._directory / f"{entry_id}.json"


def _decoded(record: dict[str, Any]) -> StudyEntry:
    times = {name: datetime.fromisoformat(record[name]) for name in ("noted_at", "noted_wall_at")}
    return StudyEntry(**{**record, **times, "phi": phi_of(record["phi"])})
