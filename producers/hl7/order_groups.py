"""The parts of a message: its patients, and each one's orders (ORC, OBR and what belongs to them)."""

from __future__ import annotations

from collections.abc import Sequence

from producers.hl7.message import Message, Segment

Group = Sequence[Segment]


def patient_groups(message: Message) -> list[Group]:
    """The message once for each PID: what stands before the first belongs to all of them."""
    starts = [index for index, segment in enumerate(message.segments) if segment.name == "PID"]
    if len(starts) < 2:
        return [message.segments]
    head = message.segments[: starts[0]]
    ends = [*starts[1:], len(message.segments)]
    return [(*head, *message.segments[start:end]) for start, end in zip(starts, ends, strict=True)]


def order_groups(segments: Group) -> tuple[Group, list[Group]]:
    """What stands before the first order, and the orders.

    An order begins with ORC, or with an OBR where the ORC is left out.
    """
    head: list[Segment] = []
    groups: list[list[Segment]] = []
    has_request = False
    for segment in segments:
        name = segment.name
        if name == "ORC" or (name == "OBR" and (not groups or has_request)):
            groups.append([])
            has_request = False
        has_request = has_request or name == "OBR"
        (groups[-1] if groups else head).append(segment)
    return head, list(groups)


def split_document(segments: Group) -> tuple[Group, list[Group]]:
    """What belongs to the document, and the orders that it reports on: MDM has them before TXA."""
    start = next((index for index, segment in enumerate(segments) if segment.name == "TXA"), len(segments))
    head, groups = order_groups(segments[:start])
    return (*head, *segments[start:]), groups
