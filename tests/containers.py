"""The production parts by testcontainers: needs a Docker engine and its images."""

from __future__ import annotations

import secrets
import time
import urllib.request
from contextlib import ExitStack

from testcontainers.community.clickhouse import ClickHouseContainer
from testcontainers.community.kafka import KafkaContainer
from testcontainers.community.minio import MinioContainer
from testcontainers.core.container import DockerContainer

CLICKHOUSE = "clickhouse/clickhouse-server:25.8"
KARAPACE = "ghcr.io/aiven-open/karapace:5.0.3"
KAFKA = "confluentinc/cp-kafka:7.9.0"
MINIO = "minio/minio:RELEASE.2025-04-22T22-12-26Z"
_REGISTRY_PORT = 8081
_REGISTRY_TIMEOUT_S = 90


def start_containers(resources: ExitStack) -> dict[str, str]:
    """Start all four; the settings with which the pipeline finds them."""
    password = secrets.token_urlsafe(16)
    kafka = resources.enter_context(KafkaContainer(KAFKA).with_kraft())
    clickhouse = resources.enter_context(
        ClickHouseContainer(CLICKHOUSE, username="radstream", password=password, dbname="radstream")
    )
    minio = resources.enter_context(MinioContainer(MINIO, access_key="radstream", secret_key=password))
    resources.enter_context(_registry(kafka.get_bootstrap_server()))
    store = minio.get_config()
    host = clickhouse.get_container_host_ip()
    return {
        "RADSTREAM_KAFKA_BOOTSTRAP": kafka.get_bootstrap_server(),
        "RADSTREAM_REGISTRY_URL": _wait_for(f"http://127.0.0.1:{_REGISTRY_PORT}"),
        "RADSTREAM_CLICKHOUSE_URL": f"http://{host}:{clickhouse.get_exposed_port(8123)}",
        "RADSTREAM_CLICKHOUSE_PASSWORD": password,
        "RADSTREAM_S3_ENDPOINT": f"http://{store['endpoint']}",
        "RADSTREAM_S3_ACCESS_KEY": store["access_key"],
        "RADSTREAM_S3_SECRET_KEY": store["secret_key"],
    }


def _registry(bootstrap: str) -> DockerContainer:
    # The broker advertises itself on the host's network, so the registry must be there, too.
    container = DockerContainer(KARAPACE).with_kwargs(network_mode="host")
    settings = {"BOOTSTRAP_URI": bootstrap, "PORT": str(_REGISTRY_PORT), "HOST": "127.0.0.1"}
    for name, value in settings.items():
        container = container.with_env(f"KARAPACE_{name}", value)
    return container


def _wait_for(registry_url: str) -> str:
    deadline = time.monotonic() + _REGISTRY_TIMEOUT_S
    while True:
        try:
            with urllib.request.urlopen(f"{registry_url}/subjects", timeout=2):
                return registry_url
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
