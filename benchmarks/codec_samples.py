"""The events that are encoded: an order, and an image."""

from __future__ import annotations

from datetime import UTC, datetime

from schemas.events import InstanceStored, OrderPlaced
from schemas.identity import event_id
from schemas.parts import Envelope, SealedPhi, Source

_NOW = datetime(2026, 11, 24, 6, 30, 0, 123456, tzinfo=UTC)
Sample = OrderPlaced | InstanceStored


def samples() -> dict[str, Sample]:
    """An order with its sealed patient, and an image: the two that a department says most."""
    envelope = Envelope(
        event_id=event_id("hl7", "RIS", "GENERAL", "MSG00042", "order_placed"),
        exam_id="GENERAL|A2026000042",
        occurred_at=_NOW,
        recorded_at=_NOW,
        source=Source(system="RIS", facility="GENERAL", protocol="HL7v2"),
        source_message_id="MSG00042",
        site="GENERAL",
        swim_code=OrderPlaced.SWIM_CODE,
        patient_key="a" * 64,
        phi=SealedPhi(key_id="a" * 64 + "/1", nonce=bytes(12), ciphertext=bytes(160)),
    )
    order = OrderPlaced(
        envelope=envelope,
        accession_number="A2026000042",
        placer_order_number="P-100042",
        filler_order_number="F-200042",
        study_instance_uid="1.2.826.0.1.3680043.8.498.1",
        modality="CT",
        procedure_code="CTHEAD",
        procedure_name="CT Head without contrast",
        priority="STAT",
        patient_class="E",
        location="ED",
    )
    image = InstanceStored(
        envelope=envelope,
        accession_number="A2026000042",
        study_instance_uid="1.2.826.0.1.3680043.8.498.1",
        series_instance_uid="1.2.826.0.1.3680043.8.498.1.1",
        sop_instance_uid="1.2.826.0.1.3680043.8.498.1.1.1",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        modality="CT",
        size_bytes=525_312,
        sha256="b" * 64,
        object_key="studies/1.2.826/1.2.826.1/1.2.826.1.1.dcm",
        calling_ae_title="CT1",
        acquired_at=_NOW,
    )
    return {"order": order, "image": image}
