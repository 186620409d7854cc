"""Many readers of one dashboard's stream, in a process of their own: when each was told of what."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from urllib.parse import urlsplit

from benchmarks.latency_sender import STAGES

_PATIENCE_S = 60.0

Reached = dict[tuple[str, int], float]
"""When an exam was first shown at a step of its course, or a later one."""


class _Reader(asyncio.Protocol):
    """Keeps what comes and when; it is read when all is over, so that reading costs nobody any time."""

    def __init__(self, host: str, token: str) -> None:
        self._request = (
            f"GET /api/stream HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        )
        self.came: list[tuple[float, bytes]] = []
        self.has_board = asyncio.Event()
        self.is_broken = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a stream's protocol gets
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self.came.append((time.perf_counter(), data))
        if b"event: snapshot" in data:
            self.has_board.set()

    def connection_lost(self, _: Exception | None) -> None:
        self.is_broken = True


def _frames(came: list[tuple[float, bytes]]) -> Iterator[tuple[float, bytes]]:
    """The data of each frame with the moment at which it was whole (RFC 9112, section 7.1; SSE)."""
    raw = body = b""
    in_head = True
    for at_s, data in came:
        raw += data
        if in_head:
            head, end, raw = raw.partition(b"\r\n\r\n")
            if not end:
                raw = head
                continue
            in_head = False
        while b"\r\n" in raw:
            size, _, rest = raw.partition(b"\r\n")
            length = int(size, 16)
            if len(rest) < length + 2:
                break
            body, raw = body + rest[:length], rest[length + 2 :]
        *whole, body = body.split(b"\n\n")
        for frame in whole:
            yield at_s, b"".join(line[5:] for line in frame.split(b"\n") if line.startswith(b"data:"))


def _reached(came: list[tuple[float, bytes]], name: str) -> tuple[Reached, int]:
    """What a reader was told of exams whose accession number begins with `name`, and in how many frames."""
    found: Reached = {}
    frames = 0
    for at_s, data in _frames(came):
        frames += 1
        for card in json.loads(data).get("rows", ()) if b'"rows"' in data else ():
            exam = card.get("accession") or ""
            if exam.startswith(name) and card["stage"] in STAGES:
                for step in range(STAGES.index(card["stage"]) + 1):
                    found.setdefault((exam, step), at_s)
    return found, frames


def _read(pipe: Connection, url: str, token: str, readers: int) -> None:
    asyncio.run(_reading(pipe, url, token, readers))


async def _reading(pipe: Connection, url: str, token: str, readers: int) -> None:
    loop, netloc = asyncio.get_running_loop(), urlsplit(url).netloc
    host, _, port = netloc.partition(":")
    protocols = []
    for _ in range(readers):
        made = loop.create_connection(lambda: _Reader(netloc, token), host, int(port))
        protocols.append((await made)[1])
    async with asyncio.timeout(_PATIENCE_S):
        await asyncio.gather(*(protocol.has_board.wait() for protocol in protocols))
    pipe.send("ready")
    name = await asyncio.to_thread(pipe.recv)
    broken = sum(protocol.is_broken for protocol in protocols)
    pipe.send(([_reached(protocol.came, name) for protocol in protocols], broken))


class Readers:
    """The readers of one run."""

    def __init__(self, pipe: Connection) -> None:
        """`pipe` leads to their process."""
        self._pipe = pipe

    def told(self, name: str) -> tuple[list[tuple[Reached, int]], int]:
        """Ends them: what each was told of exams called `name…`, in how many frames; how many broke off."""
        self._pipe.send(name)
        found: tuple[list[tuple[Reached, int]], int] = self._pipe.recv()
        return found


@contextmanager
def readers_of(url: str, token: str, number: int) -> Iterator[Readers]:
    """So many readers, each of which has the board."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_read, args=(theirs, url, token, number), daemon=True)
    process.start()
    try:
        if not ours.poll(_PATIENCE_S):
            raise RuntimeError("the readers did not all get the board")
        ours.recv()
        yield Readers(ours)
    finally:
        process.kill()
        process.join()
