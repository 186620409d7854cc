"""Mutated messages against a listener on real sockets: `python -m tests.fuzz_hl7 --messages 100000 --seed 7`.

Behind the listener is librdkafka's own broker. Batches of mutants are followed by a message that is right,
on the same connection: when that one is answered AA, the mutants cost neither connection nor listener.
Afterwards every message that came out of the framing must be accounted for: accepted, or rejected and kept.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import psutil
import structlog

from producers.hl7.config import Hl7Config
from producers.hl7.counts import Counts
from producers.hl7.framing import Block, Deframer, frame
from producers.hl7.listener import MllpListener, listening
from tests.hl7_mutations import mutated, on_the_wire
from tests.hl7_senders import hl7_config
from tests.producing import HL7_DATA, mock_kafka, offline_codec

_BATCH = 25
_CONNECTIONS = 4
_PATIENCE_S = 30.0
_CODES = frozenset({b"AA", b"AE", b"AR", b"CA", b"CE", b"CR"})


@dataclass(slots=True)
class Found:
    """What became of the mutants. codes: MSA-1 of the answers. logged: log lines by event."""

    sent: int = 0
    codes: Counter[bytes] = field(default_factory=Counter)
    logged: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    counts: Counts = field(default_factory=Counts)
    strange: list[bytes] = field(default_factory=list)
    left_messages: int = 0
    left_bytes: int = 0
    memory_mb: list[float] = field(default_factory=list)

    def problems(self) -> list[str]:
        """What must not be; empty where all is well."""
        counts = self.counts
        accounted = counts.accepted + counts.rejected + counts.unavailable
        checks = {
            f"{counts.received} received, {accounted} accounted for": counts.received == accounted,
            f"{counts.unavailable} answered as unavailable": not counts.unavailable,
            f"faults of ours: {dict(self.faults)}": not self.faults,
            f"strange answers: {self.strange[:5]}": not self.strange,
            f"{self.left_messages} messages, {self.left_bytes} bytes left": not self.left_messages
            and not self.left_bytes,
        }
        return [text for text, is_well in checks.items() if not is_well]


def fuzz(
    bootstrap: str, directory: Path, *, messages: int, seed: int, progress: Callable[[Found], None]
) -> Found:
    """Send `messages` mutants. Raises AssertionError with the batch that the listener did not survive."""
    found = Found()
    before = structlog.get_config()
    structlog.configure(processors=[_counting(found)], cache_logger_on_first_use=False)
    try:
        config = replace(hl7_config(bootstrap, directory), delivery_timeout_s=60.0)
        randoms = [Random(f"{seed}-{number}") for number in range(_CONNECTIONS)]
        asyncio.run(_fuzz(config, messages // _CONNECTIONS, randoms, found, progress))
    finally:
        structlog.configure(**before)
    return found


def _counting(found: Found) -> structlog.typing.Processor:
    def count(_logger: object, _level: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        found.logged[str(line["event"])] += 1
        if line.get("silences") == []:
            found.faults["no event, and no reason for it"] += 1
        if "fault" in line:
            found.faults[str(line["fault"])] += 1
        raise structlog.DropEvent

    return count


async def _fuzz(
    config: Hl7Config, share: int, randoms: Sequence[Random], found: Found, progress: Callable[[Found], None]
) -> None:
    async with listening(config, offline_codec()) as listener:
        found.counts = listener.counts
        await asyncio.gather(*(_send(listener, share, random, found, progress) for random in randoms))
        await asyncio.sleep(0)
        found.left_messages, found.left_bytes = listener.in_flight.messages, listener.in_flight.size_bytes


async def _send(
    listener: MllpListener, messages: int, random: Random, found: Found, progress: Callable[[Found], None]
) -> None:
    corpus = [path.read_bytes() for path in sorted(HL7_DATA.glob("*.hl7"))]
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    deframer = Deframer(10_000_000)
    name = random.randrange(10**9)
    for number in range(messages // _BATCH):
        batch = [on_the_wire(random, mutated(random, corpus)) for _ in range(_BATCH)]
        last = f"LAST{name}-{number}"
        stream = b"".join(batch) + frame(_right(corpus, last))
        for piece in _pieces(random, stream):
            writer.write(piece)
            await writer.drain()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await _read_until(reader, deframer, last.encode(), found)
        except (TimeoutError, ConnectionError, EOFError) as error:
            raise AssertionError(f"{type(error).__name__} after {stream!r}") from error
        found.sent += _BATCH
        progress(found)
    writer.close()
    await writer.wait_closed()


def _right(corpus: Sequence[bytes], control_id: str) -> bytes:
    order = next(raw for raw in corpus if b"|ORD0001|" in raw)
    return order.replace(b"ORD0001", control_id.encode())


def _pieces(random: Random, stream: bytes) -> Sequence[bytes]:
    if random.random() < 0.5:
        return [stream]
    cuts = sorted(random.randrange(len(stream)) for _ in range(5))
    return [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


async def _read_until(reader: asyncio.StreamReader, deframer: Deframer, last: bytes, found: Found) -> None:
    while True:
        data = await reader.read(1 << 16)
        if not data:
            raise EOFError
        for block in deframer.feed(data):
            if not isinstance(block, Block):
                continue
            code, control_id = _msa(block.content)
            if control_id == last:
                assert code == b"AA", block.content
                return
            found.codes[code] += 1
            if code not in _CODES:
                found.strange.append(block.content)


def _msa(answer: bytes) -> tuple[bytes, bytes]:
    """MSA-1 and MSA-2, whatever the delimiter and the character set."""
    if answer[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\x00" in answer[:2]:
        answer = answer.replace(b"\x00", b"")
    at = answer.find(b"\rMSA") + 1
    msa = answer[at:].split(b"\r", 1)[0].decode("utf-8", "replace")
    fields = msa.split(msa[3:4]) if at and len(msa) > 4 else ["MSA", "none"]
    return fields[1].encode(), (fields[2] if len(fields) > 2 else "").encode()


def main() -> int:
    """The long run; 1 where something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    process = psutil.Process()

    def progress(found: Found) -> None:
        if found.sent % 5_000 < _BATCH:
            found.memory_mb.append(process.memory_info().rss / 2**20)
            line = ", ".join(f"{code.decode()} {number:,}" for code, number in sorted(found.codes.items()))
            print(f"{found.sent:,} sent: {line}; {found.memory_mb[-1]:,.0f} MB", file=sys.stderr)  # noqa: T201 - progress

    with tempfile.TemporaryDirectory() as directory, mock_kafka() as bootstrap:
        found = fuzz(bootstrap, Path(directory), messages=given.messages, seed=given.seed, progress=progress)
    print(found.counts, dict(found.logged))  # noqa: T201 - the result
    for problem in found.problems():
        print(f"FOUND: {problem}")  # noqa: T201 - the result
    return 1 if found.problems() else 0


if __name__ == "__main__":
    sys.exit(main())
