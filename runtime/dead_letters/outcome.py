"""What came of driving a dead letter again."""

from __future__ import annotations

from dataclasses import dataclass

HL7_ACCEPTED, DICOM_STORED = "hl7-accepted", "dicom-stored"
REPUBLISHED, DELIVERED = "republished", "delivered"
DISMISSED = "dismissed"


class CannotRetry(Exception):
    """This letter cannot be driven again as things stand. The text says why, and what would help."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """resolution: in coded form, None where it was not taken; answer: of whom it was sent to."""

    resolution: str | None
    answer: str
