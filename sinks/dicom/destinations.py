"""Destinations: which studies go to whom, declared in TOML and checked as a whole.

    [[destination]]
    name = "reading-room"             # in topics, events and logs; never reuse it for another system
    ae_title = "READING"
    host = "10.0.0.7"
    port = 11112
    [[destination.forward]]
    when = { modality = ["CT", "MR"] }
    [[destination.prefetch]]
    on = ["ExamScheduled"]
    studies = 2

A mistake raises InvalidDestinations, which says where.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.events import Event
from sinks.delivering.declared import RETRYING, STARTS, Limits, Tls, check, checked, destination_tables
from sinks.delivering.errors import InvalidDestinations
from sinks.dicom.rules import AHEAD, STORED, Forward, Prefetch, Rule, When, known_facts

_AE_TITLE_LENGTH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One application entity that images are sent to.

    name: Lower-case letters, digits and hyphens; names the consumer group, and so what was sent already.
    ae_title: Its own, called. aliases: AE titles under which it sends: what came from there, or from
        `ae_title`, is not sent back. calling_ae_title: Ours.
    forward, prefetch: Rules; the first of an event whose conditions hold is followed.
    start: From where a new name begins: `now`, or `beginning` of the log.
    connections: Associations that may be open at a time, each for one study.
    answer_timeout_s: How long it has for the connection, the association and each answer.
    first_pause_s, longest_pause_s: Back-off. max_attempts: Tries of a study that it saw, until a dead letter.
    max_age_s: How long a study is tried, the destination being away included, counted from when it was read.
    """

    name: str
    ae_title: str
    host: str
    port: int
    aliases: tuple[str, ...] = ()
    calling_ae_title: str = "RADSTREAM"
    forward: tuple[Forward, ...] = ()
    prefetch: tuple[Prefetch, ...] = ()
    start: str = "now"
    tls: Tls | None = None
    connections: int = 1
    answer_timeout_s: float = 60.0
    first_pause_s: float = 1.0
    longest_pause_s: float = 60.0
    max_attempts: int = 30
    max_age_s: float = 86_400.0

    @property
    def group_id(self) -> str:
        """Its consumer group."""
        return group_of(self.name)

    @property
    def own_ae_titles(self) -> tuple[str, ...]:
        """Under which it may have sent us an image."""
        return (self.ae_title, *self.aliases)

    def rules_on(self, event: type[Event]) -> tuple[Rule, ...]:
        """Rules that wait for the event, in the order of the file."""
        rules: tuple[Rule, ...] = (*self.forward, *self.prefetch)
        return tuple(rule for rule in rules if event in rule.events)


_LIMITS = Limits(
    numbers={
        "port": (1, 65535),
        "connections": (1, 16),
        "answer_timeout_s": (0.01, 3600),
        **RETRYING,
    },
    choices={"start": STARTS},
    others={"aliases", "forward", "prefetch"},
)
_FORWARD = Limits(choices={"on": tuple(STORED)}, others={"when"})
_PREFETCH = Limits(
    numbers={"studies": (1, 100), "within_years": (0.01, 200), "again_after_days": (0, 36_500)},
    others={"on", "when", "same_modality", "modalities", "body_parts"},
)


def group_of(name: str) -> str:
    """The consumer group of the destination called `name`."""
    return f"radstream-dicom-out-{name}"


def parse_destinations(text: str, calling_ae_title: str = "RADSTREAM") -> tuple[Destination, ...]:
    """The destinations in a TOML file; `calling_ae_title` is for those that name none.

    Raises InvalidDestinations.
    """
    ours = {"calling_ae_title": calling_ae_title}
    return tuple(_destination({**ours, **table}, where) for where, table in destination_tables(text))


def _destination(table: Mapping[str, Any], where: str) -> Destination:
    given = checked(table, Destination, where, _LIMITS)
    given["aliases"] = _texts(given.get("aliases", []), f"{where}: aliases")
    for title in (given["ae_title"], given["calling_ae_title"], *given["aliases"]):
        if not title.strip() or len(title) > _AE_TITLE_LENGTH or "\\" in title or not title.isascii():
            raise InvalidDestinations(f"{where}: {title!r} is no AE title: at most 16 ASCII characters")
    given["forward"] = tuple(_forward(*rule) for rule in _rules(given, "forward", where))
    given["prefetch"] = tuple(_prefetch(*rule) for rule in _rules(given, "prefetch", where))
    if not given["forward"] and not given["prefetch"]:
        raise InvalidDestinations(f"{where}: neither [[destination.forward]] nor [[destination.prefetch]]")
    return Destination(**given)


def _rules(given: Mapping[str, Any], name: str, where: str) -> Iterator[tuple[dict[str, Any], str]]:
    tables = given.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise InvalidDestinations(f"{where}: {name} is written as [[destination.{name}]] tables")
    for number, table in enumerate(tables, start=1):
        yield dict(table), f"{where}, {name} {number}"


def _forward(given: dict[str, Any], where: str) -> Forward:
    check(given, Forward, where, _FORWARD)
    given["when"] = _when(given.get("when", {}), {STORED[given.get("on", Forward().on)]}, where)
    return Forward(**given)


def _prefetch(given: dict[str, Any], where: str) -> Prefetch:
    check(given, Prefetch, where, _PREFETCH)
    if "on" in given:
        given["on"] = frozenset(_texts(given["on"], f"{where}: on"))
        if not given["on"] or not given["on"] <= set(AHEAD):
            raise InvalidDestinations(f"{where}: on lists some of {', '.join(AHEAD)}")
    if not isinstance(given.get("same_modality", False), bool):
        raise InvalidDestinations(f"{where}: same_modality is true or false")
    for name in ("modalities", "body_parts"):
        given[name] = _texts(given.get(name, []), f"{where}: {name}")
    events = {AHEAD[name] for name in given.get("on", Prefetch().on)}
    given["when"] = _when(given.get("when", {}), events, where)
    return Prefetch(**given)


def _when(given: Any, events: Collection[type[Event]], where: str) -> When:
    if not isinstance(given, dict):
        raise InvalidDestinations(f'{where}: when is a table, such as {{ modality = ["CT"] }}')
    for name in given:
        for event in sorted(events, key=lambda cls: cls.__name__):
            if name not in known_facts(event):
                known = ", ".join(sorted(known_facts(event)))
                raise InvalidDestinations(f"{where}: {event.__name__} has no {name}; it has {known}")
    return When({name: _texts(texts, f"{where}: {name}") for name, texts in given.items()})


def _texts(given: Any, where: str) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(text, str) and text for text in given):
        raise InvalidDestinations(f"{where} is a list of texts")
    return tuple(given)
