"""The destinations of an installation: read from the files that settings name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from runtime.installation import Installation
from runtime.stack.errors import StackError
from sinks.delivering.errors import InvalidDestinations
from sinks.dicom.config import DicomOutConfig
from sinks.dicom.destinations import Destination as DicomDestination
from sinks.dicom.destinations import parse_destinations as parse_dicom_destinations
from sinks.hl7.destinations import Destination, parse_destinations

DEFAULT_FILE = "hl7-destinations.toml"
DEFAULT_DICOM_FILE = "dicom-destinations.toml"

Found = TypeVar("Found", Destination, DicomDestination)


class DestinationsUnusable(StackError):
    """The file of destinations cannot be read, or says what cannot be."""


def read_destinations(installation: Installation) -> tuple[Destination, ...]:
    """What goes out to whom: RADSTREAM_HL7_DESTINATIONS, else `<data>/hl7-destinations.toml` where it exists.

    Raises DestinationsUnusable where the file cannot be read, says what cannot be, or names our own listener.
    """
    settings = installation.settings
    parse = partial(parse_destinations, zone=settings.zone)
    path = settings.hl7_destinations or _existing(installation.data / DEFAULT_FILE)
    return _read(path, parse, (settings.host, settings.hl7_port), "HL7")


def read_dicom_destinations(installation: Installation) -> tuple[DicomDestination, ...]:
    """Which studies go to whom: RADSTREAM_DICOM_DESTINATIONS, else `<data>/dicom-destinations.toml`.

    Raises as `read_destinations`.
    """
    settings = installation.settings
    parse = partial(parse_dicom_destinations, calling_ae_title=settings.dicom_ae_title)
    path = settings.dicom_destinations or _existing(installation.data / DEFAULT_DICOM_FILE)
    return _read(path, parse, (settings.host, settings.dicom_port), "DICOM")


def group_ids(installation: Installation, role: str) -> list[str]:
    """Consumer groups of `hl7-out` or `dicom-out`. Raises DestinationsUnusable."""
    if role == "hl7-out":
        return [destination.group_id for destination in read_destinations(installation)]
    return [destination.group_id for destination in read_dicom_destinations(installation)]


def dicom_out_config(installation: Installation) -> DicomOutConfig:
    """What the DICOM sink is told. Raises DestinationsUnusable."""
    return DicomOutConfig(
        kafka_bootstrap=installation.kafka_bootstrap,
        registry_url=installation.registry_url,
        key_ring=installation.key_ring_config(),
        images=installation.image_store_config(),
        state_directory=installation.data / "dicom-out",
        destinations=read_dicom_destinations(installation),
        now=installation.now(),
        instance_id="dicom-out-0",
    )


def _existing(path: Path) -> Path | None:
    return path if path.exists() else None


def _read(
    path: Path | None, parse: Callable[[str], tuple[Found, ...]], ours: tuple[str, int], listener: str
) -> tuple[Found, ...]:
    if path is None:
        return ()
    try:
        found = parse(path.expanduser().read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DestinationsUnusable(f"destinations: {path} cannot be read: {type(error).__name__}") from error
    except InvalidDestinations as error:
        raise DestinationsUnusable(f"destinations: {path}: {error}") from error
    for destination in found:
        if (destination.host, destination.port) == ours:
            raise DestinationsUnusable(
                f"{path}: destination {destination.name} is our own {listener} listener, a loop"
            )
    return found
