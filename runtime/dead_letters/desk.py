"""The dead letters for the dashboard: the same as `radstream deadletters` reads and drives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from threading import Lock

from dashboards.dead_letters.desk import DeskUnavailable, Letter, Outcome
from runtime.dead_letters.outcome import DISMISSED, CannotRetry
from runtime.dead_letters.outcome import Outcome as Driven
from runtime.dead_letters.reading import KeptLetter, LetterShelf, LettersUnreadable
from runtime.dead_letters.retrying import Retrying
from runtime.installation import Installation
from runtime.stack.errors import StackError
from schemas.codec import Codec
from schemas.errors import SchemaError
from schemas.registry import connect_codec
from schemas.sealed_letters import is_whole

Act = Callable[[Retrying, KeptLetter], Driven]


class LetterDesk:
    """Reads and drives letters of one installation, for any thread; one is driven at a time."""

    def __init__(self, installation: Installation, connect: Callable[[], Codec] | None = None) -> None:
        """`connect` gives the codec; the installation's registry by default. Nothing is connected yet."""
        self._installation = installation
        self._connect = connect or partial(connect_codec, installation.registry_url)
        self._reading = Lock()
        self._driving = Lock()
        self._codec: Codec | None = None
        self._shelf: LetterShelf | None = None

    def letters(self) -> Sequence[Letter]:
        """All letters, the latest first. Raises DeskUnavailable."""
        with _said_plainly():
            found = [_letter(kept) for kept in self._kept().values()]
        return sorted(found, key=lambda one: (one.recorded_at, one.dead_letter_id), reverse=True)

    def payload(self, dead_letter_id: str) -> bytes:
        """What was sealed. Raises KeyError or DeskUnavailable."""
        with _said_plainly():
            kept = self._kept()[dead_letter_id]
            with self._retrying(None) as retrying:
                return retrying.payload(kept)

    def retry(self, dead_letter_id: str, by: str) -> Outcome:
        """Drive it again. Raises KeyError or DeskUnavailable."""
        return self._drive(dead_letter_id, by, Retrying.retry)

    def dismiss(self, dead_letter_id: str, by: str) -> Outcome:
        """Close it. Raises KeyError or DeskUnavailable."""
        return self._drive(dead_letter_id, by, Retrying.dismiss)

    def _drive(self, dead_letter_id: str, by: str, act: Act) -> Outcome:
        with _said_plainly(), self._driving:
            kept = self._kept()[dead_letter_id]
            try:
                _refuse_closed(kept, act)
                with self._retrying(by) as retrying:
                    driven = act(retrying, kept)
            except (CannotRetry, StackError) as error:
                return Outcome(dead_letter_id=dead_letter_id, resolution=None, why_not=str(error))
        why_not = None if driven.resolution else f"it was refused again: {driven.answer}"
        return Outcome(
            dead_letter_id=dead_letter_id,
            resolution=driven.resolution,
            answer=driven.answer or None,
            why_not=why_not,
        )

    def _kept(self) -> dict[str, KeptLetter]:
        with self._reading:
            if self._shelf is None:
                self._shelf = LetterShelf(self._installation.kafka_bootstrap, self._known_codec())
            return self._shelf.letters()

    def _retrying(self, by: str | None) -> Retrying:
        return Retrying(self._installation, self._known_codec(), by)

    def _known_codec(self) -> Codec:
        if self._codec is None:
            self._codec = self._connect()
        return self._codec


def _refuse_closed(kept: KeptLetter, act: Act) -> None:
    """What was taken stays taken; what was only dismissed can still be driven. Raises CannotRetry."""
    if kept.resolved is None:
        return
    if act is Retrying.dismiss or kept.resolved.resolution != DISMISSED:
        raise CannotRetry(f"it was closed before: {kept.resolved.resolution}")


@contextmanager
def _said_plainly() -> Iterator[None]:
    try:
        yield
    except (LettersUnreadable, SchemaError) as error:
        raise DeskUnavailable(f"Dead letters: {error or type(error).__name__}") from error


def _letter(kept: KeptLetter) -> Letter:
    letter, resolved = kept.letter, kept.resolved
    return Letter(
        dead_letter_id=letter.dead_letter_id,
        recorded_at=letter.recorded_at,
        origin=letter.origin,
        reason=letter.reason,
        detail=letter.detail,
        system=letter.source.system,
        facility=letter.source.facility,
        protocol=letter.source.protocol,
        source_message_id=letter.source_message_id,
        destination=letter.destination,
        content_type=letter.content_type,
        sealed_bytes=kept.payload_bytes,
        is_whole=is_whole(letter),
        count=kept.count,
        resolution=resolved.resolution if resolved else None,
        resolved_at=resolved.resolved_at if resolved else None,
        resolved_by=resolved.resolved_by if resolved else None,
        answer=resolved.answer if resolved else None,
    )
