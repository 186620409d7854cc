"""The roles of our own processes: from the installation to each room's frozen config, and its `serve`.

Rooms never read the environment; this is where it reaches them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from zoneinfo import ZoneInfo

import uvloop

import dashboards.server
import processors.worker
import producers.dicom.listener
import producers.hl7.listener
import sinks.clickhouse.service
from dashboards.config import DashboardConfig
from processors.config import FoldConfig
from producers.dicom.config import ArchiveConfig, DicomConfig
from producers.hl7.config import Hl7Config
from runtime.installation import Installation, announce_ready
from runtime.lag import SINK_GROUP
from runtime.local.clickhouse.config import ClickHouseConfig
from runtime.local.clickhouse.server import serve as serve_clickhouse
from runtime.local.registry.config import RegistryConfig
from runtime.local.registry.server import serve as serve_registry
from sinks.clickhouse.config import ClickHouseSinkConfig


def run_role(role: str, installation: Installation) -> None:
    """Run `role` until SIGTERM or SIGINT. Raises KeyError for a role that there is not."""
    ROLES[role](installation)


def _registry(installation: Installation) -> None:
    settings = installation.settings
    serve_registry(
        RegistryConfig(
            host=settings.host, port=settings.registry_port, directory=installation.data / "registry"
        )
    )


def _clickhouse(installation: Installation) -> None:
    settings = installation.settings
    serve_clickhouse(
        ClickHouseConfig(
            host=settings.host,
            port=settings.clickhouse_port,
            directory=installation.data / "clickhouse",
            user=settings.clickhouse_user,
            password=installation.secret("clickhouse_password"),
            database=settings.clickhouse_database,
        )
    )


def _fold(installation: Installation) -> None:
    settings = installation.settings
    config = FoldConfig(
        kafka_bootstrap=installation.kafka_bootstrap,
        registry_url=installation.registry_url,
        state_directory=installation.data / "fold",
        partitions=settings.kafka_partitions,
        key_directory=installation.key_directory,
        site_key=installation.secret_key("site_key"),
        site=settings.site,
        now=installation.now(),
    )
    processors.worker.serve(config, _announcer(installation, "fold"))


def _hl7(installation: Installation) -> None:
    settings = installation.settings
    config = Hl7Config(
        host=settings.host,
        port=settings.hl7_port,
        bootstrap=installation.kafka_bootstrap,
        registry_url=installation.registry_url,
        site=settings.site,
        site_secret=installation.secret_key("site_secret"),
        site_key=installation.secret_key("site_key"),
        key_directory=installation.key_directory,
        zone=ZoneInfo(settings.zone),
        now=installation.now(),
    )
    uvloop.run(producers.hl7.listener.serve(config, _announcer(installation, "hl7")))


def _dicom(installation: Installation) -> None:
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
        site_key=installation.secret_key("site_key"),
        key_directory=installation.key_directory,
        state_directory=installation.data / "dicom",
        zone=ZoneInfo(settings.zone),
        now=installation.now(),
    )
    asyncio.run(producers.dicom.listener.serve(config, _announcer(installation, "dicom")))


def _announcer(installation: Installation, role: str) -> Callable[[], None]:
    return partial(announce_ready, installation.ready_path(role))


def _sink(installation: Installation) -> None:
    settings = installation.settings
    config = ClickHouseSinkConfig(
        kafka_bootstrap=installation.kafka_bootstrap,
        registry_url=installation.registry_url,
        clickhouse_url=installation.clickhouse_url,
        clickhouse_user=settings.clickhouse_user,
        clickhouse_password=installation.secret("clickhouse_password"),
        database=settings.clickhouse_database,
        group_id=SINK_GROUP,
        instance_id="sink-0",
        key_ring=installation.key_directory,
        site_key=installation.secret_key("site_key"),
    )
    sinks.clickhouse.service.serve(config, _announcer(installation, "sink"))


def _dashboard(installation: Installation) -> None:
    settings = installation.settings
    config = DashboardConfig(
        host=settings.host,
        port=settings.dashboard_port,
        kafka_bootstrap=installation.kafka_bootstrap,
        registry_url=installation.registry_url,
        clickhouse_url=installation.clickhouse_url,
        clickhouse_user=settings.clickhouse_user,
        clickhouse_password=installation.secret("clickhouse_password"),
        clickhouse_database=settings.clickhouse_database,
        site=settings.site,
        now=installation.now(),
        clock_speed=installation.clock().speed,
        key_directory=installation.key_directory,
        site_key=installation.secret_key("site_key"),
    )
    dashboards.server.serve(config, _announcer(installation, "dashboard"))


ROLES: Mapping[str, Callable[[Installation], None]] = {
    "registry": _registry,
    "clickhouse": _clickhouse,
    "fold": _fold,
    "sink": _sink,
    "hl7": _hl7,
    "dicom": _dicom,
    "dashboard": _dashboard,
}
