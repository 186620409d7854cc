"""Images as the log tells of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from schemas.events import InstanceStored
from schemas.identity import event_id, exam_id_of_accession, exam_id_of_study, patient_key
from schemas.parts import Envelope, Phi, Source
from schemas.phi import KeyRing, seal
from tests.producing import SITE, SITE_SECRET

STORED_AT = datetime(2026, 7, 6, 7, 30, tzinfo=UTC)
CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
EXPLICIT = "1.2.840.10008.1.2.1"


def stored(
    ring: KeyRing, study: int = 1, series: int = 1, image: int = 1, *, phi: Phi | None = None, **fields: Any
) -> InstanceStored:
    """The event of one image: UIDs 2.25.<study>, 2.25.<study>.<series>, 2.25.<study>.<series>.<image>.

    phi: without a patient's id, nothing is sealed.
    """
    uid = f"2.25.{study}.{series}.{image}"
    accession = fields.pop("accession_number", f"A{study}")
    this_id = event_id("test", uid)
    phi = Phi(patient_name=f"Patient^{study}", patient_id=f"M{study}") if phi is None else phi
    key = None if phi.patient_id is None else key_of(phi)
    study_uid = f"2.25.{study}"
    envelope = Envelope(
        event_id=this_id,
        exam_id=exam_id_of_accession(SITE, accession) if accession else exam_id_of_study(SITE, study_uid),
        occurred_at=STORED_AT,
        recorded_at=STORED_AT,
        source=Source(system="CT1", facility="", protocol="DICOM"),
        source_message_id=uid,
        site=SITE,
        patient_key=key,
        phi=None if key is None else seal(ring, key, this_id, phi),
    )
    said: dict[str, Any] = {
        "sop_class_uid": CT,
        "transfer_syntax_uid": EXPLICIT,
        "modality": "CT",
        "size_bytes": 1000,
        "sha256": "ab" * 32,
        "object_key": f"studies/{study_uid}/{study_uid}.{series}/{uid}.dcm",
        "study_date": f"202607{study:02d}" if study < 32 else None,
        "study_time": "0930",
        "study_id": f"S{study}",
        "series_number": series,
        "instance_number": image,
        "rows": 512,
        "columns": 256,
    }
    return InstanceStored(
        envelope=envelope,
        accession_number=accession,
        study_instance_uid=study_uid,
        series_instance_uid=f"{study_uid}.{series}",
        sop_instance_uid=uid,
        calling_ae_title="CT1",
        **{**said, **fields},
    )


def key_of(phi: Phi) -> str:
    """The patient's pseudonym."""
    return patient_key(SITE_SECRET, phi.issuer_of_patient_id or SITE, phi.patient_id or "")
