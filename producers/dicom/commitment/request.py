"""What a storage commitment request asks, and what its report says (DICOM PS3.4 annex J.3): pure."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from producers.dicom.normalized.refusals import InvalidArgument
from producers.dicom.storage.attributes import uid_of
from producers.dicom.storage.refusals import CannotUnderstand

PROCESSING_FAILURE, NO_SUCH_OBJECT, CLASS_INSTANCE_CONFLICT = 0x0110, 0x0112, 0x0119
ALL_COMMITTED, FAILURES_EXIST = 1, 2
_REFERENCES = "ReferencedSOPSequence"


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """An image that the peer wants to delete at its side."""

    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class CommitmentRequest:
    """references: each once, in the order of the request."""

    transaction_uid: str
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """reason: Failure Reason (0008,1197)."""

    reference: Reference
    reason: int


def request_in(information: Dataset) -> CommitmentRequest:
    """Raises InvalidArgument where something is missing or has no meaning."""
    transaction = _uid(information, "TransactionUID")
    if not information.get(_REFERENCES):
        raise InvalidArgument(f"no item in {_REFERENCES}")
    references = [
        Reference(_uid(item, "ReferencedSOPClassUID"), _uid(item, "ReferencedSOPInstanceUID"))
        for item in information[_REFERENCES].value
    ]
    return CommitmentRequest(transaction, tuple(dict.fromkeys(references)))


def report_of(
    transaction_uid: str, committed: tuple[Reference, ...], failed: tuple[Failed, ...], ae_title: str
) -> tuple[int, Dataset]:
    """Event type and event information. ae_title: ours, from where the images can be retrieved."""
    information = Dataset()
    information.TransactionUID = transaction_uid
    information.RetrieveAETitle = ae_title
    if committed:
        information.ReferencedSOPSequence = Sequence([_item(reference) for reference in committed])
    if failed:
        information.FailedSOPSequence = Sequence([_failed_item(failure) for failure in failed])
    return (FAILURES_EXIST if failed else ALL_COMMITTED), information


def _item(reference: Reference) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = reference.sop_class_uid
    item.ReferencedSOPInstanceUID = reference.sop_instance_uid
    return item


def _failed_item(failure: Failed) -> Dataset:
    item = _item(failure.reference)
    item.FailureReason = failure.reason
    return item


def _uid(data_set: Dataset, keyword: str) -> str:
    try:
        return uid_of(data_set, keyword)
    except CannotUnderstand as error:
        raise InvalidArgument(str(error)) from None
