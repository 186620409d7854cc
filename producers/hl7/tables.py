"""The tables of `docs/hl7.md`, written from the ones that the mapping uses.

python -m producers.hl7.tables docs/hl7.md
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from producers.hl7.mapping import MAPPER_OF_TYPE
from producers.hl7.merges import MERGE_TRIGGERS
from producers.hl7.order_steps import ORDER_CONTROLS, ORDER_STATUSES
from producers.hl7.profile_fields import PATHS, STEPS
from producers.hl7.profile_file import default_profiles
from producers.hl7.report_steps import (
    ADDENDUM_OF_RESULT,
    AVAILABILITIES,
    DOCUMENT_STATUSES,
    DOCUMENT_TRIGGERS,
    RESULT_STATUSES,
)
from producers.hl7.steps import Steps
from producers.hl7.visit_steps import APPOINTMENT_STATUSES, APPOINTMENT_TRIGGERS, REGISTRATION_TRIGGERS

_BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def rewritten(text: str) -> str:
    """`text` with what stands between its marks written anew. Raises KeyError at an unknown mark."""
    return _BLOCK.sub(lambda match: f"{match[1]}\n{TABLES[match[2]]()}\n\n{match[3]}", text)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _steps(steps: Steps | None) -> str:
    if steps is None:
        return "rejected"
    return ", ".join(step.__name__ for step in steps) or "none"


def _messages() -> str:
    kinds: dict[str, list[str]] = {}
    for code, trigger in MAPPER_OF_TYPE:
        kinds.setdefault(code, []).append(trigger)
    return _table(("message", "triggers"), [(code, " ".join(sorted(found))) for code, found in kinds.items()])


def _registration() -> str:
    rows = {trigger: (meaning, steps) for trigger, (meaning, steps) in REGISTRATION_TRIGGERS.items()}
    rows |= {trigger: (meaning, steps) for trigger, (meaning, _, steps) in MERGE_TRIGGERS.items()}
    return _table(
        ("ADT", "meaning", "events"),
        [(trigger, rows[trigger][0], _steps(rows[trigger][1])) for trigger in sorted(rows)],
    )


def _orders() -> str:
    by_status = {
        control: (meaning, steps)
        for control, (meaning, steps) in ORDER_CONTROLS.items()
        if len(set(steps.values())) > 1
    }
    groups: dict[tuple[tuple[str, Steps], ...], list[str]] = {}
    for control, (_, steps) in by_status.items():
        groups.setdefault(tuple(steps.items()), []).append(control)
    head = ("ORC-5", *(" ".join(controls) for controls in groups.values()))
    rows = [
        (f"{status} {meaning}".strip(), *(_steps(dict(steps).get(status)) for steps in groups))
        for status, meaning in ORDER_STATUSES.items()
    ]
    return _table(head, rows)


def _controls() -> str:
    rows = []
    for control, (meaning, steps) in ORDER_CONTROLS.items():
        decides = len(set(steps.values())) > 1
        rows.append((control, meaning, "by ORC-5" if decides else _steps(steps[""])))
    return _table(("ORC-1", "meaning", "events"), rows)


def _results() -> str:
    return _table(
        ("OBR-25", "meaning", "events", "with an addendum"),
        [
            (status, meaning, _steps(steps), _steps(ADDENDUM_OF_RESULT.get(status, steps)))
            for status, (meaning, steps) in RESULT_STATUSES.items()
        ],
    )


def _documents() -> str:
    groups: dict[tuple[tuple[str, Steps], ...], list[str]] = {}
    for trigger, (_, steps) in DOCUMENT_TRIGGERS.items():
        groups.setdefault(tuple(steps.items()), []).append(trigger)
    rows = [
        (f"{status} {meaning}", *(_steps(dict(steps).get(status)) for steps in groups))
        for status, meaning in DOCUMENT_STATUSES.items()
    ]
    return _table(("TXA-17", *(" ".join(triggers) for triggers in groups.values())), rows)


def _availabilities() -> str:
    return _table(
        ("TXA-19", "meaning", "events"),
        [
            (code or "empty", meaning, "by TXA-17" if steps is None else _steps(steps))
            for code, (meaning, steps) in AVAILABILITIES.items()
        ],
    )


def _appointments() -> str:
    return _table(
        ("SIU", "meaning", "events"),
        [(trigger, meaning, _steps(steps)) for trigger, (meaning, steps) in APPOINTMENT_TRIGGERS.items()]
        + [("S14", f"SCH-25 {code.title()}", _steps(steps)) for code, steps in APPOINTMENT_STATUSES.items()],
    )


def _fields() -> str:
    paths = default_profiles().default.paths
    return _table(
        ("`paths.`", "meaning", "default"),
        [
            (name, meaning, ", ".join(f"`{path.text}`" for path in paths[name]) or "nowhere")
            for name, meaning in PATHS.items()
        ],
    )


def _profile_steps() -> str:
    return _table(
        ("`steps.`", "may be"),
        [(name, ", ".join(step.__name__ for step in steps)) for name, steps in STEPS.items()],
    )


TABLES: Mapping[str, Callable[[], str]] = {
    "messages": _messages,
    "registration": _registration,
    "orders": _orders,
    "controls": _controls,
    "results": _results,
    "documents": _documents,
    "availabilities": _availabilities,
    "appointments": _appointments,
    "fields": _fields,
    "steps": _profile_steps,
}


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(rewritten(page.read_text("utf-8")), "utf-8")
