"""Facts as rows of numbers that point to lists of texts, keys and words: how a state is kept small. Pure.

One row: step, time since the state's earliest, delay of recording, site, patient, what it corrects, number of
attributes, then name and value of each. A pointer to a text is 0 for none, even for a text, odd for
hexadecimal digits, which take half the bytes. A value's two lowest bits say what it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from processors.facts import Fact, Value
from processors.state_words import NAMES, STEPS

_STEP_NUMBERS = {step: number for number, step in enumerate(STEPS)}
_NAME_NUMBERS = {name: number for number, name in enumerate(NAMES)}
_HEX = re.compile(r"(?:[0-9a-f]{2}){8,}")
_INT, _TEXT, _DOUBLE = 0, 1, 2
# Numbers of a row before its attributes.
_ROW = 7


class RowWriter:
    """Writes facts one after the other; equal facts in equal order give equal lists."""

    def __init__(self, base_us: int) -> None:
        """`base_us`: times are counted from it, microseconds since the epoch."""
        self.numbers: list[int] = []
        self.texts: dict[str, int] = {}
        self.blobs: dict[bytes, int] = {}
        self.doubles: list[float] = []
        self._base_us = base_us
        self._pointers: dict[str, int] = {}

    def write(self, fact: Fact) -> None:
        """Add a row."""
        text, attributes = self.text, fact.attributes
        self.numbers += (
            self._word(_STEP_NUMBERS, fact.step),
            fact.occurred_us - self._base_us,
            fact.recorded_us - fact.occurred_us,
            text(fact.site),
            0 if fact.patient_key is None else text(fact.patient_key),
            0 if fact.corrects is None else text(fact.corrects.replace("-", "")),
            len(attributes),
        )
        for name, value in attributes.items():
            self.numbers += (self._word(_NAME_NUMBERS, name), self._value(value))

    def text(self, text: str) -> int:
        """The pointer to `text`."""
        pointer = self._pointers.get(text)
        if pointer is None:
            if _HEX.fullmatch(text):
                pointer = 2 * self.blobs.setdefault(bytes.fromhex(text), len(self.blobs)) + 1
            else:
                pointer = 2 * self.texts.setdefault(text, len(self.texts)) + 2
            self._pointers[text] = pointer
        return pointer

    def _word(self, known: Mapping[str, int], word: str) -> int:
        number = known.get(word)
        return -self.text(word) if number is None else number

    def _value(self, value: Value) -> int:
        if isinstance(value, str):
            return self.text(value) << 2 | _TEXT
        if isinstance(value, int):
            return value << 2 | _INT
        self.doubles.append(value)
        return (len(self.doubles) - 1) << 2 | _DOUBLE


class RowReader:
    """Reads them back, from the record of a state."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self._base_us: int = record["base_us"]
        self._numbers = iter(record["numbers"])
        self._texts: list[str] = record["texts"]
        self._blobs = [blob.hex() for blob in record["blobs"]]
        self._doubles: list[float] = record["doubles"]

    def read(self, event_id: str) -> Fact:
        """The next row, of the event `event_id`. Raises ValueError or IndexError where there is none."""
        row = list(islice(self._numbers, _ROW))
        if len(row) < _ROW:
            raise ValueError("a fact ends early")
        step, occurred, delay, site, patient, corrects, count = row
        occurred_us = self._base_us + occurred
        return Fact(
            event_id=event_id,
            step=self._word(STEPS, step),
            occurred_us=occurred_us,
            recorded_us=occurred_us + delay,
            site=self.text(site),
            patient_key=self.text(patient) if patient else None,
            corrects=uuid_text(self.text(corrects)) if corrects else None,
            attributes=dict(self._attribute() for _ in range(count)),
        )

    def text(self, pointer: int) -> str:
        """The text that `pointer` points to."""
        return self._blobs[pointer >> 1] if pointer & 1 else self._texts[(pointer >> 1) - 1]

    def _attribute(self) -> tuple[str, Value]:
        name, value = next(self._numbers, None), next(self._numbers, None)
        if name is None or value is None:
            raise ValueError("an attribute ends early")
        return self._word(NAMES, name), self._value(value)

    def _word(self, words: tuple[str, ...], number: int) -> str:
        return self.text(-number) if number < 0 else words[number]

    def _value(self, value: int) -> Value:
        kind, content = value & 3, value >> 2
        if kind == _TEXT:
            return self.text(content)
        return content if kind == _INT else self._doubles[content]


def uuid_text(digits: str) -> str:
    """A UUID of 32 hexadecimal digits, as it is written."""
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
