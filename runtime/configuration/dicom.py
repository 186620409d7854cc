"""The DICOM port: who may connect, how much at a time, and when a study counts as complete."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings


class DicomSettings(BaseSettings):
    """The DICOM port, its spool and its rules."""

    dicom_destinations: Path | None = Field(
        default=None,
        description="TOML file that says which studies go to whom (docs/dicom-outbound.md); "
        "else `<data>/dicom-destinations.toml`, where it exists.",
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
    dicom_ae_title: str = "RADSTREAM"
