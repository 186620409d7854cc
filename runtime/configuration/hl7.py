"""The HL7 port: who may send, how much at a time, and what its messages mean."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings


class Hl7Settings(BaseSettings):
    """The HL7 port and the files of HL7."""

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
    hl7_profiles: Path | None = Field(
        default=None, description="TOML file that says where each HL7 sender puts what (docs/hl7.md)."
    )
