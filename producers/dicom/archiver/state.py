"""What the archiver has to remember when the spool has forgotten: one file, replaced as a whole."""

from __future__ import annotations

from pathlib import Path

import structlog

from producers.dicom.archiver.open_studies import OpenStudies
from producers.dicom.completeness.completeness import Completeness
from producers.dicom.completeness.facts import CompletenessConfig
from producers.dicom.entry_files import read_entry, set_aside, write_entry

log = structlog.get_logger("dicom")


class ArchiverState:
    """The studies that are under way. No PHI in clear."""

    def __init__(self, path: Path, config: CompletenessConfig) -> None:
        """What was saved last; nothing at first. A damaged file is set aside and logged. Raises OSError."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for aside in path.parent.glob("*.new"):
            aside.unlink()
        self._path = path
        self.has_changed = False
        self.open, self.completeness = OpenStudies(), Completeness(config)
        try:
            record = read_entry(path)
            self.open = OpenStudies(record["open"])
            self.completeness = Completeness(config, record["completeness"])
        except FileNotFoundError:
            return
        except (ValueError, KeyError, TypeError):
            set_aside(path)
            log.error("archiver's state damaged, set aside", file=path.name)

    def save(self) -> None:
        """Durable on return. Raises OSError."""
        if self.has_changed:
            record = {"open": self.open.to_record(), "completeness": self.completeness.to_record()}
            write_entry(self._path, record)
            self.has_changed = False
