"""The text of `schemas/drafts.py`: rows while they are being made, for those who make many.

A frozen class with seventy keywords costs thirty times what a class with slots does, and an instant as a
number needs no calendar on its way to bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from schemas.contracts import Contract, contracts, full_name

_DRAFTED = (
    "radstream.parts.Interval",
    "radstream.parts.ExcludedInterval",
    "radstream.views.WorklistRow",
    "radstream.views.TurnaroundRow",
)
_HEAD = '''"""Rows on their way to bytes: what codec and subscribers take for the row itself.

{notice}

Every field is to be set. Instants are microseconds since the epoch, UTC; what the fields mean stands at the
classes of the same name in `schemas/parts.py` and `schemas/views.py`.
"""

from __future__ import annotations

from typing import ClassVar

from schemas.parts import SealedPhi
'''


def drafts_module(notice: str, annotation: Callable[[Any], str]) -> str:
    """`notice`: who wrote it. `annotation`: the Python type of an Avro type."""
    by_name = contracts()
    body = [line for name in _DRAFTED for line in _draft(by_name[name], annotation)]
    return "\n".join([_HEAD.format(notice=notice), *body, ""])


def _draft(contract: Contract, annotation: Callable[[Any], str]) -> Iterable[str]:
    name = contract["name"]
    yield ""
    yield f"class {name}Draft:"
    yield f'    """{name}, while it is made."""'
    yield ""
    yield f'    AVRO_NAME: ClassVar[str] = "{full_name(contract)}"'
    yield f"    __slots__ = {tuple(sorted(field['name'] for field in contract['fields']))!r}"
    yield ""
    for field in contract["fields"]:
        yield f"    {field['name']}: {_in_draft(annotation(field['type']))}"
    yield ""


def _in_draft(python: str) -> str:
    for name in ("ExcludedInterval", "Interval"):
        if f"tuple[{name}," in python:
            return python.replace(f"tuple[{name}, ...]", f"list[{name}Draft]")
    return python.replace("datetime", "int")
