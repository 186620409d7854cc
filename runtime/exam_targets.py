"""The targets in force for an exam, for its page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from processors.alerts.known_exam import known_exam
from processors.alerts.targets import fits
from runtime.targets import TargetsUnusable, read_targets
from schemas.parts import Target
from schemas.views import WorklistRow


class TargetsInFile:
    """The file as it is now; read again when it has changed. A mistake in it leaves what was."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet."""
        self._path = path
        self._read_ns = -1
        self._targets: tuple[Target, ...] = ()

    def __call__(self, row: WorklistRow) -> Mapping[str, timedelta]:
        """By interval: of the targets that fit the exam the first counts."""
        exam = known_exam(row, 0)
        found: dict[str, timedelta] = {}
        for target in self.targets():
            if fits(target, exam):
                found.setdefault(target.interval, timedelta(seconds=target.due_s))
        return found

    def targets(self) -> tuple[Target, ...]:
        """What the file declares now; the same object until that changes."""
        try:
            changed_ns = self._path.stat().st_mtime_ns
            if changed_ns != self._read_ns:
                self._read_ns = changed_ns
                self._targets = read_targets(self._path)
        except (OSError, TargetsUnusable):
            pass  # the alerts tell of it, in their log
        return self._targets
