"""One message from bytes to its answer: parse, map, publish, acknowledge. AA only after Kafka's own.

What is rejected goes to the dead letters before it is answered; where even that cannot be written the answer
is AE, so that the sender keeps the message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

import structlog

from producers.dead_letters import dead_letter
from producers.faults import place_of
from producers.hl7.acknowledgement import Outcome, acknowledge, refuse
from producers.hl7.context import PROTOCOL, MappingConfig, patient_of, source_of
from producers.hl7.framing import Block, TooLong
from producers.hl7.mapping import map_message
from producers.hl7.message import Message
from producers.hl7.parsing import parse
from producers.hl7.rejections import EventTooLarge, MappingFailed, MessageTooLong, Rejected
from producers.publishing import EventPublisher, PublishFailed, RecordTooLarge
from schemas.errors import PhiError
from schemas.events import Event
from schemas.parts import Source
from schemas.phi import KeyRing

log = structlog.get_logger("hl7")

CONTENT_TYPE = "x-application/hl7-v2+er7"
_KNOWN_PATIENTS = 100_000


class Receiver:
    """Shared by all connections of a listener."""

    def __init__(
        self,
        config: MappingConfig,
        ring: KeyRing,
        publisher: EventPublisher,
        now: Callable[[], datetime],
    ) -> None:
        self._config = config
        self._ring = ring
        self._publisher = publisher
        self._now = now
        self._with_key: set[str] = set()

    async def receive(self, frame: Block | TooLong) -> asyncio.Task[list[bytes]]:
        """Map the message; the task then publishes it and gives the answers.

        Messages received one after the other are published in that order.
        """
        recorded_at = self._now()
        raw = frame.content if isinstance(frame, Block) else frame.head
        message: Message | None = None
        try:
            message = parse(raw)
            if isinstance(frame, TooLong):
                raise MessageTooLong("longer than this listener takes")
            events = await self._map(message, recorded_at)
        except Rejected as rejected:
            answering = self._reject(message, raw, rejected, recorded_at)
        except (PhiError, OSError) as error:
            log.error("cannot seal", error=type(error).__name__, detail=str(error))
            answering = self._answer(message, Outcome.unavailable())
        except Exception as error:  # noqa: BLE001 - a fault of ours must cost neither connection nor message
            log.error("mapping failed", fault=place_of(error))
            failed = MappingFailed(f"{type(error).__name__} in the mapping")
            answering = self._reject(message, raw, failed, recorded_at)
        else:
            answering = self._publish(message, raw, events, recorded_at)
        return asyncio.create_task(answering)

    async def _map(self, message: Message, recorded_at: datetime) -> list[Event]:
        try:
            patient = patient_of(message, self._config).key
        except Rejected:
            patient = ""  # an unknown message type is the better reason, and the mapping says which
        if patient in self._with_key:
            return map_message(message, self._config, self._ring, recorded_at)
        # A patient's first message makes a key, which is synced to disk: not in the event loop.
        events = await asyncio.to_thread(map_message, message, self._config, self._ring, recorded_at)
        if len(self._with_key) >= _KNOWN_PATIENTS:
            self._with_key.clear()
        self._with_key.add(patient)
        return events

    async def _publish(
        self, message: Message, raw: bytes, events: list[Event], recorded_at: datetime
    ) -> list[bytes]:
        try:
            await self._publisher.publish_async(events)
        except RecordTooLarge:
            rejected = EventTooLarge("the report is longer than Kafka takes", "OBX-5")
            return await self._reject(message, raw, rejected, recorded_at)
        except PublishFailed as error:
            log.warning("not published", control_id=message.get("MSH-10"), error=str(error))
            return await self._answer(message, Outcome.unavailable())
        log.debug("published", event_ids=[event.envelope.event_id for event in events])
        return await self._answer(message, Outcome.accepted())

    async def _reject(
        self, message: Message | None, raw: bytes, rejected: Rejected, recorded_at: datetime
    ) -> list[bytes]:
        outcome = Outcome.rejected(rejected)
        try:
            letter = dead_letter(
                self._ring,
                origin="hl7",
                reason=rejected.reason,
                detail=rejected.detail,
                source=source_of(message) if message else Source(system="", facility="", protocol=PROTOCOL),
                source_message_id=message.get("MSH-10") if message else "",
                content_type=CONTENT_TYPE,
                payload=raw,
                recorded_at=recorded_at,
            )
            await self._publisher.publish_dead_letter_async(letter)
        except (PublishFailed, PhiError, OSError) as error:
            log.warning("dead letter not kept", reason=rejected.reason, error=type(error).__name__)
            return await self._answer(message, Outcome.unavailable())
        log.warning(
            "rejected", reason=rejected.reason, detail=rejected.detail, dead_letter_id=letter.dead_letter_id
        )
        return await self._answer(message, outcome)

    async def _answer(self, message: Message | None, outcome: Outcome) -> list[bytes]:
        control_id = uuid4().hex[:20]
        if message is None:
            return [refuse(outcome, self._now(), control_id)]
        return acknowledge(message, outcome, self._now(), control_id)
