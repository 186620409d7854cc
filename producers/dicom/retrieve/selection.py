"""Which images a C-GET or C-MOVE asks for (DICOM PS3.4 C.4.2.1.4, C.6.2)."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset

from producers.dicom.catalogue.catalogue import Catalogue, CatalogueInstance, Selection
from producers.dicom.catalogue.store import CatalogueUnavailable
from producers.dicom.query.find_answers import (
    IDENTIFIER_DOES_NOT_MATCH,
    UNABLE_TO_PROCESS,
    CannotAnswer,
    failure,
    keys_asked,
)
from producers.dicom.query.levels import Level, level_of, values_of
from producers.dicom.query.matching import BadKey
from producers.dicom.storage.refusals import CannotUnderstand

# PS3.4 tables C.4-2 and C.4-3: unable to calculate the number of matches.
_CANNOT_COUNT = 0xA701
# Number of ... Sub-operations are US.
_MAXIMUM_IMAGES = 65_535


def images_asked_for(event: Any, catalogue: Catalogue, await_s: float) -> list[CatalogueInstance] | Dataset:
    """The images, or the status of why there is no answer. await_s: how long the catalogue has to be read."""
    try:
        selection = _selection(event)
        if not catalogue.await_read(await_s):
            raise CannotAnswer("the catalogue is being read")
        found = catalogue.instances(selection, _MAXIMUM_IMAGES + 1)
        if len(found) > _MAXIMUM_IMAGES:
            raise CannotAnswer("more images than one retrieval can have")
    except BadKey as error:
        return failure(IDENTIFIER_DOES_NOT_MATCH, str(error))
    except CannotUnderstand as error:
        return failure(UNABLE_TO_PROCESS, str(error))
    except (CannotAnswer, CatalogueUnavailable) as error:
        return failure(_CANNOT_COUNT, str(error))
    return found


def _selection(event: Any) -> Selection:
    """Raises CannotUnderstand or BadKey."""
    keys = keys_asked(event)
    level = level_of(keys)
    if not values_of(keys, level.value):
        raise BadKey(level.value, "what is to be retrieved")
    studies, series, images = (values_of(keys, one.value) for one in Level)
    return Selection(
        studies, series if level is not Level.STUDY else (), images if level is Level.IMAGE else ()
    )


def placeholder(instance: CatalogueInstance) -> Dataset:
    """What the library counts by; the image itself goes by `SubOperations`."""
    data_set = Dataset()
    data_set.SOPClassUID = instance.sop_class_uid
    data_set.SOPInstanceUID = instance.sop_instance_uid
    return data_set
