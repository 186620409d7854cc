"""What the sink must be told."""

from __future__ import annotations

from dataclasses import dataclass, field

from schemas.keyring_config import KeyRingConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLimits:
    """When a batch is full: at `rows` or `bytes`, or `age_s` after its first message came."""

    rows: int = 30_000
    bytes: int = 16 * 1024 * 1024
    age_s: float = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickHouseSinkConfig:
    """The ClickHouse sink of one site.

    instance_id: Kafka's static membership (KIP-345): a sink that was killed and comes back under the
        same id goes on at once instead of waiting for its old session to end. Only one process may use it.
    key_ring: The key ring that seals the payload of dead letters.
    site, zone: The site's code, and the time zone (IANA) in which it counts days.
    cluster: Name of the ClickHouse cluster whose replicas all have the tables; None: one server.
    keep_days: Rows go so many days after they were recorded; None: never.
    """

    kafka_bootstrap: str
    registry_url: str
    clickhouse_url: str
    clickhouse_user: str
    clickhouse_password: str = field(repr=False)
    database: str = "radstream"
    group_id: str = "radstream-clickhouse"
    instance_id: str | None = None
    limits: BatchLimits = field(default_factory=BatchLimits)
    key_ring: KeyRingConfig
    site: str = "GENERAL"
    zone: str = "UTC"
    cluster: str | None = None
    keep_days: int | None = None
