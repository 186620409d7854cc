"""Which studies are being received, by association: whose first image was said, and of which the end is due.

In memory; its record goes to disk with the archiver's state, before the spool forgets what it follows from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from producers.dicom.entry_files import phi_of, phi_record
from producers.dicom.storage.instance_facts import InstanceFacts
from schemas.parts import SealedPhi


@dataclass(slots=True, kw_only=True)
class OpenStudy:
    """One study in one association. phi: bound to phi_bound_to. last_at: when its last image came, UTC."""

    association_id: str
    study_instance_uid: str
    exam_id: str
    accession_number: str | None
    patient_key: str | None
    modality: str | None
    calling_ae_title: str
    phi: SealedPhi | None
    phi_bound_to: str
    last_at: datetime


class OpenStudies:
    """Of one thread."""

    def __init__(self, record: Iterable[Mapping[str, Any]] = ()) -> None:
        """`record`: what `to_record` gave. Raises KeyError, ValueError or TypeError where it is none."""
        self._studies = {_key(study): study for study in map(_decoded, record)}

    def knows(self, facts: InstanceFacts) -> bool:
        """Whether an image of that study in that association was added before."""
        return facts.study_key in self._studies

    def add(self, facts: InstanceFacts) -> None:
        """The image is in the object store and the log has it."""
        known = self._studies.get(facts.study_key)
        if known is None:
            known = self._studies[facts.study_key] = _begun(facts)
        known.last_at = max(known.last_at, facts.received_at)

    def of(self, association_id: str) -> list[OpenStudy]:
        """What the association brought."""
        return [study for study in self._studies.values() if study.association_id == association_id]

    def all(self) -> list[OpenStudy]:
        """What all brought."""
        return list(self._studies.values())

    def close(self, study: OpenStudy) -> None:
        """Its end was said."""
        self._studies.pop(_key(study), None)

    def to_record(self) -> list[dict[str, Any]]:
        """As JSON has it; no PHI in clear."""
        return [
            asdict(study) | {"phi": phi_record(study.phi), "last_at": study.last_at.isoformat()}
            for study in self._studies.values()
        ]


def _begun(facts: InstanceFacts) -> OpenStudy:
    image = facts.attributes
    return OpenStudy(
        association_id=facts.association_id,
        study_instance_uid=image.study_instance_uid,
        exam_id=facts.exam_id,
        accession_number=image.accession_number,
        patient_key=facts.patient_key,
        modality=image.modality,
        calling_ae_title=facts.calling_ae_title,
        phi=facts.phi,
        phi_bound_to=facts.stored_event_id,
        last_at=facts.received_at,
    )


def _key(study: OpenStudy) -> tuple[str, str, str]:
    return study.association_id, study.study_instance_uid, study.exam_id


def _decoded(record: Mapping[str, Any]) -> OpenStudy:
    last_at = datetime.fromisoformat(record["last_at"])
    return OpenStudy(**{**record, "phi": phi_of(record["phi"]), "last_at": last_at})
