"""What services with N-CREATE, N-SET, N-ACTION share: reading a request, answering it (PS3.7 10.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

import structlog
from pydicom.dataset import Dataset

from producers.dicom.normalized.refusals import RESOURCE_LIMITATION, CannotProcess, RequestRefused
from producers.dicom.storage.header import check_whole
from producers.dicom.storage.refusals import SUCCESS, CannotUnderstand
from producers.faults import place_of
from producers.publishing import PublishFailed
from schemas.errors import PhiError

log = structlog.get_logger("dicom")
_PROCESSING_FAILURE = 0x0110
_MAXIMUM_COMMENT = 64
Read = TypeVar("Read")


def answered(request: str, event: Any, do: Callable[[], Mapping[str, object]]) -> Dataset:
    """The status of a request that `do` takes; it gives what the log shall say of it.

    Never raises: the library would log the text of what was raised.
    """
    calling = calling_ae_title(event)
    try:
        said = do()
    except RequestRefused as refused:
        log.warning("refused", request=request, reason=type(refused).__name__, calling_ae_title=calling)
        return _status(refused.status, str(refused), refused.error_id)
    except (PublishFailed, PhiError, OSError) as error:
        log.warning("not taken", request=request, error=type(error).__name__, calling_ae_title=calling)
        return _status(RESOURCE_LIMITATION, "not durable now: send it again")
    except Exception as error:  # noqa: BLE001 - a fault of ours is one request's status, and is logged
        log.error("request failed", request=request, fault=place_of(error))
        return _status(_PROCESSING_FAILURE, "internal fault")
    log.info("taken", request=request, calling_ae_title=calling, **said)
    return _status(SUCCESS)


def calling_ae_title(event: Any) -> str:
    """Who asks."""
    return str(event.assoc.requestor.ae_title).strip()


def attributes_of(
    event: Any, what: Literal["attribute_list", "modification_list", "action_information"]
) -> Dataset:
    """The data set of a request. Raises CannotProcess."""

    def read() -> Dataset:
        data_set: Dataset = getattr(event, what)
        check_whole(data_set)
        return data_set

    return readable(read)


def readable(read: Callable[[], Read]) -> Read:
    """What damaged bytes provoke in the reader, whenever it comes to them, is one refusal."""
    try:
        return read()
    except RequestRefused:
        raise
    except CannotUnderstand as error:
        raise CannotProcess(str(error)) from None
    except Exception as error:  # noqa: BLE001 - whatever it is, the attribute list is unreadable
        raise CannotProcess(f"unreadable attribute list: {type(error).__name__}") from None


def _status(status: int, comment: str = "", error_id: int | None = None) -> Dataset:
    """The status with Error Comment (0000,0902) and Error ID (0000,0903)."""
    data_set = Dataset()
    data_set.Status = status
    if comment:
        data_set.ErrorComment = comment[:_MAXIMUM_COMMENT]
    if error_id is not None:
        data_set.ErrorID = error_id
    return data_set
