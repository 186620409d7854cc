"""Settings of one installation, read once by the composition root and handed on as frozen values.

Every setting is an environment variable `RADSTREAM_<NAME>`; secrets may also be files under
`<data>/secrets` (made on the first start) so that none has to stand in the environment.
"""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_cache_path, user_data_path
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from runtime.configuration.dashboard import DashboardSettings
from runtime.configuration.dicom import DicomSettings
from runtime.configuration.hl7 import Hl7Settings
from runtime.configuration.key_ring import KeyRingSettings
from runtime.configuration.records import RecordSettings
from runtime.configuration.services import ServiceSettings


class Settings(
    ServiceSettings, Hl7Settings, DicomSettings, DashboardSettings, KeyRingSettings, RecordSettings
):
    """One installation: where its data lies, its ports, and which parts are external."""

    model_config = SettingsConfigDict(env_prefix="RADSTREAM_", frozen=True, extra="ignore")

    data: Path = Field(
        default_factory=lambda: user_data_path("radstream"),
        description="The one directory that holds all data, logs and secrets of the local stack.",
    )
    cache: Path = Field(
        default_factory=lambda: user_cache_path("radstream"),
        description="Downloads that every data directory shares (Kafka's jars).",
    )
    site: str = Field(default="GENERAL", description="Site code in every event; default issuer of ids.")
    zone: str = Field(
        default="UTC",
        description="Time zone of pages and their days, and of HL7 and DICOM times that name none (IANA).",
    )
    clock: str | None = Field(
        default=None, description="Clock of a simulated department, as `up --simulate` sets it."
    )
    clock_ahead_s: float = Field(
        default=300.0,
        ge=0,
        description="An event that says it happened so long after it was recorded is a clock fault.",
    )
    clock_behind_days: float = Field(
        default=7305.0,
        gt=0,
        description="An event that says it happened so long before it was recorded is a clock fault.",
    )
    host: str = Field(default="127.0.0.1", description="Address that every listener binds.")
    fold_workers: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Processes that share the partitions of the log; no more of them than partitions work.",
    )
    fold_worker: int = Field(default=1, ge=1, description="Which of them this process is, as `up` sets it.")
    fold_standbys: int = Field(
        default=1, ge=0, description="How many other workers follow a partition, to take over without delay."
    )
    targets: Path | None = Field(
        default=None,
        description="TOML file that says how long which interval may take (docs/alerts.md); else "
        "`<data>/targets.toml`, where it exists, else the one that comes with radstream.",
    )
    webhooks: Path | None = Field(
        default=None,
        description="TOML file that says who is told of alerts (docs/alerts.md); else "
        "`<data>/webhooks.toml`, where it exists.",
    )
    audit_syslog: Path | None = Field(
        default=None,
        description="TOML file of the audit repositories that are told who saw what (docs/access.md); else "
        "`<data>/audit-syslog.toml`, where it exists.",
    )
