"""A sender that keeps MLLP connections busy: one message in flight on each, as interface engines send.

The mix is one exam's course: ADT^A04, ORM^O01 (new with a start, in progress, completed), ORU^R01
(preliminary and final, with twenty lines of text); each exam has a patient of its own.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast
from uuid import uuid4

import uvloop

from producers.hl7.framing import Block, Deframer, frame

_FIXED_AT = "20260303082000"
_PID = "PID|1||{patient}^^^NORTH^MR||OKONKWO^AMARA^JUNE||19820514|F"
_PV1 = "PV1|1|E|ER^^^NORTH||||||||||||||||V-7001^^^NORTH"
_MSH = "MSH|^~\\&|{sender}|NORTH|RADSTREAM|NORTH|{at}||{kind}|{control}|P|2.5.1"
_OBR = "OBR|1|P{exam}^RIS|F{exam}|CTHEAD^CT head without contrast^LOCAL"
_ZDS = "ZDS|2.25.{patient}1^NORTH^Application^DICOM"
_LINE = "OBX|{n}|TX|^^^^IMP||No haemorrhage, no acute finding; the ventricles are normal.||||||{status}"


def _order(control: str, status: str) -> tuple[str, ...]:
    return (
        _PID,
        _PV1,
        f"ORC|{control}|P{{exam}}^RIS|F{{exam}}||{status}||||{{at}}",
        "TQ1|1||||||{at}||S^STAT",
        f"{_OBR}|||{{at}}|{{at}}||||||||||{{exam}}||||||CT",
        _ZDS,
    )


def _report(status: str) -> tuple[str, ...]:
    lines = (_LINE.format(n=n, status=status) for n in range(1, 21))
    return (_PID, f"{_OBR}||||||||||||||{{exam}}||||{{at}}||CT|{status}|||||||771&VANCE&ELI", *lines, _ZDS)


_COURSE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("REGISTRATION", "ADT^A04^ADT_A01", ("EVN|A04|{at}", _PID, _PV1)),
    ("RIS", "ORM^O01^ORM_O01", _order("NW", "SC")),
    ("RIS", "ORM^O01^ORM_O01", _order("SC", "IP")),
    ("RIS", "ORM^O01^ORM_O01", _order("SC", "CM")),
    ("DICTATION", "ORU^R01^ORU_R01", _report("P")),
    ("DICTATION", "ORU^R01^ORU_R01", _report("F")),
)
_TEMPLATES = tuple("\r".join((_MSH, *rest, "")) for _, _, rest in _COURSE)


def course_of_exams(name: str) -> Iterator[bytes]:
    """Framed messages without end; `name` is in every id."""
    number = 0
    while True:
        number += 1
        patient = f"{abs(hash(name)) % 10**6}{number}"
        for step in range(len(_COURSE)):
            yield message(step, f"{name}{number}", patient, _FIXED_AT)


def message(step: int, exam: str, patient: str, at: str) -> bytes:
    """One framed message of an exam's course; its control id is `<exam>-<step>`. at: HL7's time."""
    sender, kind, _ = _COURSE[step]
    control = f"{exam}-{step}"
    text = _TEMPLATES[step].format(
        sender=sender, kind=kind, control=control, exam=exam, patient=patient, at=at
    )
    return frame(text.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What to send. rate_per_s: of all connections together; None: as fast as they are answered.

    seconds: how long. messages: no more than so many. idle: further connections that say nothing.
    """

    port: int
    connections: int
    seconds: float
    rate_per_s: float | None = None
    messages: int | None = None
    idle: int = 0


@dataclass(slots=True)
class Sent:
    """ack_ms: of each message, from when it was due to its answer. refused: answers other than AA and CA."""

    seconds: float = 0.0
    refused: int = 0
    ack_ms: list[float] = field(default_factory=list)

    def percentile_ms(self, share: float) -> float:
        """The acknowledgement time that `share` of the messages did not exceed."""
        ordered = sorted(self.ack_ms)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0.0


class _Sender(asyncio.Protocol):
    def __init__(self, load: Load, sent: Sent, name: str, first_due_s: float, until_s: float) -> None:
        self._load, self._sent = load, sent
        self._messages = course_of_exams(name)
        self._every_s = load.connections / load.rate_per_s if load.rate_per_s else None
        self._due_s, self._until_s = first_due_s, until_s
        self._loop = asyncio.get_running_loop()
        self._deframer = Deframer(1_000_000)
        self.done: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._loop.call_later(max(self._due_s - time.perf_counter(), 0.0), self._send)

    def data_received(self, data: bytes) -> None:
        for found in self._deframer.feed(data):
            if not isinstance(found, Block):
                continue
            now_s = time.perf_counter()
            self._sent.ack_ms.append(1000 * (now_s - self._due_s))
            self._sent.refused += b"MSA|AA" not in found.content and b"MSA|CA" not in found.content
            self._due_s = now_s if self._every_s is None else self._due_s + self._every_s
            wait_s = self._due_s - now_s
            if wait_s > 0:
                self._loop.call_later(wait_s, self._send)
            else:
                self._send()

    def _send(self) -> None:
        limit = self._load.messages
        if time.perf_counter() >= self._until_s or (limit and len(self._sent.ack_ms) >= limit):
            self.transport.close()
            return
        self.transport.write(next(self._messages))

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def _send(load: Load) -> Sent:
    loop = asyncio.get_running_loop()
    sent, run = Sent(), uuid4().hex[:6]
    began_s = time.perf_counter()
    idle = [await loop.create_connection(asyncio.Protocol, "127.0.0.1", load.port) for _ in range(load.idle)]
    senders = []
    for number in range(load.connections):
        due_s = began_s + (number / load.rate_per_s if load.rate_per_s else 0.0)
        sender = _Sender(load, sent, f"{run}{number}-", due_s, began_s + load.seconds)
        await loop.create_connection(lambda sender=sender: sender, "127.0.0.1", load.port)  # type: ignore[misc] # a lambda's default
        senders.append(sender)
    await asyncio.wait([sender.done for sender in senders], timeout=load.seconds + 30)
    sent.seconds = time.perf_counter() - began_s
    for transport, _ in idle:
        transport.close()
    return sent


def _work(load: Load, results: multiprocessing.SimpleQueue[Sent]) -> None:
    results.put(uvloop.run(_send(load)))


def send(load: Load, *, while_sending: float = 1.0, sample: object = None) -> Sent:
    """Send from a process of its own, so that its work is not counted as the server's."""
    context = multiprocessing.get_context("spawn")
    results = context.SimpleQueue()
    process = context.Process(target=_work, args=(load, results))
    process.start()
    while results.empty() and process.is_alive():
        if callable(sample):
            sample()
        time.sleep(while_sending)
    if results.empty():
        raise RuntimeError(f"the sender ended with exit code {process.exitcode} and no figures")
    found = cast("Sent", results.get())
    process.join()
    return found
