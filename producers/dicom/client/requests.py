"""What we ask of another application entity: C-ECHO, C-STORE, C-FIND, C-GET (DICOM PS3.7 section 9.1)."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
)
from pynetdicom import build_context, build_role
from pynetdicom.presentation import PresentationContext

from producers.dicom.client.peer import Peer, PeerFailed, accepts, associated
from producers.dicom.storage.attributes import is_uid
from producers.dicom.storage.content import Content, MemoryContent
from producers.dicom.storage.received import Received, dicom_file

VERIFICATION = "1.2.840.10008.1.1"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
WORKLIST_FIND = "1.2.840.10008.5.1.4.31"
_PENDING = frozenset({0xFF00, 0xFF01})
# An association has at most 128 contexts (PS3.8 section 9.3.2.2: odd ids below 256).
_MAXIMUM_CONTEXTS = 128
_CANNOT_UNDERSTAND, _OUT_OF_RESOURCES = 0xC000, 0xA700
# A peer sends an image as it has it only where that transfer syntax has a context of its own.
_GET_SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEG2000Lossless,
)
_STORAGE = "1.2.840.10008.5.1.4.1.1."
# CT, enhanced CT, MR, enhanced MR, CR, DX, MG, tomosynthesis, US, US multi-frame, XA, RF, NM, PET, secondary
# capture and its colour frames, SR (enhanced, dose), key objects, encapsulated PDF, segmentation.
_GET_CLASSES = tuple(
    _STORAGE + last
    for last in (
        *("2", "2.1", "4", "4.1", "1", "1.1", "1.2", "13.1.3", "6.1", "3.1", "12.1"),
        *("12.2", "20", "128", "7", "7.4", "88.22", "88.67", "88.59", "104.1", "66.4"),
    )
)


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
class Got:
    """A retrieve's end: sub-operations as the peer counts them, and the files that we wrote."""

    status: int
    completed: int
    failed: int
    warnings: int
    files: tuple[str, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    sop_class_uid: UID
    sop_instance_uid: str
    transfer_syntax_uid: UID

    @property
    def kind(self) -> tuple[UID, UID]:
        return self.sop_class_uid, self.transfer_syntax_uid


def echo(peer: Peer) -> None:
    """C-ECHO. Raises PeerFailed."""
    with associated(peer, [build_context(VERIFICATION)]) as association:
        if status := _status(peer, association.send_c_echo()):
            raise PeerFailed(f"{peer} answers C-ECHO with status 0x{status:04X}")


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
    for first in range(0, len(kinds), _MAXIMUM_CONTEXTS):
        together = kinds[first : first + _MAXIMUM_CONTEXTS]
        contexts = [build_context(sop_class, syntax) for sop_class, syntax in together]
        with associated(peer, contexts) as association:
            for file in readable:
                if file.kind in together:
                    yield _sent(peer, association, file)


def find(peer: Peer, sop_class: str, keys: Dataset) -> Iterator[Dataset]:
    """C-FIND: the matches, as they come. Raises PeerFailed."""
    with associated(peer, [build_context(sop_class)]) as association:
        for answer, match in association.send_c_find(keys, sop_class):
            status = _status(peer, answer)
            if status in _PENDING:
                if match is not None:
                    yield match
            elif status:
                raise PeerFailed(f"{peer} answers C-FIND with status 0x{status:04X}{_comment(answer)}")


def get(peer: Peer, keys: Dataset, directory: Path, on_progress: Callable[[int, int], None]) -> Got:
    """C-GET (Study Root): the images as files in `directory`, mode 0600, named by SOP Instance UID.

    on_progress: how many were done, of how many. Raises PeerFailed.
    """
    files: list[str] = []
    classes = _GET_CLASSES
    contexts = [build_context(STUDY_ROOT_GET), *_storage_contexts(classes)]
    roles = [build_role(sop_class, scp_role=True) for sop_class in classes]
    with associated(
        peer, contexts, roles=roles, on_store=lambda event: _keep(event, directory, files)
    ) as association:
        if not accepts(association, STUDY_ROOT_GET):
            raise PeerFailed(f"{peer} does not offer C-GET (Study Root)")
        for answer, _ in association.send_c_get(keys, STUDY_ROOT_GET):
            status = _status(peer, answer)
            completed, failed_count, warnings, remaining = _counts(answer)
            done = completed + failed_count + warnings
            on_progress(done, done + remaining)
            if status not in _PENDING:
                return Got(status, completed, failed_count, warnings, tuple(files), _comment(answer))
    raise PeerFailed(f"{peer} ended C-GET without a status")


def _storage_contexts(classes: Sequence[str]) -> list[PresentationContext]:
    wanted = [build_context(sop_class, syntax) for syntax in _GET_SYNTAXES for sop_class in classes]
    return wanted[: _MAXIMUM_CONTEXTS - 1]


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
    problem = "no answer" if status is None else _comment(answer).removeprefix(": ")
    return Sent(str(file.path), file.sop_instance_uid, status, problem)


def _keep(event: Any, directory: Path, files: list[str]) -> int:
    """One image of a C-GET to its file. Never raises."""
    request = event.request
    uid = str(request.AffectedSOPInstanceUID or "")
    if not is_uid(uid):  # it names a file
        return _CANNOT_UNDERSTAND
    file = dicom_file(
        Received(
            sop_class_uid=str(request.AffectedSOPClassUID or ""),
            sop_instance_uid=uid,
            transfer_syntax_uid=str(event.context.transfer_syntax),
            calling_ae_title="",
            content=MemoryContent(event.encoded_dataset(include_meta=False)),
        )
    )
    target = directory / f"{uid}.dcm"
    try:
        _write(file, target)
    except OSError:
        return _OUT_OF_RESOURCES  # PS3.4 table B.2-1: the peer counts it as failed
    files.append(str(target))
    return 0


def _write(file: Content, target: Path) -> None:
    """The file as a whole or not at all. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=target.parent, suffix=".new")
    try:
        with os.fdopen(handle, "wb") as out, file.open() as stream:
            shutil.copyfileobj(stream, out)
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)


def _counts(answer: Dataset) -> tuple[int, int, int, int]:
    completed, failed, warnings, remaining = (
        int(answer.get(f"NumberOf{what}Suboperations", 0) or 0)
        for what in ("Completed", "Failed", "Warning", "Remaining")
    )
    return completed, failed, warnings, remaining


def _status(peer: Peer, answer: Dataset) -> int:
    if "Status" not in answer:
        raise PeerFailed(f"{peer} gives no answer: its time is over, or it ended the association")
    return int(answer.Status)


def _comment(answer: Dataset) -> str:
    comment = answer.get("ErrorComment")
    return f": {comment}" if comment else ""
