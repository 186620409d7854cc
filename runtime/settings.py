"""Settings of one installation, read once by the composition root and handed on as frozen values.

Every setting is an environment variable `RADSTREAM_<NAME>`; secrets may also be files under
`<data>/secrets` (made on the first start) so that none has to stand in the environment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from platformdirs import user_cache_path, user_data_path
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One installation: where its data lies, its ports, and which parts are external."""

    model_config = SettingsConfigDict(env_prefix="RADSTREAM_", frozen=True, extra="ignore")

    data: Path = Field(
        default_factory=lambda: user_data_path("radstream"),
        description="The one directory that holds all data, logs and secrets of the local stack.",
    )
    cache: Path = Field(
        default_factory=lambda: user_cache_path("radstream"),
        description="Downloads that every data directory shares (Kafka's jars).",
    )
    site: str = Field(default="GENERAL", description="Site code in every event; default issuer of ids.")
    zone: str = Field(
        default="UTC",
        description="Time zone of pages and their days, and of HL7 and DICOM times that name none (IANA).",
    )
    clock: str | None = Field(
        default=None, description="Clock of a simulated department, as `up --simulate` sets it."
    )

    # An address here means: use this service, do not start our own.
    kafka_bootstrap: str | None = Field(default=None, description="External Kafka, host:port[,host:port].")
    registry_url: str | None = Field(default=None, description="External schema registry, http(s)://…")
    clickhouse_url: str | None = Field(default=None, description="External ClickHouse, http(s)://host:port.")
    s3_endpoint: str | None = Field(default=None, description="External object store, http(s)://host:port.")

    clock_ahead_s: float = Field(
        default=300.0,
        ge=0,
        description="An event that says it happened so long after it was recorded is a clock fault.",
    )
    clock_behind_days: float = Field(
        default=7305.0,
        gt=0,
        description="An event that says it happened so long before it was recorded is a clock fault.",
    )

    host: str = Field(default="127.0.0.1", description="Address that every listener binds.")
    kafka_port: int = 19092
    kafka_controller_port: int = 19093
    kafka_heap_mb: int = Field(default=512, ge=128)
    kafka_partitions: int = Field(default=4, ge=1, description="Partitions of the event log and its views.")
    fold_workers: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Processes that share the partitions of the log; no more of them than partitions work.",
    )
    fold_worker: int = Field(default=1, ge=1, description="Which of them this process is, as `up` sets it.")
    fold_standbys: int = Field(
        default=1, ge=0, description="How many other workers follow a partition, to take over without delay."
    )
    registry_port: int = 18081
    clickhouse_port: int = 18123
    s3_port: int = 18333
    hl7_port: int = 2575
    hl7_workers: int = Field(
        default=1, ge=1, le=64, description="Processes that share the HL7 port, where one core is the limit."
    )
    hl7_worker: int = Field(default=1, ge=1, description="Which of them this process is, as `up` sets it.")
    hl7_tls_certificate: Path | None = Field(
        default=None, description="PEM file; with it (and the key) the HL7 port speaks TLS 1.2 or newer only."
    )
    hl7_tls_key: Path | None = Field(default=None, description="PEM file, mode 0600.")
    hl7_tls_client_authority: Path | None = Field(
        default=None, description="PEM file; HL7 senders must then show a certificate of this authority."
    )
    hl7_networks: str = Field(
        default="",
        description="Addresses and networks, comma-separated, that may connect to the HL7 port; empty: all.",
    )
    hl7_senders: str = Field(
        default="",
        description="APPLICATION|FACILITY (MSH-3, MSH-4), comma-separated, that may send HL7; without a "
        "facility: all of the application's; empty: everyone.",
    )
    hl7_idle_timeout_s: float = Field(
        default=3600.0, gt=0, description="An HL7 connection without a message for so long is closed."
    )
    hl7_message_timeout_s: float = Field(
        default=30.0, gt=0, description="How long one HL7 message may take to arrive whole."
    )
    hl7_max_message_mb: float = Field(default=8.0, gt=0, le=60, description="A longer HL7 message gets AR.")
    hl7_max_connections: int = Field(
        default=512, ge=1, description="More HL7 connections are closed at once."
    )
    hl7_max_pending: int = Field(
        default=64, ge=1, description="HL7 messages of one connection that may wait for their answers."
    )
    hl7_kafka_timeout_s: float = Field(
        default=4.0, gt=0, description="How long Kafka may take to store a message before the sender gets AE."
    )
    hl7_destinations: Path | None = Field(
        default=None,
        description="TOML file that says what goes out over HL7 to whom (docs/hl7-outbound.md); "
        "else `<data>/hl7-destinations.toml`, where it exists.",
    )
    dicom_destinations: Path | None = Field(
        default=None,
        description="TOML file that says which studies go to whom (docs/dicom-outbound.md); "
        "else `<data>/dicom-destinations.toml`, where it exists.",
    )
    hl7_profiles: Path | None = Field(
        default=None, description="TOML file that says where each HL7 sender puts what (docs/hl7.md)."
    )
    targets: Path | None = Field(
        default=None,
        description="TOML file that says how long which interval may take (docs/alerts.md); else "
        "`<data>/targets.toml`, where it exists, else the one that comes with radstream.",
    )
    webhooks: Path | None = Field(
        default=None,
        description="TOML file that says who is told of alerts (docs/alerts.md); else "
        "`<data>/webhooks.toml`, where it exists.",
    )
    audit_syslog: Path | None = Field(
        default=None,
        description="TOML file of the audit repositories that are told who saw what (docs/access.md); else "
        "`<data>/audit-syslog.toml`, where it exists.",
    )
    dicom_port: int = 11112
    dicom_peers: Path | None = Field(
        default=None,
        description="TOML file that says who may connect to the DICOM port for what, and where each is "
        "called (docs/dicom.md); without it everyone may, and nobody is called.",
    )
    dicom_require_called_ae_title: bool | None = Field(
        default=None,
        description="Whether DICOM peers have to call RADSTREAM_DICOM_AE_TITLE; else they do with "
        "RADSTREAM_DICOM_PEERS only.",
    )
    dicom_decompress: bool = Field(
        default=False,
        description="C-MOVE and C-GET send an image uncompressed to a peer that does not take it as it is "
        "stored; else that image fails.",
    )
    dicom_maximum_associations: int = Field(
        default=64, ge=1, le=1024, description="One more DICOM association is rejected."
    )
    dicom_tls_certificate: Path | None = Field(
        default=None,
        description="PEM file; with it (and the key) the DICOM port speaks TLS 1.2 or newer only.",
    )
    dicom_tls_key: Path | None = Field(default=None, description="PEM file, mode 0600.")
    dicom_tls_client_authority: Path | None = Field(
        default=None, description="PEM file; DICOM peers must then show a certificate of this authority."
    )
    dicom_extra_sop_classes: str = Field(
        default="",
        description="SOP classes, comma-separated, that are stored beside the standard's; `private`: every "
        "one that is not the standard's.",
    )
    dicom_max_object_mb: float = Field(
        default=4096.0, gt=0, description="A larger DICOM object ends its association."
    )
    dicom_idle_timeout_s: float = Field(
        default=300.0, gt=0, description="A DICOM association that is silent for so long is aborted."
    )
    dicom_spool_gb: float = Field(
        default=20.0,
        gt=0,
        description="What may wait for the object store and Kafka, in 10^9 bytes; then images get 0xA700.",
    )
    dicom_archive_delay_s: float = Field(
        default=2.0,
        ge=0,
        description="While images come, archiving begins when the oldest has waited so long, and takes all "
        "of the time from five times that on; 0: at once. Without images coming it never waits.",
    )
    dicom_complete_by: str = Field(
        default="mpps,availability,association,quiet",
        description="What says that a series or study is complete, the most trusted first: mpps, "
        "availability, association, quiet.",
    )
    dicom_quiet_s: float = Field(
        default=120.0, gt=0, description="For quiet: how long no image of it may have come."
    )
    dicom_commitment_wait_s: float = Field(
        default=600.0, ge=0, description="How long storage commitment waits for images that are not archived."
    )
    dicom_commitment_give_up_s: float = Field(
        default=86400.0, gt=0, description="How long the report of a storage commitment is tried for."
    )
    dashboard_port: int = 8050
    dashboard_allowed_hosts: str = Field(
        default="",
        description="Names, comma-separated, under which browsers may ask for the dashboard; empty: loopback "
        "names on a loopback address, any name elsewhere.",
    )
    dashboard_tls_certificate: Path | None = Field(
        default=None, description="PEM file with its chain; with it (and the key) the dashboard is https://."
    )
    dashboard_tls_key: Path | None = Field(default=None, description="PEM file, mode 0600.")
    dashboard_proxies: str = Field(
        default="",
        description="Addresses and networks, comma-separated, of reverse proxies that speak TLS for the "
        "dashboard; whose X-Forwarded-For and X-Forwarded-Proto are believed.",
    )
    dashboard_anonymous_role: Literal["viewer"] | None = Field(
        default=None,
        description="`viewer`: who has not signed in sees the board with pseudonyms, for a wall screen.",
    )
    oidc_issuer: str | None = Field(
        default=None,
        description="OpenID provider where people sign in to the dashboard, https://… as its documents say.",
    )
    oidc_client_id: str = Field(default="radstream", description="What the OpenID provider calls us.")
    oidc_client_secret_file: Path | None = Field(
        default=None, description="File with the client's secret; else `<data>/secrets/oidc_client_secret`."
    )
    oidc_roles: str = Field(
        default="",
        description="VALUE=ROLE, comma-separated: which value of the roles claim is which role of ours.",
    )
    oidc_roles_claim: str = Field(
        default="roles", description="Claim with the roles; dots lead into objects (realm_access.roles)."
    )
    oidc_name_claim: str = Field(default="preferred_username", description="Claim with the user's name.")
    oidc_scope: str = Field(default="openid profile", description="What the OpenID provider is asked for.")
    oidc_label: str = Field(
        default="your organisation", description="What the sign-in page calls the OpenID provider."
    )
    oidc_ca_file: Path | None = Field(
        default=None,
        description="Certificates that the OpenID provider's is checked with (PEM); else the usual ones.",
    )
    dashboard_session_idle_min: float = Field(
        default=30.0, gt=0, description="A session ends when nobody has touched a page for so long."
    )
    dashboard_session_max_h: float = Field(
        default=12.0, gt=0, description="A session ends so long after signing in, whatever happens."
    )

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
    dashboard_admin_password: str | None = Field(
        default=None,
        description="First password of the dashboard's user `admin`; else "
        "`<data>/secrets/dashboard_admin_password`.",
    )
    archive_bucket: str = Field(default="radstream-archive", description="Bucket of the log's archive.")
    models_bucket: str = Field(default="radstream-models", description="Bucket of the forecasts' models.")
    archive_lock: Literal["off", "governance", "compliance"] = Field(
        default="governance",
        description="Object lock of what is archived (docs/audit.md): compliance cannot be lifted by "
        "anybody. Decided when the bucket is made.",
    )
    retention: Path | None = Field(
        default=None, description="TOML file of rules of retention; else `<data>/retention.toml`."
    )
    erasure_second_person: bool = Field(
        default=True, description="Somebody else than who asked for it confirms an erasure."
    )
    erasure_confirm_h: float = Field(
        default=72.0, gt=0, description="For how many hours an erasure that was asked for can be confirmed."
    )
    archive_lock_days: int = Field(
        default=3650, ge=1, description="For how many days an archived object is locked."
    )
    archive_file_events: int = Field(
        default=10_000, ge=1, le=100_000, description="An archived file is full with so many messages."
    )
    archive_file_age_s: float = Field(
        default=300.0, gt=0, description="How long a message may wait for its file in the archive to be full."
    )
    archive_signing_key: str | None = Field(
        default=None,
        description="Signs the archive, Ed25519, 64 hex digits; else `<data>/secrets/archive_signing_key`.",
    )
    site_key: str | None = Field(
        default=None, description="Wraps the patients' keys, 64 hex digits; else `<data>/secrets/site_key`."
    )
    site_secret: str | None = Field(
        default=None, description="Makes pseudonyms, 64 hex digits; else `<data>/secrets/site_secret`."
    )
    key_ring: Literal["file", "vault"] = Field(
        default="file",
        description="Where the patients' keys are: `<data>/keys`, or HashiCorp Vault / OpenBao.",
    )
    vault_address: str = Field(default="https://127.0.0.1:8200", description="Vault's address, http(s)://…")
    vault_token_file: Path | None = Field(
        default=None, description="File with Vault's token; else `<data>/secrets/vault_token`."
    )
    vault_transit_mount: str = Field(default="transit", description="Mount of Vault's transit engine.")
    vault_transit_key: str = Field(default="radstream", description="Transit key that wraps patients' keys.")
    vault_kv_mount: str = Field(default="secret", description="Mount of a KV engine, version 2.")
    vault_kv_path: str = Field(default="radstream", description="Path in it under which everything lies.")
    vault_namespace: str | None = Field(default=None, description="Vault's namespace.")
    vault_ca_file: Path | None = Field(
        default=None, description="Certificates that Vault's is checked with (PEM); else the usual ones."
    )
    vault_timeout_s: float = Field(default=3.0, gt=0, description="How long Vault has for one answer.")
    dicom_ae_title: str = "RADSTREAM"

    maven_url: str | None = Field(
        default=None,
        description="Base address of the Maven repository for Kafka's jars where mvn is not installed; "
        "else Maven's own default.",
    )
    java_home: Path | None = Field(default=None, description="Java 17+ to run Kafka with.")
