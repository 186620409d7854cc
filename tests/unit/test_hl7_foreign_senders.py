"""Senders that others wrote, against the listener."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path

import hl7
import pytest
from hl7.mllp import open_hl7_connection
from hl7lw import MllpClient

from producers.hl7.listener import listening
from producers.hl7.parsing import parse
from tests.hl7_senders import hl7_config
from tests.producing import HL7_DATA, mock_kafka, offline_codec

NAMES = ("adt_a04_registered", "orm_new_order_with_start", "oru_final")
MESSAGES = [(HL7_DATA / f"{name}.hl7").read_bytes() for name in NAMES]
CONTROL_IDS = ["REG0001", "ORD0001", "REP0003"]


@pytest.fixture(scope="module")
def bootstrap() -> Iterator[str]:
    """A broker."""
    with mock_kafka() as address:
        yield address


def answers(bootstrap: str, directory: Path, send: Callable[[int], Awaitable[list[str]]]) -> list[str]:
    """What `send` got from a listener on the port that it is given."""
    config = hl7_config(bootstrap, directory)

    async def run() -> list[str]:
        async with listening(config, offline_codec()) as listener, asyncio.timeout(60):
            return await send(listener.port)

    return asyncio.run(run())


def acknowledged(answers: list[str]) -> list[tuple[str, str]]:
    """MSA-1 and MSA-2 of each."""
    parsed = [parse(answer.encode()) for answer in answers]
    return [(answer.get("MSA-1"), answer.get("MSA-2")) for answer in parsed]


EXPECTED = list(zip(("CA", "AA", "AA"), CONTROL_IDS, strict=True))


def test_mllp_send_of_python_hl7(bootstrap: str, tmp_path: Path) -> None:
    file = tmp_path / "messages.mllp"
    file.write_bytes(b"".join(b"\x0b" + message + b"\x1c\r" for message in MESSAGES))

    async def send(port: int) -> list[str]:
        command = Path(sys.executable).with_name("mllp_send")
        options = ("--file", str(file), "--port", str(port), "127.0.0.1")
        process = await asyncio.create_subprocess_exec(command, *options, stdout=asyncio.subprocess.PIPE)
        out, _ = await process.communicate()
        assert process.returncode == 0
        return [block.partition("\x1c")[0] for block in out.decode().split("\x0b")[1:]]

    assert acknowledged(answers(bootstrap, tmp_path, send)) == EXPECTED


def test_the_asynchronous_client_of_python_hl7(bootstrap: str, tmp_path: Path) -> None:
    async def send(port: int) -> list[str]:
        reader, writer = await open_hl7_connection("127.0.0.1", port)
        found = []
        for message in MESSAGES:
            writer.writemessage(hl7.parse(message.decode()))
            await writer.drain()
            found.append(str(await reader.readmessage()))
        writer.close()
        await writer.wait_closed()
        return found

    assert acknowledged(answers(bootstrap, tmp_path, send)) == EXPECTED


def test_the_client_of_hl7lw(bootstrap: str, tmp_path: Path) -> None:
    def send(port: int) -> list[str]:
        with closing(MllpClient()) as client:
            client.connect("127.0.0.1", port)
            found = []
            for message in MESSAGES:
                client.send(message)
                found.append(client.recv().decode())
            return found

    found = answers(bootstrap, tmp_path, lambda port: asyncio.to_thread(send, port))
    assert acknowledged(found) == EXPECTED
