"""The spool's other side: entries in their order, for the one process that archives them."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from producers.dicom.spool.entry import EntryDamaged, EntryFile, read_entry_file
from producers.dicom.spool.room import IMAGE, NOTE, SpoolDepth, measure
from producers.dicom.spool.used_files import UsedFiles

log = structlog.get_logger("dicom")
_SET_ASIDE = "aside"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. number: its place in the order."""

    number: int
    file: EntryFile

    @property
    def is_note(self) -> bool:
        """Whether it is a note, and no image."""
        return self.file.path.suffix == NOTE

    @property
    def instance_uid(self) -> str | None:
        """The SOP Instance UID of an image, as its facts name it."""
        attributes = self.file.facts.get("attributes")
        return attributes.get("sop_instance_uid") if isinstance(attributes, dict) else None


class SpoolReader:
    """Of one thread. What it gives stays in the spool until it is removed."""

    def __init__(self, directory: Path) -> None:
        """Raises OSError where the directory cannot be made."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._used = UsedFiles(directory)

    def names(self) -> list[str]:
        """The names of all entries, in their order.

        An entry that was durable before another was begun stands before it.
        """
        with os.scandir(self._directory) as found:
            return sorted(entry.name for entry in found if entry.name.endswith((IMAGE, NOTE)))

    def read(self, names: Sequence[str]) -> list[Entry]:
        """The entries of that name. A damaged one is set aside and logged."""
        entries = []
        for name in names:
            path = self._directory / name
            try:
                entries.append(Entry(int(path.stem), read_entry_file(path)))
            except FileNotFoundError:
                continue
            except (EntryDamaged, ValueError) as error:
                self.set_aside(path, f"damaged: {error}")
        return entries

    def remove(self, entries: Sequence[Entry]) -> None:
        """They are done. A power cut may bring them back: then they are done again. Raises OSError."""
        self._used.keep([entry.file.path for entry in entries])

    def set_aside(self, path: Path, reason: str) -> None:
        """Keep what can never be archived out of the way, for whoever looks into it."""
        aside = self._directory / _SET_ASIDE
        aside.mkdir(mode=0o700, exist_ok=True)
        path.rename(aside / path.name)
        log.error("spool entry set aside", entry=path.name, reason=reason)

    def changed_ns(self) -> int:
        """Changes whenever an entry is begun, gets its name or goes. Raises OSError."""
        return os.stat(self._directory).st_mtime_ns  # noqa: PTH116 - asked many times a second

    def age_s(self, name: str) -> float:
        """How long ago the entry was written; 0 where it is gone, or the clock was set back."""
        try:
            written_s = (self._directory / name).stat().st_mtime
        except FileNotFoundError:
            return 0.0
        return max(time.time() - written_s, 0.0)

    def depth(self) -> SpoolDepth:
        """What waits."""
        return measure(self._directory)
