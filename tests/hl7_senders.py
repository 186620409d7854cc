"""A listener's config for tests, and a sender to it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from producers.hl7.config import Hl7Config
from producers.hl7.framing import Block, Deframer, frame
from producers.hl7.listener import MllpListener
from producers.hl7.message import Message
from producers.hl7.parsing import parse
from schemas.keyring_config import FileKeyRingConfig
from tests.producing import SITE, SITE_KEY, SITE_SECRET


def hl7_config(bootstrap: str, directory: Path) -> Hl7Config:
    """A listener on a free port."""
    return Hl7Config(
        host="127.0.0.1",
        port=0,
        bootstrap=bootstrap,
        registry_url="",
        site=SITE,
        site_secret=SITE_SECRET,
        key_ring=FileKeyRingConfig(directory=directory / "keys", site_key=SITE_KEY),
    )


class Sender:
    """A sending application."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.deframer = Deframer(1_000_000)
        self.waiting: list[Message] = []

    async def answer(self) -> Message:
        """The next answer."""
        async with asyncio.timeout(10):
            while not self.waiting:
                data = await self.reader.read(65_536)
                assert data, "the connection was closed without an answer"
                self.waiting += [parse(b.content) for b in self.deframer.feed(data) if isinstance(b, Block)]
        return self.waiting.pop(0)

    async def send(self, *messages: bytes) -> list[Message]:
        """Their answers."""
        self.writer.write(b"".join(frame(message) for message in messages))
        return [await self.answer() for _ in messages]


@asynccontextmanager
async def sending(listener: MllpListener, context: ssl.SSLContext | None = None) -> AsyncIterator[Sender]:
    """A connection to the listener."""
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port, ssl=context)
    try:
        yield Sender(reader, writer)
    finally:
        writer.transport.abort()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()
