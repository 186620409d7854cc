"""C-GET from another application entity into files (DICOM PS3.4 section C.4.3)."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
)
from pynetdicom import build_context, build_role
from pynetdicom.presentation import PresentationContext

from producers.dicom.client.answers import PENDING, comment_of, status_of
from producers.dicom.client.peer import MAXIMUM_CONTEXTS, Peer, PeerFailed, accepts, associated
from producers.dicom.storage.attributes import is_uid
from producers.dicom.storage.content import Content, MemoryContent
from producers.dicom.storage.received import Received, dicom_file

STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
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
class Got:
    """A retrieve's end: sub-operations as the peer counts them, and the files that we wrote."""

    status: int
    completed: int
    failed: int
    warnings: int
    files: tuple[str, ...]
    problem: str = ""


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
            status = status_of(peer, answer)
            completed, failed_count, warnings, remaining = _counts(answer)
            done = completed + failed_count + warnings
            on_progress(done, done + remaining)
            if status not in PENDING:
                return Got(status, completed, failed_count, warnings, tuple(files), comment_of(answer))
    raise PeerFailed(f"{peer} ended C-GET without a status")


def _storage_contexts(classes: Sequence[str]) -> list[PresentationContext]:
    wanted = [build_context(sop_class, syntax) for syntax in _GET_SYNTAXES for sop_class in classes]
    return wanted[: MAXIMUM_CONTEXTS - 1]


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
