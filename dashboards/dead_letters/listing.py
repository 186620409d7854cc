"""Which letters are asked for, in pages, the latest first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from dashboards.cards import Json
from dashboards.dead_letters.desk import OPEN, RETRIED, STATES, Letter
from dashboards.paging import write_cursor
from dashboards.questions import BadQuestion

ALL = "all"
_IS_OPEN = frozenset({OPEN, RETRIED})


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterQuestion:
    """Which letters; None lets all through.

    state: `open` has those that failed again, too; `all` has every one. text: Words that all stand in it.
    """

    state: str = OPEN
    origin: str | None = None
    reason: str | None = None
    text: str | None = None

    def takes(self, letter: Letter) -> bool:
        """Whether `letter` is one of them."""
        return (
            self._has_state(letter)
            and self.origin in (None, letter.origin)
            and self.reason in (None, letter.reason)
            and all(word in _words(letter) for word in (self.text or "").casefold().split())
        )

    def _has_state(self, letter: Letter) -> bool:
        if self.state == ALL:
            return True
        return letter.state in _IS_OPEN if self.state == OPEN else letter.state == self.state


def read_question(asked: Mapping[str, str]) -> LetterQuestion:
    """The question that the parameters ask. Raises BadQuestion."""
    state = asked.get("state") or OPEN
    if state not in (*STATES, ALL):
        raise BadQuestion(f"state must be one of {', '.join((*STATES, ALL))}")
    given = {name: asked.get(name) or None for name in ("origin", "reason")}
    return LetterQuestion(state=state, text=asked.get("q") or None, **given)


def page(
    letters: Sequence[Letter], question: LetterQuestion, after: tuple[str, str] | None, limit: int
) -> Json:
    """One page, how many there are in all and by state, and the origins and reasons to choose from."""
    chosen = [letter for letter in letters if question.takes(letter)]
    rest = chosen if after is None else list(_after(chosen, after))
    shown = rest[:limit]
    totals = Counter(letter.state for letter in letters)
    return {
        "items": [told(letter) for letter in shown],
        "total": len(chosen),
        "totals": {state: totals[state] for state in STATES},
        "origins": sorted({letter.origin for letter in letters}),
        "reasons": sorted({letter.reason for letter in letters if question.origin in (None, letter.origin)}),
        "next_cursor": _place(shown[-1]) if len(rest) > limit else None,
    }


def told(letter: Letter) -> Json:
    """A letter as answers have it."""
    return {**asdict(letter), "state": letter.state}


def hourly(letters: Iterable[Letter], now: datetime, hours: int) -> list[Json]:
    """How many letters were written in each of the last `hours` hours, the latest last, by origin."""
    counts = [Counter[str]() for _ in range(hours)]
    for letter in letters:
        ago = int((now - letter.recorded_at).total_seconds() // 3600)
        if 0 <= ago < hours:
            counts[hours - 1 - ago][letter.origin] += 1
    return [{"letters": count.total(), "by_origin": dict(count)} for count in counts]


def _place(letter: Letter) -> str:
    return write_cursor((letter.recorded_at.isoformat(), letter.dead_letter_id))


def _after(letters: Sequence[Letter], place: tuple[str, str]) -> Iterator[Letter]:
    at, last_id = datetime.fromisoformat(place[0]), place[1]
    return (one for one in letters if (one.recorded_at, one.dead_letter_id) < (at, last_id))


def _words(letter: Letter) -> str:
    named = (letter.dead_letter_id, letter.detail, letter.system, letter.facility, letter.source_message_id)
    return " ".join((*named, letter.destination or "", letter.reason)).casefold()
