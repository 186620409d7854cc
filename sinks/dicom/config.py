"""What the DICOM sink must be told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from schemas.keyring_config import KeyRingConfig
from sinks.delivering.outlet import OutletConfig
from sinks.dicom.destinations import Destination


def wall_clock() -> datetime:
    """The time now, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageStoreConfig:
    """The object store with the images. `endpoint`: its base address."""

    endpoint: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    bucket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomOutConfig(OutletConfig):
    """The DICOM sink of one site.

    state_directory: The index of images lies here; it is rebuilt from the log where it is missing.
    now: the clock of occurred_at; another one for a department in simulated time.
    """

    registry_url: str
    key_ring: KeyRingConfig
    images: ImageStoreConfig
    state_directory: Path
    destinations: tuple[Destination, ...]
    now: Callable[[], datetime] = wall_clock
