"""Who was sent something of the patient before: an erasure ends at our own stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clickhouse_connect.driver.client import Client

_SENT = """
SELECT
    event_type,
    multiIf(
        event_type = 'ReportDelivered', JSONExtractString(payload, 'destination'),
        event_type IN ('StudySent', 'StudyRetrieved'), JSONExtractString(payload, 'destination_ae_title'),
        JSONExtractString(payload, 'user')
    ) AS receiver,
    count(), min(occurred_at), max(occurred_at)
FROM events FINAL
WHERE (patient_key IN {keys:Array(String)} OR exam_id IN {exams:Array(String)})
    AND (event_type IN ('ReportDelivered', 'StudySent', 'StudyRetrieved')
         OR (event_type = 'AccessRecorded' AND JSONExtractString(payload, 'event_code') = '110106'))
GROUP BY event_type, receiver ORDER BY event_type, receiver
"""
_WORDS: Mapping[str, str] = {
    "ReportDelivered": "reports over HL7",
    "StudySent": "images over DICOM",
    "StudyRetrieved": "images that it fetched over DICOM",
    "AccessRecorded": "exports",
}


@dataclass(frozen=True, slots=True)
class SentBefore:
    """One receiver of one kind of thing. Times are UTC, of the department's clock."""

    what: str
    receiver: str
    count: int
    first_at: str
    last_at: str

    def body(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "what": self.what,
            "receiver": self.receiver,
            "count": self.count,
            "first_at": self.first_at,
            "last_at": self.last_at,
        }


def sent_before(client: Client, keys: Sequence[str], exams: Sequence[str]) -> list[SentBefore]:
    """What the log says was delivered, sent, fetched or exported. Raises ClickHouse's own errors."""
    rows = client.query(_SENT, parameters={"keys": list(keys), "exams": list(exams)}).result_rows
    return [
        SentBefore(_WORDS[str(kind)], str(receiver), int(count), first.isoformat(), last.isoformat())
        for kind, receiver, count, first, last in rows
    ]
