"""The HL7 v2 listener."""

from __future__ import annotations

import gc
import sys
from functools import partial
from zoneinfo import ZoneInfo

import uvloop

from producers.hl7.config import Hl7Config, Limits, TlsConfig
from producers.hl7.listener import serve
from producers.hl7.profile_file import load_profiles
from producers.hl7.senders import Network, Senders, read_networks
from runtime.installation import Installation, numbered
from runtime.settings import Settings
from runtime.tls_files import tls_files
from schemas.metrics_file import write_metrics

# The threads that make keys must not hold up the loop, nor wait for it, for the usual 5 ms.
_SWITCH_INTERVAL_S = 0.0005
# A message makes hundreds of objects and no cycle: looking for cycles every 700 costs 8 % of its time.
_GC_THRESHOLDS = (50_000, 20, 20)


def run(installation: Installation) -> None:
    """Run until SIGTERM or SIGINT. Raises ValueError, which names the setting that is wrong."""
    config = _config(installation)
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    gc.freeze()  # what was imported stays: no need to look through it again and again
    gc.set_threshold(*_GC_THRESHOLDS)
    name = numbered("hl7", installation.settings.hl7_worker)
    tell = partial(write_metrics, installation.metrics_path(name))
    uvloop.run(serve(config, installation.announcer(name), tell))


def _config(installation: Installation) -> Hl7Config:
    settings = installation.settings
    return Hl7Config(
        host=settings.host,
        port=settings.hl7_port,
        bootstrap=installation.kafka_bootstrap,
        registry_url=installation.registry_url,
        site=settings.site,
        site_secret=installation.secret_key("site_secret"),
        key_ring=installation.key_ring_config(),
        zone=ZoneInfo(settings.zone),
        profiles=load_profiles(settings.hl7_profiles),
        now=installation.now(),
        delivery_timeout_s=settings.hl7_kafka_timeout_s,
        limits=_limits(settings),
        tls=_tls(settings),
        networks=_networks(settings),
        senders=Senders.read(settings.hl7_senders),
        shares_port=settings.hl7_workers > 1,
    )


def _limits(settings: Settings) -> Limits:
    return Limits(
        idle_timeout_s=settings.hl7_idle_timeout_s,
        message_timeout_s=settings.hl7_message_timeout_s,
        max_message_bytes=int(settings.hl7_max_message_mb * 2**20),
        max_connections=settings.hl7_max_connections,
        max_pending=settings.hl7_max_pending,
    )


def _tls(settings: Settings) -> TlsConfig | None:
    files = tls_files(
        "HL7",
        settings.hl7_tls_certificate,
        settings.hl7_tls_key,
        settings.hl7_tls_client_authority,
    )
    return None if files is None else TlsConfig(*files)


def _networks(settings: Settings) -> tuple[Network, ...]:
    try:
        return read_networks(settings.hl7_networks)
    except ValueError as error:
        raise ValueError(f"RADSTREAM_HL7_NETWORKS: {error}") from None
