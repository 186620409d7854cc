"""The file of targets, looked at again and again: read when it has changed, and has come to rest."""

from __future__ import annotations

from pathlib import Path

import structlog

from processors.alerts.targets_file import InvalidTargets, parse_targets
from schemas.parts import Target

log = structlog.get_logger("alerts")
_Look = tuple[int, int, int]


class WatchedTargets:
    """One file. A mistake in it is told once, and leaves in force what was."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: _Look | None = None
        self._seen: _Look | None = None

    def read(self) -> tuple[Target, ...]:
        """What it says now. Raises InvalidTargets where that cannot be."""
        self._read = self._seen = self._look()
        try:
            return parse_targets(self._path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidTargets(f"cannot be read: {type(error).__name__}") from error

    def changed(self) -> tuple[Target, ...] | None:
        """What it says, if that is new since the last time; None where it is not, or is a mistake.

        Only a file that looked the same the time before is read: an editor may be at it.
        """
        before, self._seen = self._seen, self._look()
        if self._seen is None or self._seen == self._read or self._seen != before:
            return None
        try:
            return self.read()
        except InvalidTargets as error:
            log.error("targets_unusable", path=str(self._path), reason=str(error))
            return None

    def _look(self) -> _Look | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
