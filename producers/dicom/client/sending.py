"""C-STORE of files to another application entity (DICOM PS3.7 section 9.1.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.uid import UID
from pynetdicom import build_context

from producers.dicom.client.answers import comment_of
from producers.dicom.client.peer import MAXIMUM_CONTEXTS, Peer, PeerFailed, associated


@dataclass(frozen=True, slots=True)
class Sent:
    """One file and its answer. status: None where none came."""

    file: str
    sop_instance_uid: str
    status: int | None
    problem: str = ""

    @property
    def is_stored(self) -> bool:
        """Success, or a warning: the peer has it (PS3.4 table B.2-1)."""
        return self.status is not None and (self.status == 0 or self.status >> 12 == 0xB)


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    sop_class_uid: UID
    sop_instance_uid: str
    transfer_syntax_uid: UID

    @property
    def kind(self) -> tuple[UID, UID]:
        return self.sop_class_uid, self.transfer_syntax_uid


def send(peer: Peer, files: Sequence[Path]) -> Iterator[Sent]:
    """C-STORE of each file, in its own transfer syntax; what is no DICOM file is answered first.

    Raises PeerFailed; what was answered before stands.
    """
    readable: list[_File] = []
    for path in files:
        try:
            readable.append(_file(path))
        except (InvalidDicomError, OSError, AttributeError, ValueError) as error:
            yield Sent(str(path), "", None, f"no DICOM file: {type(error).__name__}")
    kinds = list(dict.fromkeys(file.kind for file in readable))
    for first in range(0, len(kinds), MAXIMUM_CONTEXTS):
        together = kinds[first : first + MAXIMUM_CONTEXTS]
        contexts = [build_context(sop_class, syntax) for sop_class, syntax in together]
        with associated(peer, contexts) as association:
            for file in readable:
                if file.kind in together:
                    yield _sent(peer, association, file)


def _file(path: Path) -> _File:
    meta = read_file_meta_info(path)
    sop_class, instance = meta.MediaStorageSOPClassUID, str(meta.MediaStorageSOPInstanceUID)
    return _File(path, UID(sop_class), instance, UID(meta.TransferSyntaxUID))


def _sent(peer: Peer, association: Any, file: _File) -> Sent:
    if not association.is_established:
        raise PeerFailed(f"{peer} ended the association")
    try:
        answer = association.send_c_store(file.path)
    except ValueError:
        kind = f"{file.sop_class_uid.name} in {file.transfer_syntax_uid.name}"
        return Sent(str(file.path), file.sop_instance_uid, None, f"the peer does not take {kind}")
    status = answer.get("Status")
    problem = "no answer" if status is None else comment_of(answer).removeprefix(": ")
    return Sent(str(file.path), file.sop_instance_uid, status, problem)
