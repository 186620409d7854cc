"""How pynetdicom and pydicom behave in our processes."""

from __future__ import annotations

import logging
import warnings

import pydicom.config
from pynetdicom import _config as pynetdicom_settings


def configure_libraries() -> None:
    """pynetdicom and pydicom keep their settings process-wide: images are taken as they come.

    They are silent: what they log has values of data sets in it. What matters of it we say ourselves.
    """
    pynetdicom_settings.LOG_HANDLER_LEVEL = "none"
    for library in ("pynetdicom", "pydicom"):
        logging.getLogger(library).setLevel(logging.CRITICAL + 1)
    warnings.filterwarnings("ignore", module="pydicom")
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
