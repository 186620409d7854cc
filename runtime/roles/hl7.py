"""The HL7 v2 listener."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import uvloop

from producers.hl7.config import Hl7Config
from producers.hl7.listener import serve
from producers.hl7.profile_file import load_profiles
from runtime.installation import Installation


def run(installation: Installation) -> None:
    """Run until SIGTERM or SIGINT."""
    settings = installation.settings
    config = Hl7Config(
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
    )
    uvloop.run(serve(config, installation.announcer("hl7")))
