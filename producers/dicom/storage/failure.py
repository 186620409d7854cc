"""What the listener notes of images that it refused for want of room, until StorageFailed can be said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageFailure:
    """One study of one association.

    status: four hexadecimal digits. failed_at: by the department's clock, UTC.
    """

    association_id: str
    study_instance_uid: str
    exam_id: str
    accession_number: str | None
    patient_key: str | None
    calling_ae_title: str
    status: str
    reason: str
    failed_at: datetime

    def to_record(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self) | {"failed_at": self.failed_at.isoformat()}


def failure_in(record: Mapping[str, Any]) -> StorageFailure:
    """What `to_record` gave. Raises KeyError, ValueError or TypeError where it is none."""
    return StorageFailure(**{**record, "failed_at": datetime.fromisoformat(record["failed_at"])})
