"""The performed procedure steps on disk: what an N-SET changes and what it may no longer change.

A file for each step, replaced as a whole, durable before the modality gets its success. Who the patient is
stands there only sealed, bound to the step's UID.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from producers.dicom.entry_files import phi_of, phi_record, read_entry, set_aside, write_entry
from producers.dicom.mpps.dose import Dose
from producers.dicom.mpps.step import PerformedStep, StepExam
from schemas.parts import SealedPhi

log = structlog.get_logger("dicom")
_DAY_S = 24 * 3600.0
_PRUNE_EVERY_S = 3600.0


@dataclass(frozen=True, slots=True)
class KnownStep:
    """A step and its patient. `phi` is bound to the step's SOP Instance UID."""

    step: PerformedStep
    patient_key: str | None
    phi: SealedPhi | None


class StepJournal:
    """A directory with one file for each step. A step's calls must not overlap."""

    def __init__(self, directory: Path, keep_final_days: float = 7, keep_days: float = 60) -> None:
        """Raises OSError where the directory cannot be written.

        keep_final_days: how long a final step refuses updates; afterwards it is unknown.
        keep_days: when a step that never ended is forgotten.
        """
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._keep_final_s = keep_final_days * _DAY_S
        self._keep_s = keep_days * _DAY_S
        self._pruned_s = float("-inf")
        self._prune()

    def write(self, known: KnownStep) -> None:
        """Durable on return. Raises OSError."""
        step = asdict(known.step)
        step["started_at"] = known.step.started_at.isoformat()
        step["ended_at"] = known.step.ended_at and known.step.ended_at.isoformat()
        record = {"step": step, "patient_key": known.patient_key, "phi": phi_record(known.phi)}
        write_entry(self._path(known.step.sop_instance_uid), record)
        if time.monotonic() - self._pruned_s > _PRUNE_EVERY_S:
            self._prune()

    def read(self, sop_instance_uid: str) -> KnownStep | None:
        """The step, or None where there is none; a damaged one is set aside. Raises OSError."""
        path = self._path(sop_instance_uid)
        try:
            return _known(read_entry(path))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            set_aside(path)
            log.error("performed step damaged, set aside", file=path.name)
            return None

    def _path(self, sop_instance_uid: str) -> Path:
        """The caller has checked the UID: digits and dots."""
        return self._directory / f"{sop_instance_uid}.json"

    def _prune(self) -> None:
        """Forget what is old; a file that is just being written is not."""
        self._pruned_s, now_s = time.monotonic(), time.time()
        for path in self._directory.iterdir():
            try:
                age_s = now_s - path.stat().st_mtime
                if age_s > self._keep_s or (age_s > self._keep_final_s and not self._is_open(path)):
                    path.unlink()
            except FileNotFoundError:
                continue  # another association's write has moved it

    def _is_open(self, path: Path) -> bool:
        try:
            return path.suffix == ".json" and not _known(read_entry(path)).step.is_final
        except (ValueError, KeyError, TypeError):
            log.error("performed step damaged, forgotten", file=path.name)
            return False


def _known(record: dict[str, Any]) -> KnownStep:
    step = dict(record["step"])
    step["exams"] = tuple(StepExam(**exam) for exam in step["exams"])
    step["dose"] = Dose(**step["dose"])
    # Steps of earlier versions name none.
    step["images"] = {series: tuple(uids) for series, uids in step.get("images", {}).items()}
    step["started_at"] = datetime.fromisoformat(step["started_at"])
    step["ended_at"] = step["ended_at"] and datetime.fromisoformat(step["ended_at"])
    return KnownStep(PerformedStep(**step), record["patient_key"], phi_of(record["phi"]))
