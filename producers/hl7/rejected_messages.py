"""Messages that were rejected, kept as dead letters before they are answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import structlog

from producers.dead_letters import dead_letter
from producers.hl7.arrival import Arrival
from producers.hl7.context import PROTOCOL, source_of
from producers.hl7.ready_keys import KeyMaker, KeyNotReady, ReadyKeys
from producers.hl7.rejections import Rejected
from producers.loop_publishing import LoopPublisher
from producers.publishing import PublishFailed
from schemas.deadletters import DeadLetter
from schemas.errors import PhiError
from schemas.parts import Source

log = structlog.get_logger("hl7")

_CONTENT_TYPE = "x-application/hl7-v2+er7"

Kept = Callable[[DeadLetter | None], None]
"""Called once, now or later: with the letter when Kafka has it, with None where it could not be kept."""


def log_unsealed(error: Exception) -> None:
    """The key ring did not let us."""
    log.error("cannot seal", error=type(error).__name__, detail=str(error))


class RejectedMessages:
    """Lives in the listener's event loop."""

    def __init__(self, keys: ReadyKeys, key_maker: KeyMaker, publisher: LoopPublisher) -> None:
        self._keys = keys
        self._key_maker = key_maker
        self._publisher = publisher
        self._waiting: set[asyncio.Future[None]] = set()

    def keep(self, arrival: Arrival, rejected: Rejected, kept: Kept) -> None:
        """The dead letter of the message, to Kafka."""
        try:
            letter = _letter(self._keys, arrival, rejected)
            self._publisher.publish_dead_letter(letter, partial(_published, letter, rejected, kept))
        except KeyNotReady as not_ready:
            waiting = asyncio.ensure_future(self._keep_later(arrival, rejected, kept, not_ready.subject))
            self._waiting.add(waiting)
            waiting.add_done_callback(self._waiting.discard)
        except (PhiError, OSError) as error:
            log_unsealed(error)
            kept(None)

    async def _keep_later(self, arrival: Arrival, rejected: Rejected, kept: Kept, missing: str) -> None:
        """Each letter has a key of its own, which is synced to disk: not in the event loop."""
        try:
            await self._key_maker.make(missing)
        except (PhiError, OSError) as error:
            log_unsealed(error)
            kept(None)
            return
        self.keep(arrival, rejected, kept)


def _letter(keys: ReadyKeys, arrival: Arrival, rejected: Rejected) -> DeadLetter:
    message = arrival.message
    return dead_letter(
        keys,
        origin="hl7",
        reason=rejected.reason,
        detail=rejected.detail,
        source=source_of(message) if message else Source(system="", facility="", protocol=PROTOCOL),
        source_message_id=message.header.value(10) if message else "",
        content_type=_CONTENT_TYPE,
        payload=arrival.raw,
        recorded_at=arrival.recorded_at,
        is_whole=arrival.is_whole,
    )


def _published(letter: DeadLetter, rejected: Rejected, kept: Kept, error: PublishFailed | None) -> None:
    if error is not None:
        log.warning("dead letter not kept", reason=rejected.reason, error=str(error))
    kept(letter if error is None else None)
