"""Storage Commitment Push Model as SCP (DICOM PS3.4 annex J): whether the peer may delete its images.

A success of N-ACTION means that the request is on disk; the answer to it is a report that comes later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import evt

from producers.dicom.associations.services import Handler, SupportedContext
from producers.dicom.commitment.commitments import Commitments
from producers.dicom.commitment.delivery import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE
from producers.dicom.commitment.request import request_in
from producers.dicom.normalized.refusals import NoSuchAction, UnknownInstance
from producers.dicom.normalized.requests import answered, attributes_of, calling_ae_title, readable

_REQUEST_COMMITMENT = 1


class CommitmentService:
    """Shared by all associations."""

    def __init__(self, commitments: Commitments) -> None:
        self._commitments = commitments

    def contexts(self) -> Sequence[SupportedContext]:
        """Storage Commitment Push Model."""
        return [SupportedContext(STORAGE_COMMITMENT)]

    def handlers(self) -> Sequence[Handler]:
        """N-ACTION."""
        return [(evt.EVT_N_ACTION, self.on_action)]

    def on_action(self, event: Any) -> tuple[Dataset, None]:
        """A request for commitment."""
        return answered("N-ACTION commitment", event, lambda: self._take(event)), None

    def _take(self, event: Any) -> Mapping[str, object]:
        if str(event.request.RequestedSOPInstanceUID or "") != STORAGE_COMMITMENT_INSTANCE:
            raise UnknownInstance("not the well-known instance of storage commitment")
        if event.request.ActionTypeID != _REQUEST_COMMITMENT:
            raise NoSuchAction("there is only action type 1")
        information = attributes_of(event, "action_information")
        request = readable(lambda: request_in(information))
        self._commitments.take(request, calling_ae_title(event), event.assoc)
        return {"transaction_uid": request.transaction_uid, "instances": len(request.references)}
