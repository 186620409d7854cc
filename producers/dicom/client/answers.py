"""What a peer answers to a request (DICOM PS3.7 annex C)."""

from __future__ import annotations

from pydicom.dataset import Dataset

from producers.dicom.client.peer import Peer, PeerFailed

PENDING = frozenset({0xFF00, 0xFF01})


def status_of(peer: Peer, answer: Dataset) -> int:
    """The answer's status. Raises PeerFailed where there is no answer."""
    if "Status" not in answer:
        raise PeerFailed(f"{peer} gives no answer: its time is over, or it ended the association")
    return int(answer.Status)


def comment_of(answer: Dataset) -> str:
    """What the peer says beside its status, with a colon before it; empty where it says nothing."""
    comment = answer.get("ErrorComment")
    return f": {comment}" if comment else ""
