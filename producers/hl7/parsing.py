"""Bytes to a Message: decoded, line ends normalised, split by hl7lw with the sender's delimiters."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from hl7lw import Hl7Parser
from hl7lw.exceptions import Hl7Exception

from producers.hl7.decoding import decode
from producers.hl7.message import Delimiters, Message, Segment
from producers.hl7.rejections import UnparsableMessage


def parse(raw: bytes) -> Message:
    """The message in `raw`. Raises UnparsableMessage."""
    decoded = decode(raw)
    delimiters = Delimiters.of(decoded.text.split("\r", maxsplit=1)[0])
    try:
        parsed = _parser(delimiters).parse_message(decoded.text)
    except Hl7Exception:
        # hl7lw's own text quotes the segment, which may hold PHI.
        raise UnparsableMessage("a segment has no valid name, or there is a second MSH") from None
    segments = tuple(Segment(str(found.name), found.fields, delimiters) for found in parsed.segments)
    digest = hashlib.sha256(decoded.text.encode("utf-8", "surrogatepass")).hexdigest()
    return Message(segments, delimiters, decoded.codec, digest, decoded.as_declared)


@lru_cache(maxsize=16)
def _parser(delimiters: Delimiters) -> Hl7Parser:
    # hl7lw refuses an MSH-2 of other than four characters, v2.7's five among them: we read it ourselves.
    parser = Hl7Parser(ignore_msh_values_for_parsing=True)
    parser.field_separator = delimiters.field
    parser.component_separator = delimiters.component
    parser.repetition_separator = delimiters.repetition
    parser.escape_character = delimiters.escape
    parser.subcomponent_separator = delimiters.subcomponent
    return parser
