"""The DICOM listener."""

from __future__ import annotations

import asyncio
from zoneinfo import ZoneInfo

from producers.dicom.config import ArchiveConfig, DicomConfig
from producers.dicom.listener import serve
from producers.dicom.peers import Peers
from producers.dicom.peers_file import read_peers
from runtime.installation import Installation
from runtime.settings import Settings


def run(installation: Installation) -> None:
    """Run until SIGTERM or SIGINT. Raises ValueError, which names the setting that is wrong."""
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
        idle_timeout_s=settings.dicom_idle_timeout_s,
        maximum_associations=settings.dicom_maximum_associations,
        commitment_wait_s=settings.dicom_commitment_wait_s,
        commitment_give_up_s=settings.dicom_commitment_give_up_s,
        peers=peers_of(settings),
    )
    asyncio.run(serve(config, installation.announcer("dicom")))


def peers_of(settings: Settings) -> Peers:
    """Who may connect, and where each is called. Raises ValueError, which names the setting that is wrong."""
    try:
        peers = read_peers(settings.dicom_peers)
    except ValueError as error:
        raise ValueError(f"RADSTREAM_DICOM_PEERS: {error}") from None
    required = settings.dicom_require_called_ae_title
    if required is None:
        required = settings.dicom_peers is not None
    return peers.requiring(settings.dicom_ae_title if required else None)
