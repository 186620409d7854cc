"""What the archiver needs to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from producers.dicom.archiver.pacing import PaceConfig
from producers.dicom.completeness.facts import CompletenessConfig
from producers.dicom.config import ArchiveConfig, wall_clock
from schemas.keyring_config import KeyRingConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiverConfig:
    """One archiver: it shares the listener's state directory, site and key ring.

    in_flight: how many images are put side by side. batch: how many are published at once.
    delivery_timeout_s: how long Kafka has for one batch, before it is tried again.
    longest_pause_s: between two attempts while the object store or Kafka is away.
    completeness: how it is known that a study is whole.
    niceness: by how much its priority is below the listener's.
    pace: how much it works while images come.
    """

    archive: ArchiveConfig
    bootstrap: str
    registry_url: str
    site: str
    site_secret: bytes = field(repr=False)
    key_ring: KeyRingConfig
    state_directory: Path
    zone: tzinfo = UTC
    now: Callable[[], datetime] = wall_clock
    in_flight: int = 8
    batch: int = 32
    delivery_timeout_s: float = 10.0
    longest_pause_s: float = 10.0
    niceness: int = 10
    completeness: CompletenessConfig = field(default_factory=CompletenessConfig)
    pace: PaceConfig = field(default_factory=PaceConfig)
