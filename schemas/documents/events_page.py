"""`docs/events.md`: every event for a person who reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from schemas.contracts import EVENTS_NAMESPACE, Contract, contracts
from schemas.documents.avro_words import type_in_words
from schemas.documents.golden import example_of
from schemas.documents.listeners import listeners_of_event
from schemas.documents.speakers import speakers_of_event
from schemas.documents.topics_table import topics_table
from schemas.documents.workflow import WORKFLOW, step_of_event
from schemas.topics import topic_of

_NOBODY = "no part of radstream yet; a producer of the site's own may"
_HEAD = """# Events

<!-- Written by `python -m schemas.documents` from the contracts in `schemas/avro`: change those. -->

What can be said, in the order of the workflow. The same for machines, and the rows of the views:
[asyncapi.yaml](asyncapi.yaml). How to listen: [subscribing](subscribing.md). How to add an event:
[extending](extending.md#an-event).

Values are Avro in the Confluent wire format. An event's headers are those of CloudEvents (Kafka binding,
binary mode): `ce_type` is the record's name, `ce_id` the `event_id`. An `instant` is UTC, microseconds since
the epoch (`timestamp-micros`). SWIM is the RadLex lexicon of workflow steps (RSNA); an event says its code in
`envelope.swim_code`. The examples are the golden messages of `schemas/examples`, with instants in ISO 8601
and bytes in base64.
"""
_PARTS = ("Envelope", "Source", "SealedPhi", "Target")


def events_page() -> str:
    """The whole page, as Markdown. Raises Undocumented."""
    step_of_event()
    return "\n".join([_HEAD, *topics_table(), "", *_index(), *_shared(), *_sections()]).rstrip() + "\n"


def _index() -> Iterable[str]:
    yield from ("## Index", "", "| step | event | meaning | SWIM | said by |", "|---|---|---|---|---|")
    for step, names in WORKFLOW.items():
        for nth, name in enumerate(names):
            contract = contracts()[f"{EVENTS_NAMESPACE}.{name}"]
            who = ", ".join(speakers_of_event()[name]) or "nobody yet"
            link, code = f"[{name}](#{name.lower()})", contract.get("swim_code", "")
            yield _row("" if nth else f"**{step}**", link, _sentence(contract["doc"]), code, who)
    yield ""


def _shared() -> Iterable[str]:
    yield from ("## What every event has", "")
    for name in _PARTS:
        contract = contracts()[f"radstream.parts.{name}"]
        yield from (f"### {name}", "", contract["doc"], "", *_fields(contract["fields"]), "")
    yield from _example("An envelope", example_of(f"{EVENTS_NAMESPACE}.OrderPlaced")["envelope"])


def _sections() -> Iterable[str]:
    for step, names in WORKFLOW.items():
        yield from (f"## {step}", "")
        for name in names:
            yield from _section(contracts()[f"{EVENTS_NAMESPACE}.{name}"])


def _section(contract: Contract) -> Iterable[str]:
    name, avro_name = contract["name"], f"{EVENTS_NAMESPACE}.{contract['name']}"
    own = [field for field in contract["fields"] if field["name"] != "envelope"]
    yield from (f"### {name}", "", contract["doc"], "", "| | |", "|---|---|")
    yield _row("`ce_type`", f"`{avro_name}`")
    yield _row("SWIM", contract.get("swim_code", "no code"))
    yield _row("topic, key", f"`{topic_of(avro_name)}`, `exam_id`")
    yield _row("said by", ", ".join(speakers_of_event()[name]) or _NOBODY)
    yield _row("heard by", "; ".join(listeners_of_event(avro_name)))
    yield ""
    yield from (*_fields(own), "") if own else ("It has its [envelope](#envelope) and nothing else.", "")
    yield from _example("Example", example_of(avro_name))


def _fields(fields: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    yield from ("| field | type | meaning |", "|---|---|---|")
    for field in fields:
        yield _row(f"`{field['name']}`", type_in_words(field["type"]), field["doc"])


def _sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".")


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _example(title: str, value: Mapping[str, Any]) -> Iterable[str]:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    yield from (f"<details><summary>{title}</summary>", "", "```json", text, "```", "", "</details>", "")
