"""What the local schema registry is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryConfig:
    """One local schema registry: where it listens, and the directory that holds its data."""

    host: str
    port: int
    directory: Path

    @property
    def database_path(self) -> Path:
        """The registry's data."""
        return self.directory / "registry.sqlite"
