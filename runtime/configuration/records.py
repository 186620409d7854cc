"""How long records are kept: the archive of the log, its lock, retention and erasure."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class RecordSettings(BaseSettings):
    """The archive, retention and erasure."""

    archive_bucket: str = Field(default="radstream-archive", description="Bucket of the log's archive.")
    archive_lock: Literal["off", "governance", "compliance"] = Field(
        default="governance",
        description="Object lock of what is archived (docs/audit.md): compliance cannot be lifted by "
        "anybody. Decided when the bucket is made.",
    )
    retention: Path | None = Field(
        default=None, description="TOML file of rules of retention; else `<data>/retention.toml`."
    )
    erasure_second_person: bool = Field(
        default=True, description="Somebody else than who asked for it confirms an erasure."
    )
    erasure_confirm_h: float = Field(
        default=72.0, gt=0, description="For how many hours an erasure that was asked for can be confirmed."
    )
    archive_lock_days: int = Field(
        default=3650, ge=1, description="For how many days an archived object is locked."
    )
    archive_file_events: int = Field(
        default=10_000, ge=1, le=100_000, description="An archived file is full with so many messages."
    )
    archive_file_age_s: float = Field(
        default=300.0, gt=0, description="How long a message may wait for its file in the archive to be full."
    )
    archive_signing_key: str | None = Field(
        default=None,
        description="Signs the archive, Ed25519, 64 hex digits; else `<data>/secrets/archive_signing_key`.",
    )
