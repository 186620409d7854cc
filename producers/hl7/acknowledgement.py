"""The answer to a message: original and enhanced acknowledgement mode (HL7 v2.5.1 section 2.9).

Enhanced mode is asked for by MSH-15 or MSH-16. Our accept acknowledgement (CA) already means that Kafka has
the events, so the application acknowledgement follows it at once where both are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from producers.hl7.delimiters import Delimiters, escape
from producers.hl7.message import Message, Segment
from producers.hl7.rejections import Rejected

_APPLICATION_ERROR = "207"
# HL7 table 0357, the codes that we use.
_ERROR_TEXT = {
    "100": "Segment sequence error",
    "101": "Required field missing",
    "103": "Table value not found",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "207": "Application internal error",
}
_DEFAULT_VERSION = "2.5.1"
_WITHOUT_CONTROLS = dict.fromkeys((*range(32), 127))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message. code: AA, AE or AR (table 0008); error and location as in `Rejected`."""

    code: str
    detail: str = ""
    error: str = _APPLICATION_ERROR
    location: str = ""

    @classmethod
    def accepted(cls) -> Outcome:
        """Kafka has its events."""
        return cls("AA")

    @classmethod
    def rejected(cls, rejected: Rejected) -> Outcome:
        """It will not be accepted if it is sent again as it is."""
        return cls(rejected.code, rejected.detail, rejected.error, rejected.location)

    @classmethod
    def unavailable(cls) -> Outcome:
        """Nothing is wrong with it: send it again later."""
        return cls("AE", "not stored: a service behind is unavailable, send again")


def acknowledge(message: Message, outcome: Outcome, now: datetime, control_id: str) -> list[bytes]:
    """The answers that the sender of `message` waits for: none, one, or (enhanced mode, both) two.

    `control_id` becomes MSH-10 of the first; `now` is MSH-7.
    """
    accept, application = message.header.value(15), message.header.value(16)
    if not accept and not application:
        codes = [outcome.code]
    else:
        accept_code = "C" + outcome.code[1]
        codes = [accept_code] if _is_wanted(accept, outcome) else []
        codes += [outcome.code] if _is_wanted(application, outcome) else []
    return [
        _answer(message, outcome, code, now, control_id if index == 0 else f"{control_id}-{index}")
        for index, code in enumerate(codes)
    ]


def refuse(outcome: Outcome, now: datetime, control_id: str) -> bytes:
    """The answer to what has no header that we could read."""
    delimiters = Delimiters()
    header = Segment("MSH", ["|", "^~\\&", "", "", "", "", "", "", "", "", "P", _DEFAULT_VERSION], delimiters)
    return _answer(Message((header,), delimiters, "ascii", ""), outcome, outcome.code, now, control_id)


def _is_wanted(condition: str, outcome: Outcome) -> bool:
    """Table 0155: AL always, NE never, ER on error or reject, SU on success."""
    success = outcome.code == "AA"
    return condition in {"AL", "SU" if success else "ER"}


def _answer(message: Message, outcome: Outcome, code: str, now: datetime, control_id: str) -> bytes:
    segments = [_header(message, now, control_id), _msa(message, outcome, code)]
    if outcome.code != "AA":
        segments.append(_error(message, outcome))
    separator = message.delimiters.field
    text = "".join(_printable(separator.join(_trimmed(segment))) + "\r" for segment in segments)
    return text.encode(message.codec, "replace")


def _printable(line: str) -> str:
    # What we echo may hold the bytes that end a block.
    return line if line.isprintable() else line.translate(_WITHOUT_CONTROLS)


def _trimmed(segment: Sequence[str]) -> Sequence[str]:
    last = max(index for index, field in enumerate(segment) if field)
    return segment[: last + 1]


def _header(message: Message, now: datetime, control_id: str) -> list[str]:
    asked = message.header.raw
    trigger, version = message.header.value(9, 2), _version(message)
    kind = ["ACK", trigger, "ACK"] if version >= (2, 3, 1) and trigger else ["ACK", trigger]
    if version < (2, 2):
        kind = ["ACK"]
    header = [""] * 18
    header[0] = "MSH"
    header[1] = message.delimiters.encoding_characters()
    header[2], header[3], header[4], header[5] = asked(5), asked(6), asked(3), asked(4)
    header[6] = _second(now.replace(microsecond=0))
    header[8] = message.delimiters.component.join(part for part in kind if part)
    header[9] = control_id
    header[10], header[11], header[17] = asked(11), asked(12), asked(18)
    return header


def _msa(message: Message, outcome: Outcome, code: str) -> list[str]:
    # MSA-3 is the text before v2.4, and stays for backward compatibility.
    return ["MSA", code, message.header.raw(10), escape(outcome.detail, message.delimiters)]


def _error(message: Message, outcome: Outcome) -> list[str]:
    marks = message.delimiters
    description = _ERROR_TEXT.get(outcome.error, "")
    name, _, field = outcome.location.partition("-")
    where = [part for part in (name, "1", *field.split(".")) if part] if name else []
    if _version(message) < (2, 5):
        # ELD: segment, sequence, field, and the code as one component with subcomponents.
        code = marks.subcomponent.join((outcome.error, description, "HL70357"))
        return ["ERR", marks.component.join([*(where[:3] + [""] * 3)[:3], code])]
    code = marks.component.join((outcome.error, description, "HL70357"))
    detail = escape(outcome.detail, marks)
    return ["ERR", "", _erl(where, marks), code, "E", "", "", "", detail]


def _erl(where: list[str], marks: Delimiters) -> str:
    """ERL: segment, its sequence, field, field repetition, component."""
    segment, sequence, field, component = (where + [""] * 4)[:4]
    parts = [segment, sequence, field, "1" if component else "", component]
    return marks.component.join(parts).rstrip(marks.component)


@lru_cache(maxsize=4)  # a busy listener answers hundreds of messages in a second
def _second(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y%m%d%H%M%S+0000")


def _version(message: Message) -> tuple[int, ...]:
    return _numbers(message.header.value(12) or _DEFAULT_VERSION)


@lru_cache(maxsize=64)
def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split("."))
    except ValueError:
        return (2, 5, 1)
