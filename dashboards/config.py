"""What the dashboard needs to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from dashboards.access.config import AccessConfig
from dashboards.as_of.folding import Folding
from dashboards.changes import Explain, TargetsOf
from dashboards.dead_letters.desk import Desk
from dashboards.forecast.held_out import AskHeldOut
from dashboards.health.report import AskHealth
from dashboards.listening import ListenerConfig
from dashboards.reconciliation import Reconcile
from dashboards.turnaround_check import Compare
from dashboards.what_if.staffing import Model
from dashboards.what_if.targets import TargetsDesk
from schemas.image_store_config import ImageStoreConfig
from schemas.keyring_config import KeyRingConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardConfig:
    """The dashboard: where it listens, what it reads, and whose clock it shows.

    listener: Where it listens.
    now: The department's clock, zone-aware; its zone decides where a day begins.
    clock_speed: Department seconds per second of the wall clock (1.0 in a real department).
    access: Who may sign in, and for how long.
    key_ring: The key ring that patients' names are opened with; pseudonyms without it.
    allowed_hosts: Names that the Host header may carry besides the address itself; empty means that
        a loopback address takes loopback names only, and another address takes any name.
    images: The object store; pictures of images need it and the key ring.
    explain: What each event changed; without it the pages do not tell.
    reconcile: Says that an exam's images belong to another; without it nobody can.
    targets_of: The targets in force for an exam; without it the pages show none.
    targets_desk: Targets in force and proposed; without it there is no what-if.
    staffing: Models the department with other staffing; without it the page does not.
    held_out: The track record of the model in use; without it the page of forecasts has the live one only.
    letter_desk: Keeps dead letters and drives them again; without it the pages have none.
    health: How the pipeline is; without it the pages do not tell.
    folding: The fold, for what was at an instant; without it the dashboard only tells what is.
    compare: Turnaround computed a second way, beside the fold's; without it /api/check tells of none.
    """

    listener: ListenerConfig
    kafka_bootstrap: str
    registry_url: str
    clickhouse_url: str
    clickhouse_user: str
    clickhouse_password: str = field(repr=False)
    clickhouse_database: str
    site: str
    now: Callable[[], datetime]
    access: AccessConfig
    clock_speed: float = 1.0
    title: str = "radstream"
    key_ring: KeyRingConfig | None = None
    allowed_hosts: tuple[str, ...] = ()
    images: ImageStoreConfig | None = None
    explain: Explain | None = None
    reconcile: Reconcile | None = None
    targets_of: TargetsOf | None = None
    folding: Folding | None = None
    targets_desk: TargetsDesk | None = None
    staffing: Model | None = None
    compare: Compare | None = None
    held_out: AskHeldOut | None = None
    letter_desk: Desk | None = None
    health: AskHealth | None = None
