"""What we ask of another application entity: C-ECHO, C-FIND (DICOM PS3.7 section 9.1)."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import Dataset
from pynetdicom import build_context

from producers.dicom.client.answers import PENDING, comment_of, status_of
from producers.dicom.client.peer import Peer, PeerFailed, associated

VERIFICATION = "1.2.840.10008.1.1"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
WORKLIST_FIND = "1.2.840.10008.5.1.4.31"


def echo(peer: Peer) -> None:
    """C-ECHO. Raises PeerFailed."""
    with associated(peer, [build_context(VERIFICATION)]) as association:
        if status := status_of(peer, association.send_c_echo()):
            raise PeerFailed(f"{peer} answers C-ECHO with status 0x{status:04X}")


def find(peer: Peer, sop_class: str, keys: Dataset) -> Iterator[Dataset]:
    """C-FIND: the matches, as they come. Raises PeerFailed."""
    with associated(peer, [build_context(sop_class)]) as association:
        for answer, match in association.send_c_find(keys, sop_class):
            status = status_of(peer, answer)
            if status in PENDING:
                if match is not None:
                    yield match
            elif status:
                raise PeerFailed(f"{peer} answers C-FIND with status 0x{status:04X}{comment_of(answer)}")
