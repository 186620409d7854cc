"""The archive of an installation: its bucket, its keys, and what stands beside it in the data directory."""

from __future__ import annotations

from pathlib import Path

from runtime.installation import Installation
from runtime.lag import ARCHIVE_GROUP
from runtime.stack.secrets import read_secret
from schemas.topics import ARCHIVED, COMPACTED
from sinks.archive.config import ArchiveConfig, ArchiveStoreConfig, FileLimits
from sinks.archive.signing import Signer

# While files are filled all the time; else there is a seal whenever files have waited long enough.
_SEAL_S = 60.0
_SIGNING_KEY = "archive_signing_key"


def archive_store_config(installation: Installation) -> ArchiveStoreConfig:
    """The bucket of the archive."""
    settings = installation.settings
    return ArchiveStoreConfig(
        endpoint=installation.s3_endpoint,
        access_key=installation.secret("s3_access_key"),
        secret_key=installation.secret("s3_secret_key"),
        bucket=settings.archive_bucket,
        lock=settings.archive_lock,
        lock_days=settings.archive_lock_days,
    )


def archive_config(installation: Installation) -> ArchiveConfig:
    """What the archive's own process is told."""
    settings = installation.settings
    return ArchiveConfig(
        kafka_bootstrap=installation.kafka_bootstrap,
        store=archive_store_config(installation),
        topics=ARCHIVED,
        compacted=COMPACTED,
        group_id=ARCHIVE_GROUP,
        signing_seed=installation.secret_key(_SIGNING_KEY),
        trusted_keys=earlier_keys(installation),
        limits=FileLimits(events=settings.archive_file_events, age_s=settings.archive_file_age_s),
        seal_s=min(_SEAL_S, settings.archive_file_age_s),
        metrics_file=installation.metrics_path("archive"),
        witness_file=witness_file(installation),
    )


def signer_of(installation: Installation) -> Signer:
    """Who signs for this installation. Raises ValueError, SecretError."""
    return Signer.of(installation.secret_key(_SIGNING_KEY))


def trusted_keys(installation: Installation) -> list[bytes]:
    """The public keys that this installation signs with, and signed with before. Raises ValueError,
    SecretError.
    """
    return [signer_of(installation).public, *earlier_keys(installation)]


def earlier_keys(installation: Installation) -> tuple[bytes, ...]:
    """Public keys of the secrets `archive_signing_key.*`: keys that were replaced. Raises ValueError,
    SecretError.
    """
    found = sorted((installation.data / "secrets").glob(f"{_SIGNING_KEY}.*"))
    return tuple(Signer.of(bytes.fromhex(read_secret(path))).public for path in found)


def witness_file(installation: Installation) -> Path:
    """The number and the digest of the last seal, outside of the archive."""
    return installation.data / "archive" / f"{installation.settings.archive_bucket}.json"
