"""Writes the typed classes from the Avro contracts: `python -m schemas.generate [--check]`.

The contracts are the source (other languages read them too); the classes are committed so that
editors, type checkers and readers see plain code. A test runs `--check`.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from schemas.contracts import EVENTS_NAMESPACE, VIEWS_NAMESPACE, Contract, contracts, full_name
from schemas.generate_drafts import drafts_module

HERE = Path(__file__).parent
PRIMITIVES = {"string": "str", "int": "int", "long": "int", "double": "float", "boolean": "bool"}
NOTICE = "Generated from `schemas/avro` by `python -m schemas.generate`: edit the contracts."
PARTS_NAMESPACE = "radstream.parts"


def _annotation(avro: Any) -> str:
    """The Python type of an Avro type."""
    if isinstance(avro, list):
        return f"{_annotation(avro[1])} | None"
    if isinstance(avro, dict):
        if avro["type"] == "array":
            return f"tuple[{_annotation(avro['items'])}, ...]"
        return "datetime"
    return PRIMITIVES.get(avro, str(avro)).rsplit(".", 1)[-1]


def _is_record(avro: Any) -> bool:
    return isinstance(avro, str) and avro in contracts()


def _to_avro(avro: Any, value: str) -> str:
    """Expression that turns the attribute `value` into what fastavro writes."""
    if isinstance(avro, list):
        return _unless_none(value, _to_avro(avro[1], value))
    if isinstance(avro, dict) and avro["type"] == "array":
        item = _to_avro(avro["items"], "item")
        return f"list({value})" if item == "item" else f"[{item} for item in {value}]"
    return f"{value}.to_record()" if _is_record(avro) else value


def _from_avro(avro: Any, value: str) -> str:
    """Expression that turns what fastavro read into the attribute's value."""
    if isinstance(avro, list):
        return _unless_none(value, _from_avro(avro[1], value))
    if isinstance(avro, dict) and avro["type"] == "array":
        item = _from_avro(avro["items"], "item")
        return f"tuple({value})" if item == "item" else f"tuple({item} for item in {value})"
    return f"{_annotation(avro)}.from_record({value})" if _is_record(avro) else value


def _unless_none(value: str, expression: str) -> str:
    """`expression` of an optional `value`."""
    return value if expression == value else f"None if {value} is None else {expression}"


def _wrapped(text: str, hanging: str) -> list[str]:
    return textwrap.wrap(text, 105, initial_indent="    ", subsequent_indent=hanging)


def _docstring(contract: Contract) -> Iterable[str]:
    yield from _wrapped(f'"""{contract["doc"]}', "    ")
    yield ""
    for field in contract["fields"]:
        yield from _wrapped(f"{field['name']}: {field['doc']}", "        ")
    yield '    """'


def _class(contract: Contract) -> Iterable[str]:
    name = contract["name"]
    # What identifies a patient must not stand in a traceback or a log because someone printed it.
    repr_off = ", repr=False" if contract.get("sensitive") else ""
    yield f"@dataclass(frozen=True, slots=True, kw_only=True{repr_off})"
    yield f"class {name}:"
    yield from _docstring(contract)
    yield ""
    yield f'    AVRO_NAME: ClassVar[str] = "{full_name(contract)}"'
    if contract["namespace"] == EVENTS_NAMESPACE:
        swim = contract.get("swim_code")
        yield f"    SWIM_CODE: ClassVar[str | None] = {swim!r}"
    yield ""
    for field in contract["fields"]:
        default = " = None" if "default" in field else ""
        yield f"    {field['name']}: {_annotation(field['type'])}{default}"
    yield ""
    yield "    def to_record(self) -> dict[str, Any]:"
    yield '        """As fastavro writes it."""'
    yield "        return {"
    for field in contract["fields"]:
        yield f"            {field['name']!r}: {_to_avro(field['type'], 'self.' + field['name'])},"
    yield "        }"
    yield ""
    yield "    @classmethod"
    yield "    def from_record(cls, record: Mapping[str, Any]) -> Self:"
    yield '        """From what fastavro read with this contract as the reader\'s schema."""'
    yield "        return cls("
    for field in contract["fields"]:
        value = f"record[{field['name']!r}]"
        yield f"            {field['name']}={_from_avro(field['type'], value)},"
    yield "        )"


