"""The DICOM listener."""

from __future__ import annotations

import asyncio
from zoneinfo import ZoneInfo

from producers.dicom.associations.peers import Peers
from producers.dicom.associations.peers_file import read_peers
from producers.dicom.associations.syntaxes import ExtraSopClasses
from producers.dicom.associations.tls import TlsConfig
from producers.dicom.config import DicomConfig
from producers.dicom.listener import serve
from runtime.allocator import limit_arenas
from runtime.collector import leaving_out_what_stays
from runtime.installation import Installation
from runtime.object_archive import archive_of, dicom_directory
from runtime.settings import Settings
from runtime.tls_files import tls_files

# Few: the interpreter runs one of the threads at a time, so they hardly wait for each other.
_ARENAS = 2


def run(installation: Installation) -> None:
    """Run until SIGTERM or SIGINT. Raises ValueError, which names the setting that is wrong."""
    limit_arenas(_ARENAS)
    settings = installation.settings
    config = DicomConfig(
        host=settings.host,
        port=settings.dicom_port,
        ae_title=settings.dicom_ae_title,
        bootstrap=installation.kafka_bootstrap,
        registry_url=installation.registry_url,
        archive=archive_of(installation),
        site=settings.site,
        site_secret=installation.secret_key("site_secret"),
        key_ring=installation.key_ring_config(),
        state_directory=dicom_directory(installation),
        spool_bytes=int(settings.dicom_spool_gb * 1e9),
        zone=ZoneInfo(settings.zone),
        now=installation.now(),
        idle_timeout_s=settings.dicom_idle_timeout_s,
        maximum_associations=settings.dicom_maximum_associations,
        commitment_wait_s=settings.dicom_commitment_wait_s,
        commitment_give_up_s=settings.dicom_commitment_give_up_s,
        converts=settings.dicom_decompress,
        peers=peers_of(settings),
        tls=_tls(settings),
        extra_sop_classes=_extra_sop_classes(settings),
        maximum_data_set_bytes=int(settings.dicom_max_object_mb * 2**20),
    )
    asyncio.run(serve(config, leaving_out_what_stays(installation.announcer("dicom"))))


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


def _tls(settings: Settings) -> TlsConfig | None:
    files = tls_files(
        "DICOM",
        settings.dicom_tls_certificate,
        settings.dicom_tls_key,
        settings.dicom_tls_client_authority,
    )
    return None if files is None else TlsConfig(*files)


def _extra_sop_classes(settings: Settings) -> ExtraSopClasses:
    try:
        return ExtraSopClasses.read(settings.dicom_extra_sop_classes)
    except ValueError as error:
        raise ValueError(f"RADSTREAM_DICOM_EXTRA_SOP_CLASSES: {error}") from None
