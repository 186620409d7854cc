"""Brings an installation up under a supervisor: stores, preparation, then our own processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from runtime.installation import Installation
from runtime.local.kafka.config import KafkaConfig
from runtime.local.kafka.install import InstallConfig, OnProgress, install_kafka
from runtime.local.kafka.part import kafka_part
from runtime.local.objectstore import ObjectStoreConfig, ObjectStorePorts, object_store_part
from runtime.parts import clickhouse_part, pipeline_parts, registry_part
from runtime.readiness import prepare
from runtime.settings import Settings
from runtime.stack.part import Part
from runtime.stack.ports import allocate_free_ports, require_free
from runtime.stack.supervisor import Supervisor

OnStep = Callable[[str], None]
SetClock = Callable[[Installation], str | None]
"""The clock of a simulated department; None for the wall's."""

# Which port setting belongs to a service that may be external, by the setting that makes it so.
_LOCAL_PORTS = {
    "kafka_bootstrap": ("kafka_port", "kafka_controller_port"),
    "registry_url": ("registry_port",),
    "clickhouse_url": ("clickhouse_port",),
    "s3_endpoint": ("s3_port",),
}
_OWN_PORTS = ("hl7_port", "dicom_port", "dashboard_port")


async def start_pipeline(
    supervisor: Supervisor,
    installation: Installation,
    *,
    on_progress: OnProgress,
    on_step: OnStep,
    set_clock: SetClock | None = None,
) -> Installation:
    """Start everything but the department; returns, when all of it serves, the installation as it runs.

    `set_clock` gives the department its clock when the stores are up, since it goes on from what they
    hold. Raises StackError (with what to do), SchemaError or ClickHouse's own errors.
    """
    await start_stores(supervisor, installation, on_progress=on_progress, on_step=on_step)
    clock = None if set_clock is None else await asyncio.to_thread(set_clock, installation)
    if clock is not None:
        installation = Installation(installation.settings.model_copy(update={"clock": clock}))
    on_step("starting the pipeline")
    await supervisor.start(pipeline_parts(installation))
    supervisor.publish({**installation.endpoints(), "clock": installation.settings.clock or ""})
    return installation


async def start_stores(
    supervisor: Supervisor, installation: Installation, *, on_progress: OnProgress, on_step: OnStep
) -> Installation:
    """Start what keeps the data, with all that the pipeline would find there, and nothing that writes to it.

    Returns the installation; raises as `start_pipeline` does.
    """
    require_free_ports(installation.settings)
    on_step("starting the local stack")
    await supervisor.start(await asyncio.to_thread(store_parts, installation, on_progress))
    on_step("preparing topics, contracts, tables and the bucket")
    await asyncio.to_thread(prepare, installation)
    return installation


def with_free_ports(settings: Settings) -> Settings:
    """`settings` on free ports of this machine, so that many stacks can run beside each other."""
    names = [name for name in local_port_fields(settings) if name != "s3_port"]
    update: dict[str, Any] = dict(zip(names, allocate_free_ports(len(names)), strict=True))
    if settings.s3_endpoint is None:
        update["s3_port"] = ObjectStorePorts.allocate().s3
    return settings.model_copy(update=update)


def local_port_fields(settings: Settings) -> list[str]:
    """The port settings of what we start ourselves."""
    stores = [
        name
        for external, names in _LOCAL_PORTS.items()
        if getattr(settings, external) is None
        for name in names
    ]
    return [*stores, *_OWN_PORTS]


def require_free_ports(settings: Settings) -> None:
    """Raises PortError, which names the setting and who holds the port."""
    for name in local_port_fields(settings):
        require_free(getattr(settings, name), f"RADSTREAM_{name.upper()}")


def store_parts(installation: Installation, on_progress: OnProgress) -> list[Part]:
    """The stores that are not external, and the schema registry."""
    settings = installation.settings
    parts = []
    if settings.kafka_bootstrap is None:
        parts.append(local_kafka(installation, on_progress))
    if settings.registry_url is None:
        parts.append(registry_part(installation))
    if settings.clickhouse_url is None:
        parts.append(clickhouse_part(installation))
    if settings.s3_endpoint is None:
        parts.append(_object_store(installation))
    return parts


def local_kafka(installation: Installation, on_progress: OnProgress) -> Part:
    """The local Kafka of an installation; it is fetched where it is not there yet."""
    settings = installation.settings
    installed = install_kafka(kafka_install_config(settings), on_progress)
    return kafka_part(
        KafkaConfig(
            installation=installed,
            data=installation.data,
            host=settings.host,
            port=settings.kafka_port,
            controller_port=settings.kafka_controller_port,
            heap_mb=settings.kafka_heap_mb,
        )
    )


def kafka_install_config(settings: Settings) -> InstallConfig:
    """Where Kafka's jars and its Java come from."""
    return InstallConfig(cache=settings.cache, maven_url=settings.maven_url, java_home=settings.java_home)


def _object_store(installation: Installation) -> Part:
    settings = installation.settings
    return object_store_part(
        ObjectStoreConfig(
            data=installation.data,
            ports=ObjectStorePorts.allocate(settings.s3_port),
            access_key=installation.secret("s3_access_key"),
            secret_key=installation.secret("s3_secret_key"),
            host=settings.host,
        )
    )
