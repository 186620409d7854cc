"""How a listener and its archiver are set up that a test runs itself, on the running stack."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

from producers.dicom.archiver.config import ArchiverConfig
from producers.dicom.config import ArchiveConfig, DicomConfig
from schemas.keyring_config import FileKeyRingConfig
from tests.dicom_listening import dicom_config
from tests.running_stack import RunningStack


def listener_on(
    stack: RunningStack, directory: Path, *, store_timeout_s: float = 10.0, **changes: Any
) -> DicomConfig:
    """A listener with a bucket of its own, on a free port."""
    return dicom_config(
        directory,
        archive=ArchiveConfig(
            endpoint=stack.s3_endpoint,
            access_key=stack.s3_access_key,
            secret_key=stack.s3_secret_key,
            bucket=f"test-{uuid4()}",
            timeout_s=store_timeout_s,
        ),
        bootstrap=stack.kafka_bootstrap,
        registry_url=stack.registry_url,
        site_secret=stack.site_secret,
        key_ring=FileKeyRingConfig(directory=stack.data / "keys", site_key=stack.site_key),
        **changes,
    )


def archiver_of(config: DicomConfig, **changes: Any) -> ArchiverConfig:
    """The listener's archiver."""
    return ArchiverConfig(
        archive=config.archive,
        bootstrap=config.bootstrap,
        registry_url=config.registry_url,
        site=config.site,
        site_secret=config.site_secret,
        key_ring=config.key_ring,
        state_directory=config.state_directory,
        **changes,
    )
