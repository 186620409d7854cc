"""What the DICOM sink must be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from schemas.image_store_config import ImageStoreConfig
from sinks.delivering.config import OutletConfig
from sinks.dicom.destinations import Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomOutConfig(OutletConfig):
    """The DICOM sink of one site.

    state_directory: The index of images lies here; it is rebuilt from the log where it is missing.
    """

    images: ImageStoreConfig
    state_directory: Path
    destinations: tuple[Destination, ...]
