"""The archiver: from the DICOM listener's spool to the object store and the log."""

from __future__ import annotations

import asyncio
from zoneinfo import ZoneInfo

from producers.dicom.archiver.config import ArchiverConfig
from producers.dicom.archiver.pacing import PaceConfig
from producers.dicom.archiver.service import serve
from runtime.collector import leaving_out_what_stays
from runtime.completeness import completeness_of
from runtime.installation import Installation
from runtime.object_archive import archive_of, dicom_directory

# With so much of the spool taken, the archiver goes before reception.
_SHARE_OF_SPOOL = 0.25


def run(installation: Installation) -> None:
    """Run until SIGTERM or SIGINT. Raises ValueError, which names the setting that is wrong."""
    settings = installation.settings
    config = ArchiverConfig(
        archive=archive_of(installation),
        bootstrap=installation.kafka_bootstrap,
        registry_url=installation.registry_url,
        site=settings.site,
        site_secret=installation.secret_key("site_secret"),
        key_ring=installation.key_ring_config(),
        state_directory=dicom_directory(installation),
        zone=ZoneInfo(settings.zone),
        now=installation.now(),
        completeness=completeness_of(settings),
        pace=PaceConfig(
            delay_s=settings.dicom_archive_delay_s,
            full_bytes=int(settings.dicom_spool_gb * 1e9 * _SHARE_OF_SPOOL),
        ),
    )
    asyncio.run(serve(config, leaving_out_what_stays(installation.announcer("dicom-archive"))))