def _named_types(avro: Any) -> Iterable[str]:
    """The contracts that a type, or a record's fields, refer to."""
    if isinstance(avro, list):
        for branch in avro:
            yield from _named_types(branch)
    elif isinstance(avro, dict):
        yield from _named_types(avro.get("items", [field["type"] for field in avro.get("fields", ())]))
    elif _is_record(avro):
        yield str(avro)


def _parts_import(classes: list[Contract]) -> str:
    used = {name for contract in classes for name in _named_types(contract)}
    return f"from schemas.parts import {', '.join(name.rpartition('.')[2] for name in sorted(used))}"


def _tuple_of(name: str, types: str, classes: list[Contract]) -> list[str]:
    return ["", f"{name}: tuple[{types}, ...] = (", *(f"    {c['name']}," for c in classes), ")"]


def _module(doc: str, classes: list[Contract], imports: str = "", tail: Iterable[str] = ()) -> str:
    body = [f'"""{doc}', "", NOTICE, '"""']
    body += ["", "from __future__ import annotations", "", "from collections.abc import Mapping"]
    body += ["from dataclasses import dataclass"]
    if any("timestamp-micros" in str(contract) for contract in classes):
        body += ["from datetime import datetime"]
    body += ["from typing import Any, ClassVar, Self", "", imports, ""]
    for contract in classes:
        body += ["", *_class(contract), ""]
    return "\n".join([*body, *tail, ""])


def modules() -> dict[Path, str]:
    """Path and text of every generated module."""
    by_name = contracts()
    parts = [c for c in by_name.values() if c["namespace"] == PARTS_NAMESPACE]
    events = [c for c in by_name.values() if c["namespace"] == EVENTS_NAMESPACE]
    views = [c for c in by_name.values() if c["namespace"] == VIEWS_NAMESPACE]
    letters = [by_name[f"radstream.deadletters.{name}"] for name in ("DeadLetter", "DeadLetterResolved")]
    union = ["Event = (", "    " + "\n    | ".join(c["name"] for c in events), ")"]
    union += _tuple_of("EVENT_CLASSES", "type[Event]", events)
    return {
        HERE / "parts.py": _module(
            "What several contracts share.", parts, tail=_tuple_of("PART_CLASSES", "type[Any]", parts)
        ),
        HERE / "events.py": _module("Every event, as a frozen class.", events, _parts_import(events), union),
        HERE / "views.py": _module(
            "Rows of the published views.",
            views,
            _parts_import(views),
            _tuple_of("VIEW_CLASSES", "type[Any]", views),
        ),
        HERE / "drafts.py": drafts_module(NOTICE, _annotation),
        HERE / "deadletters.py": _module("What could not be processed.", letters, _parts_import(letters)),
    }


def _formatted(path: Path, text: str) -> str:
    for step in (["check", "--fix-only", "--quiet", "--select", "I"], ["format", "--quiet"]):
        command = [sys.executable, "-m", "ruff", *step, "--stdin-filename", str(path), "-"]
        text = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout  # noqa: S603
    return text


def main(arguments: list[str]) -> int:
    """Write the modules, or with `--check` only say which are stale. Returns the exit code."""
    stale = []
    for path, text in modules().items():
        wanted = _formatted(path, text)
        if not path.exists() or path.read_text("utf-8") != wanted:
            stale.append(path.name)
            if "--check" not in arguments:
                path.write_text(wanted, "utf-8")
    if stale and "--check" in arguments:
        sys.stderr.write(f"stale: {', '.join(stale)}; run `python -m schemas.generate`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
