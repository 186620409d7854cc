"""Drives dead letters again, each to whom it was meant for, and notes what was taken."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from runtime.dead_letters.listeners import send_to_dicom_listener, send_to_hl7_listener
from runtime.dead_letters.log import deliver_again, publish_again
from runtime.dead_letters.outcome import DISMISSED, CannotRetry, Outcome
from runtime.dead_letters.reading import KeptLetter, read_letter
from runtime.dead_letters.studies import send_again
from runtime.dead_letters.webhooks import notify_again
from runtime.installation import Installation
from runtime.outbound import dicom_out_config, read_destinations
from runtime.webhooks import read_webhooks
from schemas.codec import Codec
from schemas.deadletters import DeadLetter, DeadLetterResolved
from schemas.errors import PhiError
from schemas.identity import pseudonym
from schemas.keyring_config import open_key_ring
from schemas.sealed_letters import DICOM, DICOM_OUT, HL7, HL7_OUT, WEBHOOK, is_whole, payload_of
from sinks.delivering.errors import NotSaid
from sinks.delivering.saying import Speaker


class Retrying:
    """Used as a context: it holds a producer."""

    def __init__(self, installation: Installation, codec: Codec, by: str | None = None) -> None:
        """`by`: who asks for it; the log has a pseudonym of it. Raises KeyRingUnusable."""
        self._installation = installation
        self._by = None if by is None else pseudonym(installation.secret_key("site_secret"), "operator", by)
        self._codec = codec
        self._ring = open_key_ring(installation.key_ring_config())
        self._speaker = Speaker(installation.kafka_bootstrap, codec, "radstream-deadletters")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._speaker.close()

    def payload(self, kept: KeptLetter) -> bytes:
        """What was sealed. Raises LettersUnreadable or PhiError."""
        return payload_of(self._ring, self._whole(kept))

    def retry(self, kept: KeptLetter) -> Outcome:
        """Drive `kept` again; what is taken is noted as resolved. Raises CannotRetry or LettersUnreadable."""
        letter = self._whole(kept)
        if not is_whole(letter):
            raise CannotRetry("only the beginning was kept: ask the sender to send it again")
        try:
            outcome = self._drive(letter, payload_of(self._ring, letter))
            if outcome.resolution is not None:
                self._speaker.say([self._resolved(letter, outcome)])
        except PhiError as error:
            raise CannotRetry(f"the payload does not open: {type(error).__name__}") from error
        except NotSaid as error:
            raise CannotRetry(f"it was taken, but that could not be noted: {error}") from error
        return outcome

    def dismiss(self, kept: KeptLetter) -> Outcome:
        """Note that nobody will drive `kept` again; it stays in the topic. Raises CannotRetry."""
        outcome = Outcome(DISMISSED, "")
        try:
            self._speaker.say([self._resolved(kept.letter, outcome)])
        except NotSaid as error:
            raise CannotRetry(f"that it is dismissed could not be noted: {error}") from error
        return outcome

    def _whole(self, kept: KeptLetter) -> DeadLetter:
        return read_letter(self._installation.kafka_bootstrap, self._codec, kept)

    def _drive(self, letter: DeadLetter, payload: bytes) -> Outcome:
        settings = self._installation.settings
        if letter.origin == HL7:
            return asyncio.run(send_to_hl7_listener(payload, settings))
        if letter.origin == DICOM:
            return send_to_dicom_listener(payload, letter, settings)
        if letter.origin == DICOM_OUT:
            config = dicom_out_config(self._installation)
            return send_again(
                payload, letter, config, codec=self._codec, ring=self._ring, speaker=self._speaker
            )
        if letter.origin == WEBHOOK:
            webhooks = read_webhooks(self._installation)
            return asyncio.run(notify_again(payload, letter, self._codec, webhooks))
        if letter.origin != HL7_OUT:
            return publish_again(payload, letter, self._codec, self._installation.kafka_bootstrap)
        delivering = deliver_again(
            payload,
            letter,
            codec=self._codec,
            ring=self._ring,
            destinations=read_destinations(self._installation),
            speaker=self._speaker,
            now=self._installation.now(),
        )
        return asyncio.run(delivering)

    def _resolved(self, letter: DeadLetter, outcome: Outcome) -> DeadLetterResolved:
        return DeadLetterResolved(
            dead_letter_id=letter.dead_letter_id,
            resolution=outcome.resolution or "",
            resolved_at=self._installation.now()(),
            answer=outcome.answer or None,
            resolved_by=self._by,
        )
