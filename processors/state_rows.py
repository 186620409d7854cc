"""Facts as rows of numbers that point to lists of texts, keys and words: how a state is kept small. Pure.

One row: step, time since the state's earliest, delay of recording, site, patient, what it corrects, number of
attributes, then name and value of each. A pointer to a text is 0 for none, even for a text, odd for
hexadecimal digits, which take half the bytes. A value's two lowest bits say what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from processors.facts import Fact, Value
from processors.state_words import NAMES, STEPS

_STEP_NUMBERS = {step: number for number, step in enumerate(STEPS)}
_NAME_NUMBERS = {name: number for number, name in enumerate(NAMES)}
_HEX = re.compile(r"(?:[0-9a-f]{2}){8,}")
_INT, _TEXT, _DOUBLE = 0, 1, 2
# Numbers of a row before its attributes.
_ROW = 7


class Pointers(dict[str, int]):
    """The pointer to each text, made when it is first asked for, and the lists that they point to."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.blobs: list[bytes] = []

    def __missing__(self, text: str) -> int:
        if _HEX.fullmatch(text):
            pointer = 2 * len(self.blobs) + 1
            self.blobs.append(bytes.fromhex(text))
        else:
            pointer = 2 * len(self.texts) + 2
            self.texts.append(text)
        self[text] = pointer
        return pointer


class RowWriter:
    """Writes facts one after the other; equal facts in equal order give equal lists."""

    def __init__(self, base_us: int) -> None:
        """`base_us`: times are counted from it, microseconds since the epoch."""
        self.numbers: list[int] = []
        self.doubles: list[float] = []
        self.pointers = Pointers()
        self._base_us = base_us

    def write(self, facts: Iterable[Fact]) -> None:
        """Add a row for each."""
        numbers, pointers, base_us = self.numbers, self.pointers, self._base_us
        for fact in facts:
            step, attributes = _STEP_NUMBERS.get(fact.step), fact.attributes
            numbers += (
                -pointers[fact.step] if step is None else step,
                fact.occurred_us - base_us,
                fact.recorded_us - fact.occurred_us,
                pointers[fact.site],
                0 if fact.patient_key is None else pointers[fact.patient_key],
                0 if fact.corrects is None else pointers[fact.corrects.replace("-", "")],
                len(attributes),
            )
            for name, value in attributes.items():
                number = _NAME_NUMBERS.get(name)
                numbers.append(-pointers[name] if number is None else number)
                numbers.append(
                    pointers[value] << 2 | _TEXT if isinstance(value, str) else self._number(value)
                )

    def _number(self, value: Value) -> int:
        if isinstance(value, int):
            return value << 2 | _INT
        self.doubles.append(float(value))
        return (len(self.doubles) - 1) << 2 | _DOUBLE


class RowReader:
    """Reads them back, from the record of a state."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self._base_us: int = record["base_us"]
        self._numbers: list[int] = record["numbers"]
        self._doubles: list[float] = record["doubles"]
        self.pointed: dict[int, str] = {
            **{2 * place + 1: blob.hex() for place, blob in enumerate(record["blobs"])},
            **{2 * place + 2: text for place, text in enumerate(record["texts"])},
        }

    def read(self, event_ids: Sequence[str]) -> dict[str, Fact]:
        """The facts of the events `event_ids`, a row each. Raises ValueError or LookupError without one."""
        numbers, pointed, base_us = self._numbers, self.pointed, self._base_us
        facts: dict[str, Fact] = {}
        at = 0
        for event_id in event_ids:
            step, occurred, delay, site, patient, corrects, count = numbers[at : at + _ROW]
            at += _ROW
            facts[event_id] = Fact(
                event_id,
                pointed[-step] if step < 0 else STEPS[step],
                base_us + occurred,
                base_us + occurred + delay,
                pointed[site],
                pointed[patient] if patient else None,
                uuid_text(pointed[corrects]) if corrects else None,
                self._attributes(at, count),
            )
            at += 2 * count
        return facts

    def _attributes(self, at: int, count: int) -> dict[str, Value]:
        numbers, pointed = self._numbers, self.pointed
        attributes: dict[str, Value] = {}
        for place in range(at, at + 2 * count, 2):
            name, value = numbers[place], numbers[place + 1]
            kind, content = value & 3, value >> 2
            attributes[pointed[-name] if name < 0 else NAMES[name]] = (
                pointed[content] if kind == _TEXT else content if kind == _INT else self._doubles[content]
            )
        return attributes


def uuid_text(digits: str) -> str:
    """A UUID of 32 hexadecimal digits, as it is written."""
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
