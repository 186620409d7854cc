"""One message from bytes to its answer: parse, map, publish, acknowledge. AA only after Kafka's own.

What is rejected goes to the dead letters before it is answered; where even that cannot be written the answer
is AE, so that the sender keeps the message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from itertools import count
from uuid import uuid4

import structlog

from producers.faults import place_of
from producers.hl7.acknowledgement import Outcome, acknowledge, refuse
from producers.hl7.arrival import Arrival
from producers.hl7.context import MappingConfig, identity_of
from producers.hl7.counts import Counts
from producers.hl7.framing import Block, TooLong
from producers.hl7.mapping import map_traced
from producers.hl7.notices import log_notices
from producers.hl7.parsing import parse
from producers.hl7.ready_keys import KeyMaker, KeyNotReady, ReadyKeys
from producers.hl7.recent import RecentMessages, Seen
from producers.hl7.rejected_messages import RejectedMessages, log_unsealed
from producers.hl7.rejections import EventTooLarge, MappingFailed, MessageTooLong, Rejected
from producers.hl7.senders import Senders
from producers.hl7.trace import Trace
from producers.loop_publishing import LoopPublisher
from producers.publishing import PublishFailed, RecordTooLarge
from schemas.deadletters import DeadLetter
from schemas.errors import PhiError
from schemas.phi import KeyRing

log = structlog.get_logger("hl7")


class Receiver:
    """Shared by all connections of a listener; lives in its event loop."""

    def __init__(
        self,
        config: MappingConfig,
        ring: KeyRing,
        publisher: LoopPublisher,
        now: Callable[[], datetime],
        senders: Senders | None = None,
    ) -> None:
        self._config = config
        self._keys = ReadyKeys(ring)
        self._key_maker = KeyMaker(self._keys)
        self._letters = RejectedMessages(self._keys, self._key_maker, publisher)
        self._publisher = publisher
        self._now = now
        self._senders = senders or Senders()
        self._recent = RecentMessages()
        self._answer_prefix = uuid4().hex[:10]
        self._answer_number = count(1)
        self.counts = Counts()

    def receive(
        self, found: Block | TooLong, answered: Callable[[list[bytes]], None]
    ) -> asyncio.Future[None] | None:
        """Map the message and begin to publish it; `answered` gets the answers when Kafka has it.

        Where it first has to wait for a key, the future says when the next message may be received:
        messages received one after the other are published in that order.
        """
        whole = isinstance(found, Block)
        raw = found.content if isinstance(found, Block) else found.head
        arrival = Arrival(raw, whole, self._now(), answered)
        self.counts.received += 1
        missing = self._try(arrival)
        return None if missing is None else asyncio.ensure_future(self._make_keys(arrival, missing))

    def close(self) -> None:
        """Let go of the thread that makes keys."""
        self._key_maker.close()

    async def _make_keys(self, arrival: Arrival, missing: str | None) -> None:
        """A patient's first message makes a key, which is synced to disk: not in the event loop."""
        while missing is not None:
            try:
                await self._key_maker.make(missing)
            except (PhiError, OSError) as error:
                self._cannot_seal(arrival, error)
                return
            missing = self._try(arrival)

    def _try(self, arrival: Arrival) -> str | None:
        """Map and publish; the subject of a key that is not there yet."""
        try:
            self._map(arrival)
        except KeyNotReady as not_ready:
            return not_ready.subject
        except Rejected as rejected:
            self._reject(arrival, rejected)
        except (PhiError, OSError) as error:
            self._cannot_seal(arrival, error)
        except Exception as error:  # noqa: BLE001 - a fault of ours must cost neither connection nor message
            log.error("mapping failed", fault=place_of(error))
            self._reject(arrival, MappingFailed(f"{type(error).__name__} in the mapping"))
        return None

    def _map(self, arrival: Arrival) -> None:
        if arrival.message is None:
            arrival.message = parse(arrival.raw)
        message = arrival.message
        if not arrival.is_whole:
            raise MessageTooLong("longer than this listener takes")
        self._senders.check(message)
        identity = identity_of(message)
        seen = self._recent.look(identity)
        if seen is Seen.SAME:
            self.counts.count_repeated("|".join(identity[:2]))
            self._accept(arrival)
            return
        mapped = map_traced(message, self._config, self._keys, arrival.recorded_at, Trace())
        log_notices(identity[2], mapped)
        self.counts.silent += not mapped.events
        if seen is Seen.OTHER:
            self.counts.reused_control_ids += 1
            log.warning("control id used again", reason="DuplicateControlId", control_id=identity[2])
        self._publisher.publish(mapped.events, partial(self._published, arrival, identity))

    def _published(
        self, arrival: Arrival, identity: tuple[str, str, str, str], error: PublishFailed | None
    ) -> None:
        if error is None:
            self._recent.accepted(identity)
            self._accept(arrival)
        elif isinstance(error, RecordTooLarge):
            self._reject(arrival, EventTooLarge("the report is longer than Kafka takes", "OBX-5"))
        else:
            log.warning("not published", control_id=identity[2], error=str(error))
            self._unavailable(arrival)

    def _accept(self, arrival: Arrival) -> None:
        self.counts.accepted += 1
        self._answer(arrival, Outcome.accepted())

    def _unavailable(self, arrival: Arrival) -> None:
        self.counts.unavailable += 1
        self._answer(arrival, Outcome.unavailable())

    def _cannot_seal(self, arrival: Arrival, error: Exception) -> None:
        log_unsealed(error)
        self._unavailable(arrival)

    def _reject(self, arrival: Arrival, rejected: Rejected) -> None:
        self._letters.keep(arrival, rejected, partial(self._kept, arrival, rejected))

    def _kept(self, arrival: Arrival, rejected: Rejected, letter: DeadLetter | None) -> None:
        if letter is None:
            self._unavailable(arrival)
            return
        self.counts.count_rejected("|".join((letter.source.system, letter.source.facility)))
        log.warning(
            "rejected", reason=rejected.reason, detail=rejected.detail, dead_letter_id=letter.dead_letter_id
        )
        self._answer(arrival, Outcome.rejected(rejected))

    def _answer(self, arrival: Arrival, outcome: Outcome) -> None:
        control_id = f"{self._answer_prefix}{next(self._answer_number)}"
        if arrival.message is None:
            answers = [refuse(outcome, self._now(), control_id)]
        else:
            answers = acknowledge(arrival.message, outcome, self._now(), control_id)
        arrival.answered(answers)
