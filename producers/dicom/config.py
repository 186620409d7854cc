"""What the DICOM listener needs to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from producers.dicom.associations.peers import Peers
from producers.dicom.associations.syntaxes import ExtraSopClasses
from producers.dicom.associations.tls import TlsConfig
from schemas.keyring_config import KeyRingConfig


def wall_clock() -> datetime:
    """The time now, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveConfig:
    """The object store for images.

    endpoint: http(s)://host:port. timeout_s: how long it has for one answer.
    connections: how many requests may run side by side.
    """

    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)
    bucket: str
    timeout_s: float = 10.0
    connections: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomConfig:
    """One DICOM application entity.

    site: site code in every event; issuer of ids whose issuer an image does not name.
    key_ring: where the patients' keys are. site_secret: makes pseudonyms.
    state_directory: the spool and the steps in progress; it must outlive the process.
    spool_bytes: what the spool may hold. spool_reserve_bytes: what it leaves free on its disk.
    zone: where the clock of a time without offset stands.
    now: the clock of occurred_at and recorded_at; another one for a department in simulated time.
    delivery_timeout_s: how long Kafka has. idle_timeout_s: silent associations are aborted after it.
    stop_timeout_s: how long running C-STOREs have to finish once we shall stop.
    maximum_associations: one more is rejected (transient, local limit exceeded).
    commitment_wait_s: how long storage commitment waits for images that are not archived yet.
    commitment_give_up_s: how long its report is tried for.
    stall_timeout_s: how long nothing may come in the middle of a PDU. maximum_data_set_bytes: of one C-STORE.
    tls: associations are encrypted; None: plain TCP. extra_sop_classes: stored beside the standard's.
    peers: who may connect for what, and where each is called; else everyone may, and nobody is called.
    converts: whether images may go out uncompressed to a peer that does not take them as they are stored.
    worklist_maximum_exams: how many exams that are still to be done are kept in memory for the worklist.
    """

    host: str
    port: int
    ae_title: str
    archive: ArchiveConfig
    bootstrap: str
    registry_url: str
    site: str
    site_secret: bytes = field(repr=False)
    key_ring: KeyRingConfig
    state_directory: Path
    zone: tzinfo = UTC
    now: Callable[[], datetime] = wall_clock
    delivery_timeout_s: float = 5.0
    idle_timeout_s: float = 300.0
    stop_timeout_s: float = 2.5
    maximum_associations: int = 64
    commitment_wait_s: float = 600.0
    commitment_give_up_s: float = 24 * 3600.0
    stall_timeout_s: float = 30.0
    maximum_data_set_bytes: int = 4 * 2**30
    tls: TlsConfig | None = None
    extra_sop_classes: ExtraSopClasses = field(default_factory=ExtraSopClasses)
    spool_bytes: int = 20 << 30
    spool_reserve_bytes: int = 1 << 30
    peers: Peers = field(default_factory=Peers)
    converts: bool = False
    worklist_maximum_exams: int = 50_000
