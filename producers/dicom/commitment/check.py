"""Whether we answer for an image: the catalogue knows it, and the object store has that very object.

What is only in the spool is not yet committed to: it is waited for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from producers.dicom.archive.archive import ArchiveUnavailable
from producers.dicom.catalogue.catalogue import CatalogueInstance
from producers.dicom.catalogue.store import CatalogueUnavailable
from producers.dicom.commitment.journal import CommittedStudy, Outcome
from producers.dicom.commitment.request import (
    CLASS_INSTANCE_CONFLICT,
    NO_SUCH_OBJECT,
    PROCESSING_FAILURE,
    Failed,
    Reference,
)


class KnownInstances(Protocol):
    """The catalogue, as far as it is needed here."""

    def instance(self, sop_instance_uid: str) -> CatalogueInstance | None:
        """The image, or None. Raises CatalogueUnavailable."""

    def is_read(self) -> bool:
        """Whether it has all that the log had at the start."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of an image. reason: None where it is safe, else the Failure Reason that it has now."""

    reason: int | None
    instance: CatalogueInstance | None = None

    @property
    def is_final(self) -> bool:
        """Waiting changes nothing."""
        return self.reason is None or self.reason == CLASS_INSTANCE_CONFLICT


class CommitmentCheck:
    """Safe to use from many threads."""

    def __init__(self, catalogue: KnownInstances, holds: Callable[[str, str], bool]) -> None:
        """`holds(object_key, sha256)`: whether the object store has it. Raises ArchiveUnavailable."""
        self._catalogue = catalogue
        self._holds = holds

    def find(self, reference: Reference) -> Finding:
        """Never raises: what cannot be asked now is not final."""
        try:
            instance = self._catalogue.instance(reference.sop_instance_uid)
            if instance is None:
                return Finding(NO_SUCH_OBJECT if self._catalogue.is_read() else PROCESSING_FAILURE)
            if instance.sop_class_uid != reference.sop_class_uid:
                return Finding(CLASS_INSTANCE_CONFLICT, instance)
            if self._holds(instance.object_key, instance.sha256):
                return Finding(None, instance)
            return Finding(NO_SUCH_OBJECT, instance)
        except (CatalogueUnavailable, ArchiveUnavailable):
            return Finding(PROCESSING_FAILURE)


def outcome_of(found: Mapping[Reference, Finding], decided_at: datetime) -> Outcome:
    """What the findings come to, those that are not final as they are now."""
    failed = [
        Failed(reference, finding.reason)
        for reference, finding in found.items()
        if finding.reason is not None
    ]
    return Outcome(
        committed=tuple(reference for reference, finding in found.items() if finding.reason is None),
        failed=tuple(failed),
        studies=tuple(_studies(found.values())),
        decided_at=decided_at,
    )


def _studies(findings: Iterable[Finding]) -> list[CommittedStudy]:
    """Images that nobody knows are of the one study that there is; of two they are of neither."""
    counts: dict[tuple[str, str], Counter[bool]] = {}
    one: dict[tuple[str, str], CatalogueInstance] = {}
    unknown = 0
    for finding in findings:
        if finding.instance is None:
            unknown += 1
            continue
        key = (finding.instance.study_instance_uid, finding.instance.exam_id)
        one.setdefault(key, finding.instance)
        counts.setdefault(key, Counter())[finding.reason is None] += 1
    return [
        CommittedStudy(
            study_instance_uid=key[0],
            exam_id=key[1],
            accession_number=one[key].accession_number,
            patient_key=one[key].patient_key,
            committed_count=counted[True],
            failed_count=counted[False] + (unknown if len(counts) == 1 else 0),
        )
        for key, counted in counts.items()
    ]
