"""Where the images of an installation go: its object store, and the spool before it."""

from __future__ import annotations

from pathlib import Path

from producers.dicom.config import ArchiveConfig
from producers.dicom.spool.spool import SPOOL_DIRECTORY
from runtime.installation import Installation


def archive_of(installation: Installation) -> ArchiveConfig:
    """The object store for images."""
    return ArchiveConfig(
        endpoint=installation.s3_endpoint,
        access_key=installation.secret("s3_access_key"),
        secret_key=installation.secret("s3_secret_key"),
        bucket=installation.settings.s3_bucket,
    )


def dicom_directory(installation: Installation) -> Path:
    """The state of the DICOM listener and its archiver."""
    return installation.data / "dicom"


def spool_directory(installation: Installation) -> Path:
    """What the listener acknowledged and the archiver has not done yet."""
    return dicom_directory(installation) / SPOOL_DIRECTORY
