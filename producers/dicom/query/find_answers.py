"""What every C-FIND has in common: keys, statuses, and that it can be cancelled (DICOM PS3.4 C.4.1)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import structlog
from pydicom.dataset import Dataset

from producers.dicom.associations.services import await_sent
from producers.dicom.catalogue.store import CatalogueUnavailable
from producers.dicom.query.identifiers import answer, keys_of, unsupported
from producers.dicom.query.matching import BadKey, Item, Key, check
from producers.dicom.storage.refusals import OUT_OF_RESOURCES, CannotUnderstand
from producers.faults import place_of
from schemas.errors import PhiError

log = structlog.get_logger("dicom")

# PS3.4 tables C.4-1 and K.4-1.
PENDING, PENDING_WITHOUT_SOME_KEYS = 0xFF00, 0xFF01
CANCELLED = 0xFE00
IDENTIFIER_DOES_NOT_MATCH = 0xA900
UNABLE_TO_PROCESS = 0xC000
# Between two looks for a C-CANCEL.
_ANSWERS_AT_ONCE = 16

Answer = tuple[int | Dataset, Dataset | None]


class CannotAnswer(Exception):
    """Not now, or not so much: the text says why, for Out of Resources (0xA700)."""


def keys_asked(event: Any) -> tuple[Key, ...]:
    """The keys of a request's identifier. Raises CannotUnderstand or BadKey."""
    try:
        identifier = event.identifier
    except Exception as error:  # noqa: BLE001 - whatever damaged bytes provoke in the reader, they are unreadable
        raise CannotUnderstand(f"unreadable identifier: {type(error).__name__}") from None
    keys = keys_of(identifier)
    if not keys:
        raise BadKey("Identifier", "no key")
    check(keys)
    return keys


def answers(
    event: Any, keys: Sequence[Key], found: Iterator[Item | None], maximum: int
) -> Generator[Answer, None, int]:
    """A pending status for each item, and how many there were.

    found: None stands for a while of looking in which nothing matched. Raises CannotAnswer after `maximum`.
    """
    count = 0
    for item in found:
        if count % _ANSWERS_AT_ONCE == _ANSWERS_AT_ONCE - 1:
            await_sent(event.assoc)
        if event.is_cancelled:
            yield CANCELLED, None
            break
        if item is None:
            continue
        if count == maximum:
            raise CannotAnswer("more matches than the limit: narrow the query")
        yield (PENDING_WITHOUT_SOME_KEYS if unsupported(keys, item) else PENDING), answer(keys, item)
        count += 1
    return count


def guarded(event: Any, find: Callable[[Any], Iterator[Answer]]) -> Iterator[Answer]:
    """The answers, with the status of whatever goes wrong.

    Never raises: the library would log the text of what was raised.
    """
    try:
        yield from find(event)
    except BadKey as error:
        yield failure(IDENTIFIER_DOES_NOT_MATCH, str(error)), None
    except CannotUnderstand as error:
        yield failure(UNABLE_TO_PROCESS, str(error)), None
    except (CannotAnswer, CatalogueUnavailable) as error:
        yield failure(OUT_OF_RESOURCES, str(error)), None
    except PhiError as error:
        log.warning("query not answered", error=type(error).__name__)
        yield failure(OUT_OF_RESOURCES, "patients' keys are not available"), None
    except Exception as error:  # noqa: BLE001 - a fault of ours is one query's status, and is logged
        log.error("query failed", fault=place_of(error))
        yield failure(UNABLE_TO_PROCESS, "internal fault"), None


def failure(status: int, comment: str) -> Dataset:
    """A status with Error Comment (0000,0902), LO."""
    data_set = Dataset()
    data_set.Status = status
    data_set.ErrorComment = comment[:64]
    return data_set
