"""Whether an image may be shown to who must not learn whose it is. Pure.

An image names its patient where text is burnt into its pixels. DICOM has an attribute that says so, and most
devices leave it out (PS3.3 C.7.6.1: then it may or may not be so): only what comes straight from a scanner's
detector is shown without its word.
"""

from __future__ import annotations

from pydicom.dataset import Dataset

from dashboards.pictures.errors import NotShown

# What a scanner makes of its measurement; of ultrasound, endoscopy and captured screens the device's own
# screen is the image, with the name at its top.
_MEASURED = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.1",  # Computed Radiography
        "1.2.840.10008.5.1.4.1.1.1.1",  # Digital X-Ray for presentation
        "1.2.840.10008.5.1.4.1.1.1.2",  # Digital Mammography for presentation
        "1.2.840.10008.5.1.4.1.1.2",  # CT
        "1.2.840.10008.5.1.4.1.1.2.1",  # Enhanced CT
        "1.2.840.10008.5.1.4.1.1.4",  # MR
        "1.2.840.10008.5.1.4.1.1.4.1",  # Enhanced MR
        "1.2.840.10008.5.1.4.1.1.20",  # Nuclear Medicine
        "1.2.840.10008.5.1.4.1.1.128",  # PET
    }
)


def check_shown(data_set: Dataset) -> None:
    """Raises NotShown where the pixels may name the patient, or show a face."""
    burnt = str(data_set.get("BurnedInAnnotation") or "")
    if burnt == "YES":
        raise NotShown("burned-in", "It says that text is burnt into it")
    if str(data_set.get("RecognizableVisualFeatures") or "") == "YES":
        raise NotShown("recognizable", "It says that the patient can be recognised in it")
    if burnt != "NO" and not _is_measured(data_set):
        raise NotShown("may-be-burned-in", "It does not say that no text is burnt into it")


def _is_measured(data_set: Dataset) -> bool:
    image_type = [str(value) for value in data_set.get("ImageType") or ()]
    return str(data_set.get("SOPClassUID")) in _MEASURED and image_type[:2] == ["ORIGINAL", "PRIMARY"]
