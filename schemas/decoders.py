"""Decoders compiled from the contracts: Avro bytes straight to the class, without a dictionary between.

Only for bytes whose writer's schema is today's own; all others go through schema resolution. A decoder takes
the short way through well-formed bytes and raises on anything else: the caller then asks fastavro, whose word
is the last.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any

from schemas.contracts import contracts
from schemas.varints import instant, long_length, long_number

# The record, and the place after its last byte.
Decoder = Callable[[bytes, int], tuple[Any, int]]

_NAMES: Mapping[str, Any] = {
    "instant": instant,
    "long_length": long_length,
    "long_number": long_number,
    "double": struct.Struct("<d").unpack_from,
}
_NUMBERS = frozenset({"int", "long"})


def _blank(cls: type[Any]) -> type[Any]:
    """A class with the slots of `cls` that can be written to; its instances become `cls` when they are full.

    The initialiser of a frozen class costs several times as much: it writes through `object.__setattr__`.
    """
    return type(f"Blank{cls.__name__}", (), {"__slots__": cls.__slots__})


def decoder(name: str, classes: Mapping[str, type[Any]]) -> Decoder:
    """The decoder of records called `name`; `classes` has the class of each record by its full name."""
    reader = _Reader(classes)
    record = reader.record(name)
    source = "\n".join(["def decode(value, at):", *reader.lines, f"    return {record}, at"])
    scope: dict[str, Any] = {**_NAMES, **reader.scope}
    exec(compile(source, f"<decoder of {name}>", "exec"), scope)  # noqa: S102 - made from our own contracts
    made: Decoder = scope["decode"]
    return made


class _Reader:
    """Source lines that read one value after the other into local names."""

    def __init__(self, classes: Mapping[str, type[Any]]) -> None:
        self.lines: list[str] = []
        self.scope: dict[str, Any] = {}
        self._classes = classes
        self._indent = 1
        self._names: Iterator[int] = count()

    def record(self, name: str) -> str:
        """Read a record; the name that holds it."""
        cls = self._classes[name]
        self.scope |= {cls.__name__: cls, f"Blank{cls.__name__}": _blank(cls)}
        read = {field["name"]: self._value(field["type"]) for field in contracts()[name]["fields"]}
        record = self._name()
        self._lines(f"{record} = Blank{cls.__name__}()")
        self._lines(*(f"{record}.{field} = {value}" for field, value in read.items()))
        self._lines(f"{record}.__class__ = {cls.__name__}")
        return record

    def _lines(self, *texts: str) -> None:
        self.lines += ["    " * self._indent + text for text in texts]

    def _name(self) -> str:
        return f"v{next(self._names)}"

    def _value(self, avro: Any) -> str:
        if isinstance(avro, list):
            return self._optional(avro[1])
        if isinstance(avro, dict):
            return self._array(avro) if avro["type"] == "array" else self._instant()
        if avro in contracts():
            return self.record(avro)
        return self._primitive(avro)

    def _primitive(self, avro: str) -> str:
        if avro in _NUMBERS:
            return self._number()
        name = self._name()
        if avro == "boolean":
            self._lines(f"{name} = (False, True)[value[at]]", "at += 1")
        elif avro == "double":
            self._lines(f"{name} = double(value, at)[0]", "at += 8")
        else:
            self._length(name)
            self._lines(
                f"end = at + {name}",
                f"{name} = value[at:end]" + (".decode()" if avro == "string" else ""),
                "at = end",
            )
        return name

    def _length(self, name: str) -> None:
        """One byte holds a length below 64, two below 8192: bit 1 is the sign, bit 128 goes on."""
        self._lines(
            f"{name} = value[at]",
            f"if {name} & 129:",
            "    more = value[at + 1]",
            f"    if {name} & 1 or more & 128:",
            f"        {name}, at = long_length(value, at)",
            "    else:",
            f"        {name} = ({name} & 127 | more << 7) >> 1",
            "        at += 1",
            "else:",
            f"    {name} >>= 1",
            "at += 1",
        )

    def _number(self) -> str:
        name = self._name()
        self._lines(f"{name}, at = long_number(value, at)", "at += 1")
        return name

    def _instant(self) -> str:
        name = self._name()
        self._lines(f"{name}, at = instant(value, at)")
        return name

    def _optional(self, avro: Any) -> str:
        name = self._name()
        self._lines("branch = value[at]", "at += 1", "if branch == 2:")
        self._indent += 1
        self._lines(f"{name} = {self._value(avro)}")
        self._indent -= 1
        self._lines("elif branch == 0:", f"    {name} = None")
        self._lines("else:", "    raise ValueError('no such branch')")
        return name

    def _array(self, avro: dict[str, Any]) -> str:
        name, size = self._name(), self._name()
        self._lines(f"{name} = []", "while True:")
        self._indent += 1
        self._length(size)
        self._lines(f"if {size} == 0:", "    break", f"for _ in range({size}):")
        self._indent += 1
        self._lines(f"{name}.append({self._value(avro['items'])})")
        self._indent -= 2
        self._lines(f"{name} = tuple({name})")
        return name
