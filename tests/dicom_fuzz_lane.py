"""One sender of the DICOM fuzz: takes mutants one after the other and says what became of each."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from types import TracebackType
from typing import Self

from benchmarks.dicom_upper_layer import (
    ABORT,
    ASSOCIATE_AC,
    P_DATA,
    RELEASE_RQ,
    Line,
    associate_request,
    c_echo,
    p_data,
    pdu,
    status_of,
)
from tests.dicom_bad_requests import CONTEXTS, Request, good_store
from tests.dicom_bad_streams import Stream
from tests.dicom_mutations import mutant

PATIENCE_S = 30.0
_PENDING = frozenset({0xFF00, 0xFF01})
_REFUSED_CONTEXT = "context not accepted"
_CALLING = "FUZZ"


class Silence(Exception):
    """No answer, and no end of the association, for as long as one may wait."""


@dataclass(slots=True)
class Outcomes:
    """What became of the mutants: (kind, outcome) by count; what must not be, with the mutant's number."""

    by_kind: Counter[tuple[str, str]] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    @property
    def sent(self) -> int:
        """How many."""
        return self.by_kind.total()


class Lane:
    """Keeps its association as long as the listener does."""

    def __init__(self, port: int, ae_title: str, outcomes: Outcomes) -> None:
        self._port = port
        self._request = associate_request(ae_title, _CALLING, CONTEXTS)
        self._outcomes = outcomes
        self._line: Line | None = None
        self._accepted: frozenset[int] = frozenset()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._line is not None and kind is None:
            with contextlib.suppress(OSError, EOFError):
                self._line.send(pdu(RELEASE_RQ, bytes(4)))
                self._line.read()
        self._drop()

    def send(self, seed: int, numbers: Iterable[int]) -> None:
        """Send these mutants, and note their outcomes."""
        for number in numbers:
            made = mutant(seed, number)
            try:
                outcome = self._asked(made) if isinstance(made, Request) else self._streamed(made)
            except (Silence, TimeoutError):
                self._drop()
                outcome = "silence"
                self._outcomes.problems.append(f"mutant {number} ({made.kind}) got no answer and no end")
            self._outcomes.by_kind[made.kind, outcome] += 1

    def check(self, random: Random) -> None:
        """A C-ECHO and an image that is right must be answered with success, whatever was before."""
        line = self._associated()
        line.send(p_data(7, c_echo(1), is_command=True))
        echo = line.status()
        _, request = good_store(random)
        line.send(request.stream())
        store = line.status()
        if (echo, store) != (0, 0):
            self._outcomes.problems.append(f"C-ECHO is answered {echo}, a good C-STORE {store}")

    def _asked(self, request: Request) -> str:
        line = self._associated()
        if request.context not in self._accepted:
            return _REFUSED_CONTEXT
        try:
            line.send(request.stream())
        except OSError:  # it may have ended the association before it had the whole
            return self._ended("association ended")
        return self._answer(line)

    def _answer(self, line: Line) -> str:
        while True:
            try:
                kind, body = line.read()
            except TimeoutError:
                raise Silence from None
            except (OSError, EOFError):
                return self._ended("association ended")
            if kind == ABORT:
                return self._ended("aborted")
            if kind != P_DATA:
                return self._ended(f"PDU {kind}")
            status = status_of(body[6:])
            if status is not None and status not in _PENDING:
                return f"0x{status:04X}"

    def _ended(self, outcome: str) -> str:
        self._drop()
        return outcome

    def _streamed(self, stream: Stream) -> str:
        """On a connection of its own, which the listener must end once we have ended our half of it."""
        with Line(self._port, PATIENCE_S) as line:
            try:
                if stream.associates:
                    line.send(self._request)
                    line.read()
                line.send(stream.content)
                if stream.resets:
                    line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return "we reset"
                line.socket.shutdown(socket.SHUT_WR)
                while True:
                    line.read()
            except TimeoutError:
                raise Silence from None
            except (OSError, EOFError):
                return "it closed"

    def _associated(self) -> Line:
        if self._line is None:
            line = Line(self._port, PATIENCE_S)
            self._line = line
            line.send(self._request)
            kind, body = line.read()
            if kind != ASSOCIATE_AC:
                self._drop()
                raise AssertionError(f"a good association is answered with PDU {kind}")
            self._accepted = frozenset(_accepted(body))
        return self._line

    def _drop(self) -> None:
        if self._line is not None:
            self._line.__exit__()
            self._line = None


def _accepted(body: bytes) -> Iterable[int]:
    """The contexts of an A-ASSOCIATE-AC whose result is acceptance (PS3.8 section 9.3.3.2)."""
    at = 68
    while at + 4 <= len(body):
        kind, length = struct.unpack_from(">BxH", body, at)
        if kind == 0x21 and body[at + 6] == 0:
            yield body[at + 4]
        at += 4 + length
