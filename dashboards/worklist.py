"""Asking for a part of the worklist: filter, order, page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dashboards.board import STAGES
from dashboards.cards import Json
from dashboards.paging import read_cursor, write_cursor
from dashboards.questions import BadQuestion

MAX_LIMIT = 1_000
_URGENCY = {"STAT": 0, "ASAP": 1, "CALLBACK": 2, "PREOP": 3, "TIMING": 4}
_LEAST_URGENT = 5
_SEARCHED = ("accession", "exam_id", "procedure", "modality", "patient", "pseudonym", "location")

Position = tuple[int, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which exams are asked for; None means any. `after` is the place where the last page ended."""

    stage: str | None = None
    modality: str | None = None
    priority: str | None = None
    text: str | None = None
    limit: int = 100
    after: Position | None = None

    def __post_init__(self) -> None:
        if self.stage is not None and self.stage not in STAGES:
            raise BadQuestion(f"stage must be one of {', '.join(STAGES)}")
        if not 1 <= self.limit <= MAX_LIMIT:
            raise BadQuestion(f"limit must be from 1 to {MAX_LIMIT}")

    def told(self) -> str:
        """As the audit topic has it: without the text, which may name a patient."""
        filters = {"stage": self.stage, "modality": self.modality, "priority": self.priority}
        asked = [f"{name} {value}" for name, value in filters.items() if value]
        return ", ".join(["worklist", *asked, *(["with a text"] if self.text else [])])

    def wants(self, card: Json) -> bool:
        """Whether `card` is among what is asked for."""
        return (
            (self.stage is None or card["stage"] == self.stage)
            and (self.modality is None or card.get("modality") == self.modality)
            and (self.priority is None or card.get("priority", "ROUTINE") == self.priority)
            and (self.text is None or _mentions(card, self.text))
        )


@dataclass(frozen=True, slots=True)
class Page:
    """One page: the cards, how many there are on all pages, and the cursor of the next one."""

    items: list[Json]
    total: int
    next_cursor: str | None


def position(card: Json) -> Position:
    """Where a card stands in the worklist: by urgency, then the longest in its stage first."""
    urgency = _URGENCY.get(card.get("priority", ""), _LEAST_URGENT)
    return urgency, card["since"].isoformat(), card["exam_id"]


def page(cards: Iterable[Json], question: Question) -> Page:
    """The page that `question` asks for."""
    wanted = sorted((item for item in cards if question.wants(item)), key=position)
    after = question.after
    rest = wanted if after is None else [item for item in wanted if position(item) > after]
    items = rest[: question.limit]
    return Page(items, len(wanted), write_cursor(position(items[-1])) if len(rest) > len(items) else None)


def read_position(cursor: str) -> Position:
    """The place that a cursor names. Raises BadQuestion."""
    urgency, since, exam_id = read_cursor(cursor, (int, str, str))
    return urgency, since, exam_id


def _mentions(card: Json, text: str) -> bool:
    found = " ".join(str(card.get(name, "")) for name in _SEARCHED).casefold()
    return all(word in found for word in text.casefold().split())
