"""Requests that are framed as they should be, with data sets and UIDs that are not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from benchmarks.dicom_upper_layer import (
    DEFLATED,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    VERIFICATION,
    Context,
    c_store,
    command,
    p_data,
    uid_value,
    us,
)
from tests.dicom_dataset_mutations import ESCAPED, deflate_bomb, mutated_bytes, mutated_elements
from tests.dicom_datasets import (
    CT,
    Element,
    commitment,
    encoded,
    image,
    performed_step,
    study_keys,
    uid,
    worklist_keys,
)

WORKLIST = "1.2.840.10008.5.1.4.31"
STEP = "1.2.840.10008.3.1.2.3.3"
FIND, MOVE, GET = (f"1.2.840.10008.5.1.4.1.2.2.{number}" for number in (1, 2, 3))
COMMITMENT, COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1", "1.2.840.10008.1.20.1.1"
CONTEXTS: tuple[Context, ...] = (
    (1, CT, [EXPLICIT_LITTLE]),
    (3, CT, [IMPLICIT_LITTLE]),
    (5, CT, [DEFLATED]),
    (7, VERIFICATION, [IMPLICIT_LITTLE]),
    (9, WORKLIST, [EXPLICIT_LITTLE]),
    (11, STEP, [EXPLICIT_LITTLE]),
    (13, FIND, [EXPLICIT_LITTLE]),
    (15, MOVE, [EXPLICIT_LITTLE]),
    (17, GET, [EXPLICIT_LITTLE]),
    (19, COMMITMENT, [EXPLICIT_LITTLE]),
    (21, STEP, [DEFLATED]),
    (23, WORKLIST, [DEFLATED]),
)
_SYNTAX_OF = {number: transfer[0] for number, _, transfer in CONTEXTS}
_STORAGE_CONTEXTS = (1, 1, 3, 5)
_FRAGMENT_BYTES = 16_000
_BOMB_GIGABYTES = 2
TRICKS = ("", "..", f"../../../{ESCAPED}", f"/{ESCAPED}", "1.2.3/4", "1.2\x00.3", "1." * 3_000, "x" * 65)


@dataclass(frozen=True, slots=True)
class Request:
    """A request that is framed as it should be: it gets a status, or an abort. data_set: None for none."""

    kind: str
    context: int
    command: bytes
    data_set: bytes | None

    def stream(self) -> bytes:
        """Its P-DATA."""
        return stream(self.context, self.command, self.data_set)


def good_store(random: Random) -> tuple[str, Request]:
    """An image that is right, and its UID."""
    instance = uid(random)
    return instance, _store(random, 1, image(random, instance), instance, kind="good")


def stream(context: int, request: bytes, data_set: bytes | None) -> bytes:
    """Command and data set as P-DATA."""
    parts = [p_data(context, request, is_command=True)]
    if data_set is not None:
        cuts = range(0, max(len(data_set), 1), _FRAGMENT_BYTES)
        for at in cuts:
            is_last = at + _FRAGMENT_BYTES >= len(data_set)
            parts.append(
                p_data(context, data_set[at : at + _FRAGMENT_BYTES], is_command=False, is_last=is_last)
            )
    return b"".join(parts)


def _store(random: Random, context: int, elements: list[Element], instance: str, *, kind: str) -> Request:
    return Request(
        kind, context, c_store(_message(random), CT, instance), encoded(elements, _SYNTAX_OF[context])
    )


def _message(random: Random) -> int:
    return random.randrange(1, 1 << 16)


def bad_image(random: Random) -> Request:
    instance = uid(random)
    elements = mutated_elements(random, image(random, instance))
    request = _store(random, random.choice(_STORAGE_CONTEXTS), elements, instance, kind="store, elements")
    if random.random() < 0.25 and request.data_set is not None:
        return Request(
            request.kind, request.context, request.command, mutated_bytes(random, request.data_set)
        )
    return request


def bad_image_bytes(random: Random) -> Request:
    instance = uid(random)
    request = _store(
        random, random.choice(_STORAGE_CONTEXTS), image(random, instance), instance, kind="store, bytes"
    )
    return Request(
        request.kind, request.context, request.command, mutated_bytes(random, request.data_set or b"")
    )


def path_trick(random: Random) -> Request:
    """The command and the data set agree on it."""
    trick = random.choice(TRICKS)
    elements = image(random, trick)
    return Request("store, path", 1, c_store(_message(random), CT, trick), encoded(elements, EXPLICIT_LITTLE))


def empty_image(random: Random) -> Request:
    content = random.choice((b"", b"\x00", b"\x00" * 8, b"DICM", bytes(200)))
    return Request(
        "store, empty", random.choice((1, 3, 5)), c_store(_message(random), CT, uid(random)), content
    )


def bomb(random: Random) -> Request:
    """Where a data set may come deflated."""
    instance, message = uid(random), (0x0110, us(_message(random)))
    if random.random() < 0.3:
        content = deflate_bomb(performed_step(random, is_new=True), _BOMB_GIGABYTES, at_front=False)
        parts = [
            (0x0002, uid_value(STEP)),
            (0x0100, us(0x0140)),
            message,
            (0x0800, us(1)),
            (0x1000, uid_value(instance)),
        ]
        return Request("N-CREATE, bomb", 21, command(*parts), content)
    if random.random() < 0.4:
        content = deflate_bomb(worklist_keys(random), _BOMB_GIGABYTES, at_front=False)
        parts = [
            (0x0002, uid_value(WORKLIST)),
            (0x0100, us(0x0020)),
            message,
            (0x0700, us(0)),
            (0x0800, us(1)),
        ]
        return Request("find, bomb", 23, command(*parts), content)
    content = deflate_bomb(image(random, instance), _BOMB_GIGABYTES, at_front=random.random() < 0.5)
    return Request("store, bomb", 5, c_store(_message(random), CT, instance), content)


def _request(
    kind: str, context: int, sop_class: str, field: int, elements: list[Element], *more: tuple[int, bytes]
) -> Callable[[Random], Request]:
    def made(random: Random) -> Request:
        changed = mutated_elements(random, elements)
        content = encoded(changed, EXPLICIT_LITTLE)
        if random.random() < 0.3:
            content = mutated_bytes(random, content)
        parts = [(0x0002, uid_value(sop_class)), (0x0100, us(field)), (0x0110, us(_message(random)))]
        return Request(kind, context, command(*sorted([*parts, (0x0800, us(1)), *more])), content)

    return made


def bad_find(random: Random) -> Request:
    context, sop_class, keys = random.choice(((9, WORKLIST, worklist_keys), (13, FIND, study_keys)))
    return _request("find", context, sop_class, 0x0020, keys(random), (0x0700, us(0)))(random)


def bad_retrieve(random: Random) -> Request:
    if random.random() < 0.5:
        destination = random.choice((b"NOWHERE ", b"", b"\x00\x00", b"X" * 400))
        more = ((0x0600, destination), (0x0700, us(0)))
        return _request("move", 15, MOVE, 0x0021, study_keys(random), *more)(random)
    return _request("get", 17, GET, 0x0010, study_keys(random), (0x0700, us(0)))(random)


def bad_step(random: Random) -> Request:
    instance = uid_value(random.choice((*TRICKS[:6], uid(random), uid(random), uid(random), "1.2.3")))
    if random.random() < 0.6:
        step = performed_step(random, is_new=True)
        return _request("N-CREATE", 11, STEP, 0x0140, step, (0x1000, instance))(random)
    parts = [(0x0003, uid_value(STEP)), (0x0100, us(0x0120)), (0x0110, us(_message(random))), (0x0800, us(1))]
    content = encoded(mutated_elements(random, performed_step(random, is_new=False)), EXPLICIT_LITTLE)
    return Request("N-SET", 11, command(*parts, (0x1001, instance)), content)


def bad_commitment(random: Random) -> Request:
    content = encoded(mutated_elements(random, commitment(random)), EXPLICIT_LITTLE)
    parts = [
        (0x0003, uid_value(COMMITMENT)),
        (0x0100, us(0x0130)),
        (0x0110, us(_message(random))),
        (0x0800, us(1)),
    ]
    return Request(
        "N-ACTION", 19, command(*parts, (0x1001, uid_value(COMMITMENT_INSTANCE)), (0x1008, us(1))), content
    )
