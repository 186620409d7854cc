"""Rules of retention, from a TOML file. Pure.

[[rule]]
name = "plain radiographs of the north site"
store = "images"            # images, clickhouse, kafka, archive
keep_days = 3650
site = "NORTH"              # images and tables that know the exam: site, modality, patient_class
modality = "DX"

[[rule]]
name = "predictions"
store = "clickhouse"
place = "predictions"       # a table; of kafka and archive a topic
keep_days = 400
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from schemas.topics import ARCHIVED, COMPACTED, GOVERNANCE
from sinks.clickhouse.retention import AGED_BY, HELD_BY

IMAGES, CLICKHOUSE, KAFKA, ARCHIVE = "images", "clickhouse", "kafka", "archive"
STORES = (IMAGES, CLICKHOUSE, KAFKA, ARCHIVE)
SELECTORS = ("site", "modality", "patient_class")
_KNOWN = frozenset({"name", "store", "place", "keep_days", *SELECTORS})
_LEAST_DAYS, _MOST_DAYS = 1, 36_500


class InvalidRules(ValueError):
    """The file says what cannot be; the message names the rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is older than `keep_days` goes. place: a table or a topic; empty for images.

    site, modality, patient_class: only what is about exams of these; None: any.
    """

    name: str
    store: str
    place: str
    keep_days: int
    site: str | None = None
    modality: str | None = None
    patient_class: str | None = None

    @property
    def selectors(self) -> Mapping[str, str]:
        """Those that are given."""
        return {name: value for name in SELECTORS if (value := getattr(self, name)) is not None}

    def before(self, now: datetime) -> datetime:
        """What is older than this goes."""
        return now - timedelta(days=self.keep_days)


def parse_rules(text: str) -> tuple[Rule, ...]:
    """The rules of a file. Raises InvalidRules."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidRules(f"no TOML: {error}") from error
    if set(document) - {"rule"} or not isinstance(document.get("rule", []), list):
        raise InvalidRules("only [[rule]] tables are known")
    rules = tuple(_rule(number, given) for number, given in enumerate(document.get("rule", []), start=1))
    names = [rule.name for rule in rules]
    for name in names:
        if names.count(name) > 1:
            raise InvalidRules(f"two rules are called {name!r}")
    return rules


def _rule(number: int, given: Mapping[str, Any]) -> Rule:
    name = given.get("name")
    if not isinstance(name, str) or not name.strip():
        raise InvalidRules(f"rule {number}: give it a name")
    for key in sorted(set(given) - _KNOWN):
        raise InvalidRules(f"{name}: {key} is not known; known are {', '.join(sorted(_KNOWN))}")
    for key in ("store", "place", *SELECTORS):
        if not isinstance(given.get(key, ""), str):
            raise InvalidRules(f"{name}: {key} is a text")
    days = given.get("keep_days")
    if not isinstance(days, int) or isinstance(days, bool) or not _LEAST_DAYS <= days <= _MOST_DAYS:
        raise InvalidRules(f"{name}: keep_days is a number from {_LEAST_DAYS} to {_MOST_DAYS}")
    rule = Rule(**{"place": "", "store": "", **given})
    _check_place(rule)
    return rule


def _check_place(rule: Rule) -> None:
    if rule.store not in STORES:
        raise InvalidRules(f"{rule.name}: store is one of {', '.join(STORES)}")
    allowed = _places(rule.store)
    if rule.place not in allowed:
        said = ", ".join(sorted(filter(None, allowed))) or "left out"
        raise InvalidRules(f"{rule.name}: place, with the store {rule.store}, is one of: {said}")
    knows_exams = rule.store == IMAGES or (rule.store == CLICKHOUSE and rule.place in HELD_BY)
    if rule.selectors and not knows_exams:
        raise InvalidRules(
            f"{rule.name}: {', '.join(rule.selectors)} is for images, and for tables that know the exam "
            f"({', '.join(HELD_BY)})"
        )


def _places(store: str) -> frozenset[str]:
    if store == IMAGES:
        return frozenset({""})
    if store == CLICKHOUSE:
        return frozenset(AGED_BY)
    # What was decided is never let go; of a topic of latest values Kafka itself takes what was replaced.
    return frozenset(ARCHIVED) - COMPACTED - {GOVERNANCE}
