"""CPU time to read one HL7 v2 message: ours against `hl7`, hl7kit and bare hl7lw.

Work: from bytes as a sender writes them to the values that the mapping reads (patient, order, exam, status,
and every line of the report). Ours finds the character set and normalises line ends; the peers are given text
that already has both, so their figures leave that out. Messages: the golden registration and order, and a
report of 20 OBX.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import hl7
import hl7kit
from hl7lw import Hl7Parser

from benchmarks.harness import Options, Result, cpu_us_per_call, parse_options, progress, report
from producers.hl7.parsing import parse

_DATA = Path(__file__).parents[1] / "tests" / "data" / "hl7"
# Segment, field, component of what is read from each kind of message.
_READ: Mapping[str, tuple[tuple[str, int, int], ...]] = {
    "adt": (("MSH", 10, 1), ("PID", 3, 1), ("PID", 5, 1), ("PV1", 2, 1), ("PV1", 3, 1), ("PV1", 19, 1)),
    "orm": (("MSH", 10, 1), ("PID", 3, 1), ("ORC", 1, 1), ("ORC", 5, 1), ("OBR", 4, 2), ("OBR", 18, 1)),
    "oru": (("MSH", 10, 1), ("PID", 3, 1), ("OBR", 18, 1), ("OBR", 22, 1), ("OBR", 25, 1), ("OBR", 32, 1)),
}

Read = Callable[[], list[str]]


def samples() -> dict[str, str]:
    """One message of each kind, segments ended by CR."""
    adt, orm, oru = (
        (_DATA / f"{name}.hl7").read_text("utf-8").replace("\n", "\r")
        for name in ("adt_a04_registered", "orm_new_order_with_start", "oru_final")
    )
    lines = "".join(f"OBX|{n}|TX|^^^^GDT||Line {n} of the findings.||||||F\r" for n in range(1, 21))
    return {"adt": adt, "orm": orm, "oru": oru[: oru.index("OBX|")] + lines}


def ours(kind: str, text: str) -> Read:
    """As the listener reads it."""
    raw = text.encode()

    def read() -> list[str]:
        message = parse(raw)
        first = {segment.name: segment for segment in reversed(message.segments)}
        found = [first[name].value(field, component) for name, field, component in _READ[kind]]
        return found + [obx.value(5) for obx in message.all("OBX")]

    return read


def with_hl7(kind: str, text: str) -> Read:
    """python-hl7: containers of containers."""

    def read() -> list[str]:
        message = hl7.parse(text)
        places = _READ[kind]
        found = [
            str(message.extract_field(name, 1, field, 1, component, 1)) for name, field, component in places
        ]
        lines = message.segments("OBX") if kind == "oru" else ()
        return found + [str(obx(5)) for obx in lines]

    return read


def with_hl7lw(kind: str, text: str) -> Read:
    """hl7lw alone, with its own access to fields."""
    parser = Hl7Parser()

    def read() -> list[str]:
        message = parser.parse_message(text)
        first = {str(segment.name): segment for segment in reversed(message.segments)}
        found = [
            first[name].fields[field - 1].split("~")[0].split("^")[component - 1].split("&")[0]
            for name, field, component in _READ[kind]
        ]
        return found + [segment.fields[4] for segment in message.segments if segment.name == "OBX"]

    return read


def with_hl7kit(kind: str, text: str) -> Read:
    """hl7kit: a parser in a compiled extension, values by path."""
    paths = [f"{name}-{field}.{component}" for name, field, component in _READ[kind]]

    def read() -> list[str]:
        message = hl7kit.parse(text)
        found = [str(message.get(path) or "").partition("&")[0] for path in paths]
        lines = text.count("\rOBX|")
        return found + [str(message.get(f"OBX[{n}]-5") or "") for n in range(1, lines + 1)]

    return read


def measure(options: Options) -> Result:
    """Measure all, checked for agreement first. Raises AssertionError where they differ."""
    seconds = 0.3 if options.quick else 3.0
    figures: dict[str, float] = {}
    peers: dict[str, dict[str, float]] = {"hl7": {}, "hl7kit": {}, "hl7lw": {}}
    for kind, text in samples().items():
        expected = ours(kind, text)()
        readers = {"hl7": with_hl7, "hl7kit": with_hl7kit, "hl7lw": with_hl7lw}
        progress(f"{kind}: radstream")
        figures[f"{kind}_read_us"] = cpu_us_per_call(ours(kind, text), seconds=seconds)
        for peer, reader in readers.items():
            progress(f"{kind}: {peer}")
            read = reader(kind, text)
            assert read() == expected, (peer, read(), expected)  # noqa: S101 - else the figures mean nothing
            peers[peer][f"{kind}_read_us"] = cpu_us_per_call(read, seconds=seconds)
    return Result(benchmark="hl7_parse", ours=figures, peers=peers, notes=("CPU microseconds per message",))


if __name__ == "__main__":
    given = parse_options(__doc__)
    report(measure(given), given)
