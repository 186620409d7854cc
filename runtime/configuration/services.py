"""Kafka, schema registry, ClickHouse and object store: whose they are, where, and as whom we come."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings


class ServiceSettings(BaseSettings):
    """Kafka, schema registry, ClickHouse and object store, local or external."""

    # An address here means: use this service, do not start our own.
    kafka_bootstrap: str | None = Field(default=None, description="External Kafka, host:port[,host:port].")
    registry_url: str | None = Field(default=None, description="External schema registry, http(s)://…")
    clickhouse_url: str | None = Field(default=None, description="External ClickHouse, http(s)://host:port.")
    s3_endpoint: str | None = Field(default=None, description="External object store, http(s)://host:port.")

    kafka_port: int = 19092
    kafka_controller_port: int = 19093
    kafka_heap_mb: int = Field(default=512, ge=128)
    kafka_partitions: int = Field(default=4, ge=1, description="Partitions of the event log and its views.")
    registry_port: int = 18081
    clickhouse_port: int = 18123
    s3_port: int = 18333
    clickhouse_user: str = "radstream"
    clickhouse_password: str | None = Field(
        default=None, description="Else `<data>/secrets/clickhouse_password`."
    )
    clickhouse_analyst_user: str = Field(
        default="analyst", description="Reads the views of ClickHouse and nothing else (docs/analytics.md)."
    )
    clickhouse_analyst_password: str | None = Field(
        default=None, description="Else `<data>/secrets/clickhouse_analyst_password`."
    )
    clickhouse_database: str = "radstream"
    clickhouse_cluster: str | None = Field(
        default=None,
        description="Cluster (one shard) of an external ClickHouse whose replicas all have the tables.",
    )
    # ClickHouse counts in 32 bits of seconds, up to the year 2106: what ends later would be over at once.
    clickhouse_keep_days: int | None = Field(
        default=None,
        ge=1,
        le=18_250,
        description="ClickHouse lets rows go so many days after they were recorded; else never. Kafka and "
        "the archive keep what they have.",
    )
    s3_access_key: str | None = Field(default=None, description="Else `<data>/secrets/s3_access_key`.")
    s3_secret_key: str | None = Field(default=None, description="Else `<data>/secrets/s3_secret_key`.")
    s3_bucket: str = "radstream-images"
    models_bucket: str = Field(default="radstream-models", description="Bucket of the forecasts' models.")
    maven_url: str | None = Field(
        default=None,
        description="Base address of the Maven repository for Kafka's jars where mvn is not installed; "
        "else Maven's own default.",
    )
    java_home: Path | None = Field(default=None, description="Java 17+ to run Kafka with.")
