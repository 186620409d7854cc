"""Storage commitment as SCU (DICOM PS3.4 annex J): asks an archive whether it answers for images."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.sequence import Sequence as Items
from pydicom.uid import generate_uid
from pynetdicom import build_context, evt
from pynetdicom.association import Association

from producers.dicom.associations.services import PLAIN_TRANSFER_SYNTAXES
from producers.dicom.client.peer import Peer, PeerFailed, accepts, associated
from producers.dicom.commitment.delivery import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE
from producers.dicom.commitment.request import Reference
from producers.dicom.elements import text_of
from producers.dicom.storage.attributes import is_uid

_REQUEST_COMMITMENT = 1
_ANSWERED_WITHIN_S = 5.0


class NotAnImage(Exception):
    """A file that names no SOP class and instance."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What the peer reports. failed: Failure Reason (0008,1197) by SOP Instance UID."""

    transaction_uid: str
    committed: tuple[str, ...]
    failed: dict[str, int]


def reference_of(path: Path) -> Reference:
    """The image in a file. Raises NotAnImage, OSError."""
    try:
        header = read_file_meta_info(path)
    except InvalidDicomError:
        raise NotAnImage(f"{path} is no DICOM file") from None
    sop_class, instance = (
        text_of(header, f"MediaStorageSOP{what}UID") or "" for what in ("Class", "Instance")
    )
    if not is_uid(sop_class) or not is_uid(instance):
        raise NotAnImage(f"{path} names no SOP class and instance")
    return Reference(sop_class, instance)


def commit(peer: Peer, references: Sequence[Reference], wait_s: float) -> Committed:
    """Ask, and wait so long for the report, on the same association. Raises PeerFailed."""
    transaction = str(generate_uid(prefix=None))  # under 2.25: a UUID
    reports = _Reports(transaction)
    with associated(peer, [build_context(STORAGE_COMMITMENT, list(PLAIN_TRANSFER_SYNTAXES))]) as association:
        if not accepts(association, STORAGE_COMMITMENT):
            raise PeerFailed(f"{peer} does not offer storage commitment")
        association.bind(evt.EVT_N_EVENT_REPORT, reports.take)
        try:
            _request(association, peer, _information(transaction, references))
            if not reports.came.wait(wait_s) or reports.report is None:
                raise PeerFailed(f"{peer} took the request, and has not reported within {wait_s:g} s")
            return reports.report
        finally:
            reports.await_answered()


def _request(association: Association, peer: Peer, information: Dataset) -> None:
    answer, _ = association.send_n_action(
        information, _REQUEST_COMMITMENT, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE
    )
    status = answer.get("Status")
    if status is None:
        raise PeerFailed(f"{peer} gives no answer to N-ACTION")
    if status:
        comment = text_of(answer, "ErrorComment")
        raise PeerFailed(f"{peer} answers N-ACTION with status 0x{status:04X} {comment or ''}".strip())


class _Reports:
    """The report of one transaction; of others we know nothing."""

    def __init__(self, transaction: str) -> None:
        self._transaction = transaction
        self.came = threading.Event()
        self.report: Committed | None = None
        self._answering: list[threading.Thread] = []

    def await_answered(self) -> None:
        """Wait until the answers to what came are sent.

        pynetdicom answers each report in a thread of its own. An answer that a release overtakes breaks the
        association (DICOM PS3.8 table 9-10: data to send in state 7), and the peer would report again.
        """
        for thread in [*self._answering]:
            thread.join(_ANSWERED_WITHIN_S)

    def take(self, event: Any) -> tuple[int, None]:
        self._answering.append(threading.current_thread())
        information: Dataset = event.event_information
        if text_of(information, "TransactionUID") != self._transaction:
            return 0x0112, None
        self.report = Committed(
            self._transaction,
            tuple(_instance(item) for item in information.get("ReferencedSOPSequence") or ()),
            {
                _instance(item): int(item.get("FailureReason") or 0)
                for item in information.get("FailedSOPSequence") or ()
            },
        )
        self.came.set()
        return 0x0000, None


def _instance(item: Dataset) -> str:
    return text_of(item, "ReferencedSOPInstanceUID") or ""


def _information(transaction: str, references: Sequence[Reference]) -> Dataset:
    items = []
    for reference in dict.fromkeys(references):
        item = Dataset()
        item.ReferencedSOPClassUID = reference.sop_class_uid
        item.ReferencedSOPInstanceUID = reference.sop_instance_uid
        items.append(item)
    information = Dataset()
    information.TransactionUID = transaction
    information.ReferencedSOPSequence = Items(items)
    return information
