"""The report of a storage commitment to the peer (DICOM PS3.4 J.3.3): on the association that it asked on,
as long as that is open; else on one that we open to it, as SCP (role selection, PS3.7 D.3.3.4).
"""

from __future__ import annotations

from typing import Any

import structlog
from pynetdicom import build_context, build_role

from producers.dicom.associations.peers import Destination, Peers
from producers.dicom.associations.services import PLAIN_TRANSFER_SYNTAXES
from producers.dicom.associations.tls import client_context
from producers.dicom.client.peer import Peer, PeerFailed, accepts, associated
from producers.dicom.commitment.event_reports import EventReport, EventReporter
from producers.dicom.commitment.journal import Transaction
from producers.dicom.commitment.request import report_of

log = structlog.get_logger("dicom")

STORAGE_COMMITMENT = "1.2.840.10008.1.20.1"
STORAGE_COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"


class ReportDelivery:
    """Shared by all threads."""

    def __init__(self, ae_title: str, peers: Peers, timeout_s: float) -> None:
        """ae_title: ours. timeout_s: how long a peer has for each answer."""
        self._ae_title = ae_title
        self._peers = peers
        self._timeout_s = timeout_s
        self._reporter = EventReporter(timeout_s)

    def deliver(self, transaction: Transaction, association: Any | None) -> bool:
        """Whether the peer has taken the report; logs why not. Never raises what the network does."""
        report = self._report(transaction)
        if association is not None and self._reporter.report(association, report):
            return True
        destination = self._peers.destination(transaction.ae_title)
        if destination is None:
            log.warning("report not delivered", peer=transaction.ae_title, reason="no address is known")
            return False
        try:
            return self._call(destination, report)
        except (PeerFailed, OSError, RuntimeError, ValueError) as error:
            log.warning("report not delivered", peer=transaction.ae_title, reason=str(error))
            return False

    def _report(self, transaction: Transaction) -> EventReport:
        outcome = transaction.outcome
        committed, failed = ((), ()) if outcome is None else (outcome.committed, outcome.failed)
        event_type, information = report_of(
            transaction.request.transaction_uid, committed, failed, self._ae_title
        )
        return EventReport(STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE, event_type, information)

    def _call(self, destination: Destination, report: EventReport) -> bool:
        tls = destination.tls
        peer = Peer(
            host=destination.host,
            port=destination.port,
            called_ae_title=destination.ae_title,
            calling_ae_title=self._ae_title,
            timeout_s=self._timeout_s,
            tls=None if tls is None else client_context(tls),
            server_name=None if tls is None else tls.server_name,
        )
        contexts = [build_context(STORAGE_COMMITMENT, list(PLAIN_TRANSFER_SYNTAXES))]
        roles = [build_role(STORAGE_COMMITMENT, scp_role=True)]
        with associated(peer, contexts, roles=roles) as association:
            is_taken = accepts(association, STORAGE_COMMITMENT) and self._reporter.report(association, report)
        if not is_taken:
            log.warning("report not delivered", peer=destination.ae_title, reason="the peer does not take it")
        return is_taken
