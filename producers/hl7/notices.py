"""What was noticed about a message, to the log: its control id, codes and event ids, and never PHI."""

from __future__ import annotations

import structlog

from producers.hl7.mapping import Mapped

log = structlog.get_logger("hl7")


def log_notices(control_id: str, mapped: Mapped) -> None:
    """What its sender should mend, and why it gives no event where it gives none."""
    if mapped.warnings:
        log.warning(
            "doubtful message",
            control_id=control_id,
            doubts=[f"{notice.location} {notice.code}" for notice in mapped.warnings],
            event_ids=[event.envelope.event_id for event in mapped.events],
        )
    if not mapped.events:
        silences = [f"{notice.location} {notice.code}" for notice in mapped.silences]
        log.info("message without an event", control_id=control_id, silences=silences)
