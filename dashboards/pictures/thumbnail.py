"""A small picture of a DICOM file: only pixels, so only what check_shown lets through. Pure."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import DeflatedExplicitVRLittleEndian

from dashboards.pictures.errors import NotShown
from dashboards.pictures.shown import check_shown

EDGE_PX = 192
MEDIA_TYPE = "image/webp"
_QUALITY = 82
# One frame of more samples is not decoded: what a page shows is no reason to fill the memory.
_MAX_SAMPLES = 64_000_000

_Pixels = NDArray[Any]


def thumbnail(content: bytes) -> bytes:
    """A WebP of at most EDGE_PX by EDGE_PX of the middle frame. Raises NotShown."""
    data_set = _read(content)
    check_shown(data_set)
    frames = int(data_set.get("NumberOfFrames") or 1)
    samples = int(data_set.get("Rows") or 0) * int(data_set.get("Columns") or 0)
    if not 0 < samples * int(data_set.get("SamplesPerPixel") or 1) <= _MAX_SAMPLES or frames < 1:
        raise NotShown("size", "Its size is none that a picture is made of")
    try:
        return _encoded(_shown(data_set, pixel_array(data_set, index=frames // 2 if frames > 1 else None)))
    except Exception:  # noqa: BLE001 - whatever damaged pixels, or a coding that nothing here reads, provoke
        raise NotShown("undecodable", "Its pixels are in a coding that is not read here") from None


def _read(content: bytes) -> FileDataset:
    try:
        # Only the file's head: what a deflated data set unfolds to is bounded by nothing.
        head = dcmread(BytesIO(content), stop_before_pixels=True, specific_tags=["SOPClassUID"], defer_size=0)
        if head.file_meta.TransferSyntaxUID == DeflatedExplicitVRLittleEndian:
            raise NotShown("undecodable", "Its data set is deflated")
        return dcmread(BytesIO(content))
    except NotShown:
        raise
    except Exception:  # noqa: BLE001 - whatever a damaged file provokes in the reader
        raise NotShown("unreadable", "It is no DICOM file that can be read") from None


def _shown(data_set: FileDataset, pixels: _Pixels) -> NDArray[np.uint8]:
    """Grey or RGB of eight bits, as a screen shows it."""
    interpretation = str(data_set.PhotometricInterpretation)
    # Pixels that the small picture cannot show need no windowing.
    step = max(1, min(pixels.shape[:2]) // (3 * EDGE_PX))
    pixels = pixels[::step, ::step]
    if interpretation == "PALETTE COLOR":
        pixels = apply_color_lut(pixels, data_set)
    if pixels.ndim == 3:
        top = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else pixels.max() or 1
        return np.asarray(pixels / top * 255, np.uint8)
    grey = apply_voi_lut(apply_modality_lut(pixels, data_set), data_set).astype(np.float64)
    low, high = _window(data_set, grey)
    scaled = np.clip((grey - low) / max(high - low, 1e-9), 0, 1) * 255
    return np.asarray(255 - scaled if interpretation == "MONOCHROME1" else scaled, np.uint8)


def _window(data_set: FileDataset, grey: NDArray[np.float64]) -> tuple[float, float]:
    if "WindowWidth" in data_set or "VOILUTSequence" in data_set:
        return float(grey.min()), float(grey.max())
    low, high = np.percentile(grey, (1, 99))
    return float(low), float(high)


def _encoded(pixels: NDArray[np.uint8]) -> bytes:
    picture = Image.fromarray(pixels)
    picture.thumbnail((EDGE_PX, EDGE_PX), Image.Resampling.BOX)
    written = BytesIO()
    picture.save(written, "WEBP", quality=_QUALITY)
    return written.getvalue()
