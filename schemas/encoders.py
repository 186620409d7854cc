"""Encoders compiled from the contracts: an event straight to Avro bytes, without a dictionary between.

One function per contract, written as Python source from its fields and compiled when it is first asked for;
nested records are written in place. The bytes are those that fastavro writes: the tests hold them against it.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from typing import Any

from schemas.contracts import VIEWS_NAMESPACE, contracts
from schemas.varints import EPOCH, NUMBERS, microseconds

Encoder = Callable[[Any], bytes]

_DOUBLE = struct.Struct("<d")


def _finite(value: float) -> bytes:
    """No row with a number that is none: a page, a sum or JSON would fail over it, far from here."""
    if not math.isfinite(value):
        raise ValueError(f"a number that is not finite: {value}")
    return _DOUBLE.pack(value)


_NAMES = {
    "number": NUMBERS,
    "us": microseconds,
    "double": _DOUBLE.pack,
    "finite": _finite,
    "epoch": EPOCH,
}
_NUMBERS = frozenset({"int", "long"})


@cache
def encoder(name: str) -> Encoder:
    """The encoder of records called `name`: raises what Python raises where a value has a wrong type."""
    # An event says what a source said; what a view says was computed by us.
    writer = _Writer("finite" if name.startswith(f"{VIEWS_NAMESPACE}.") else "double")
    parts = writer.record(name, "record")
    source = "\n".join(["def encode(record):", *writer.lines, f"    return b''.join(({', '.join(parts)},))"])
    scope: dict[str, Any] = dict(_NAMES)
    exec(compile(source, f"<encoder of {name}>", "exec"), scope)  # noqa: S102 - made from our own contracts
    made: Encoder = scope["encode"]
    return made


class _Writer:
    """Source lines that prepare parts, and the expressions of the parts in order."""

    def __init__(self, double: str) -> None:
        self._double = double
        self.lines: list[str] = []
        self._indent = 1
        self._names: Iterator[int] = count()

    def record(self, name: str, value: str) -> list[str]:
        """Parts of a record, its fields in order."""
        return [
            part
            for field in contracts()[name]["fields"]
            for part in self._value(field["type"], f"{value}.{field['name']}")
        ]

    def _line(self, text: str) -> None:
        self.lines.append("    " * self._indent + text)

    def _name(self) -> str:
        return f"v{next(self._names)}"

    def _value(self, avro: Any, expression: str) -> list[str]:
        if isinstance(avro, list):
            return [self._optional(avro[1], expression)]
        if isinstance(avro, dict):
            return [self._array(avro, expression) if avro["type"] == "array" else self._instant(expression)]
        if avro in contracts():
            nested = self._name()
            self._line(f"{nested} = {expression}")
            return self.record(avro, nested)
        return self._primitive(avro, expression)

    def _primitive(self, avro: str, expression: str) -> list[str]:
        if avro in _NUMBERS:
            return [f"number[{expression}]"]
        if avro == "boolean":
            return [f"(b'\\1' if {expression} else b'\\0')"]
        if avro == "double":
            return [f"{self._double}({expression})"]
        name = self._name()
        self._line(f"{name} = {expression}.encode()" if avro == "string" else f"{name} = {expression}")
        return [f"number[len({name})]", name]

    def _instant(self, expression: str) -> str:
        """A datetime, or the number of microseconds that a draft has for it."""
        name = self._name()
        self._line(f"{name} = {expression}")
        self._line(f"if {name}.__class__ is not int:")
        self._line(f"    {name} -= epoch")
        self._line(f"    {name} = ({name}.days * 86400 + {name}.seconds) * 1000000 + {name}.microseconds")
        return f"us({name})"

    def _optional(self, avro: Any, expression: str) -> str:
        value, part = self._name(), self._name()
        self._line(f"{value} = {expression}")
        self._line(f"if {value} is None:")
        self._line(f"    {part} = b'\\0'")
        self._line("else:")
        self._indent += 1
        parts = self._value(avro, value)
        self._line(f"{part} = {' + '.join(['b' + repr(chr(2)), *parts])}")
        self._indent -= 1
        return part

    def _array(self, avro: dict[str, Any], expression: str) -> str:
        value, part, item = self._name(), self._name(), self._name()
        self._line(f"{value} = {expression}")
        self._line(f"{part} = number[len({value})] if {value} else b''")
        self._line(f"for {item} in {value}:")
        self._indent += 1
        self._line(f"{part} += {' + '.join(self._value(avro['items'], item))}")
        self._indent -= 1
        return f"{part} + b'\\0'"
