"""The DICOM listener."""

from __future__ import annotations

import asyncio
from zoneinfo import ZoneInfo

from producers.dicom.config import ArchiveConfig, DicomConfig
from producers.dicom.listener import serve
from runtime.installation import Installation


def run(installation: Installation) -> None:
    """Run until SIGTERM or SIGINT."""
    settings = installation.settings
    config = DicomConfig(
        host=settings.host,
        port=settings.dicom_port,
        ae_title=settings.dicom_ae_title,
        bootstrap=installation.kafka_bootstrap,
        registry_url=installation.registry_url,
        archive=ArchiveConfig(
            endpoint=installation.s3_endpoint,
            access_key=installation.secret("s3_access_key"),
            secret_key=installation.secret("s3_secret_key"),
            bucket=settings.s3_bucket,
        ),
        site=settings.site,
        site_secret=installation.secret_key("site_secret"),
        key_ring=installation.key_ring_config(),
        state_directory=installation.data / "dicom",
        zone=ZoneInfo(settings.zone),
        now=installation.now(),
    )
    asyncio.run(serve(config, installation.announcer("dicom")))
