"""Whole runs against real listeners: every exam arrives, in order, once, whatever interrupts the run."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pynetdicom import AE, evt

from producers.simulator.config import InvalidSimulation, SimulatorConfig
from producers.simulator.images import sop_classes
from producers.simulator.ledger import LedgerInUse, summary_of
from producers.simulator.ledger_entries import LedgerSummary
from producers.simulator.run import run
from producers.timestamps import parse_timestamp
from schemas.clock import DepartmentClock

_PROCESS = """
import asyncio, sys
from pathlib import Path
from producers.simulator.config import SimulatorConfig
from producers.simulator.run import run_until_signalled
hl7_port, dicom_port, exams, ledger = sys.argv[1:]
config = SimulatorConfig(
    hl7_port=int(hl7_port), dicom_port=int(dicom_port), exams=int(exams), ledger=Path(ledger), run_id="r",
    images_per_exam=2,
)
print(asyncio.run(run_until_signalled(config)).exams_finished)
"""


class Pipeline:
    """Listeners that accept everything and remember it, message by message and image by image."""

    def __init__(self, *, answer_delay_s: float = 0.0, code: str = "AA") -> None:
        self._answer_delay_s = answer_delay_s
        self._code = code
        self._conversations: list[asyncio.Task[None]] = []
        self.messages: list[bytes] = []
        self.instances: list[str] = []
        self.hl7_port = 0
        self.dicom_port = 0

    @property
    def controls(self) -> list[str]:
        """MSH-10 of all messages."""
        return [message.split(b"|")[9].decode() for message in self.messages]

    def by_accession(self) -> dict[str, list[str]]:
        """MSH-10 of each exam's messages, in the order they came."""
        exams: dict[str, list[str]] = defaultdict(list)
        for control_id in self.controls:
            exams[control_id.split("-")[0]].append(control_id)
        return exams

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Pipeline]:
        entity = AE("RADSTREAM")
        for sop_class in sop_classes():
            entity.add_supported_context(sop_class)
        archive = entity.start_server(
            ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, self._store)]
        )
        assert archive is not None
        assert archive.socket is not None
        self.dicom_port = archive.socket.getsockname()[1]
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.hl7_port = server.sockets[0].getsockname()[1]
        try:
            async with server:
                yield self
                await asyncio.gather(*self._conversations)
        finally:
            while archive.active_associations:  # noqa: ASYNC110 - threads, which set no event of ours
                await asyncio.sleep(0.01)
            archive.shutdown()

    def _store(self, event: evt.Event) -> int:
        self.instances.append(str(event.dataset.SOPInstanceUID))
        return 0x0000

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._conversations.append(asyncio.ensure_future(self._converse(reader, writer)))

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                message = (await reader.readuntil(b"\x1c\r"))[1:-2]
                await asyncio.sleep(self._answer_delay_s)
                self.messages.append(message)
                acknowledged = message.split(b"|")[9].decode()
                header = "MSH|^~\\&|R|G|S|G|20260105||ACK|1|P|2.5.1"
                writer.write(f"\x0b{header}\rMSA|{self._code}|{acknowledged}\r\x1c\r".encode())
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    def config(self, ledger: Path, exams: int | None) -> SimulatorConfig:
        return SimulatorConfig(
            hl7_port=self.hl7_port,
            dicom_port=self.dicom_port,
            ledger=ledger,
            run_id="r",
            exams=exams,
            images_per_exam=2,
        )

    async def simulator_process(self, ledger: Path, exams: int) -> asyncio.subprocess.Process:
        arguments = (str(self.hl7_port), str(self.dicom_port), str(exams), str(ledger))
        return await asyncio.create_subprocess_exec(
            sys.executable, "-c", _PROCESS, *arguments, stdout=asyncio.subprocess.PIPE
        )


async def reached(ledger: Path, messages: int) -> None:
    """Wait until the ledger knows of so many acknowledged messages."""
    while _acknowledged(ledger) < messages:  # noqa: ASYNC110 - another process writes it
        await asyncio.sleep(0.02)


def _acknowledged(ledger: Path) -> int:
    return summary_of(ledger, "r").hl7_acked if ledger.exists() else 0


def test_every_exam_of_a_bounded_run_arrives_in_order_and_once(tmp_path: Path) -> None:
    pipeline = Pipeline()
    heard: list[LedgerSummary] = []

    async def simulate() -> LedgerSummary:
        async with pipeline.listening():
            return await run(pipeline.config(tmp_path / "ledger", exams=12), heard.append)

    summary = asyncio.run(asyncio.wait_for(simulate(), timeout=60))
    assert (summary.exams, summary.exams_finished, summary.resent) == (12, 12, 0)
    assert len(pipeline.messages) == summary.hl7_sent == summary.hl7_acked
    assert len(set(pipeline.controls)) == len(pipeline.messages)
    assert len(set(pipeline.instances)) == len(pipeline.instances) == summary.instances_stored == 24
    exams = pipeline.by_accession()
    assert len(exams) == 12
    assert all(control_ids == sorted(control_ids) for control_ids in exams.values())
    assert sum(b"|F|" in message and b"ORU^R01" in message for message in pipeline.messages) >= 12
    assert heard[-1] == summary
    assert summary_of(tmp_path / "ledger", "r") == summary


def test_a_finished_run_sends_nothing_again(tmp_path: Path) -> None:
    pipeline = Pipeline()

    async def simulate_twice() -> tuple[LedgerSummary, LedgerSummary]:
        async with pipeline.listening():
            config = pipeline.config(tmp_path / "ledger", exams=3)
            return await run(config), await run(config)

    first, second = asyncio.run(asyncio.wait_for(simulate_twice(), timeout=60))
    assert first == second
    assert len(pipeline.messages) == first.hl7_sent


def test_refused_messages_are_counted_and_the_run_goes_on(tmp_path: Path) -> None:
    pipeline = Pipeline(code="AR")

    async def simulate() -> LedgerSummary:
        async with pipeline.listening():
            return await run(pipeline.config(tmp_path / "ledger", exams=2))

    summary = asyncio.run(asyncio.wait_for(simulate(), timeout=60))
    assert summary.exams_finished == 2
    assert summary.hl7_refused == summary.hl7_sent > 0
    assert summary.hl7_acked == summary.events_expected == 0


def test_after_kill_9_a_restart_resends_at_most_what_was_in_flight(tmp_path: Path) -> None:
    pipeline, ledger = Pipeline(answer_delay_s=0.02), tmp_path / "ledger"

    async def kill_and_restart() -> LedgerSummary:
        async with pipeline.listening():
            process = await pipeline.simulator_process(ledger, exams=20)
            await reached(ledger, messages=30)
            process.kill()
            await process.wait()
            return await run(pipeline.config(ledger, exams=20))

    summary = asyncio.run(asyncio.wait_for(kill_and_restart(), timeout=120))
    assert summary.exams_finished == 20
    assert summary.hl7_acked == summary.hl7_sent == len(set(pipeline.controls))
    assert summary.instances_stored == 40 == len(set(pipeline.instances))
    in_flight = 8 + 3  # connections and associations
    doubled = len(pipeline.messages) + len(pipeline.instances) - summary.hl7_sent - summary.instances_sent
    assert doubled <= in_flight
    # Sent twice have the same bytes.
    assert len(set(pipeline.messages)) == summary.hl7_sent


def test_sigterm_ends_a_run_within_two_seconds_with_its_ledger_whole(tmp_path: Path) -> None:
    pipeline, ledger = Pipeline(answer_delay_s=0.05), tmp_path / "ledger"

    async def terminate() -> tuple[float, int | None, bytes]:
        async with pipeline.listening():
            process = await pipeline.simulator_process(ledger, exams=200)
            await reached(ledger, messages=20)
            begun_at = time.monotonic()
            process.send_signal(signal.SIGTERM)
            output, _ = await process.communicate()
            return time.monotonic() - begun_at, process.returncode, output

    took_s, returned, output = asyncio.run(asyncio.wait_for(terminate(), timeout=60))
    assert took_s < 20  # two seconds and the interpreter's own end, on a full machine
    assert returned == 0
    assert output.splitlines()[-1].isdigit()
    assert summary_of(ledger, "r").hl7_acked >= 20


def test_sigterm_does_not_wait_for_an_archive_that_accepts_and_says_nothing(tmp_path: Path) -> None:
    pipeline, ledger = Pipeline(), tmp_path / "ledger"
    connected = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        with suppress(ConnectionError):
            await reader.read()  # until the other side is gone
        writer.close()

    async def terminate() -> tuple[float, int | None]:
        mute = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
        async with pipeline.listening(), mute:
            pipeline.dicom_port = mute.sockets[0].getsockname()[1]
            process = await pipeline.simulator_process(ledger, exams=2)
            await connected.wait()
            begun_at = time.monotonic()
            process.send_signal(signal.SIGTERM)
            await process.communicate()
            return time.monotonic() - begun_at, process.returncode

    took_s, returned = asyncio.run(asyncio.wait_for(terminate(), timeout=60))
    assert took_s < 20  # two seconds and the interpreter's own end, on a full machine
    assert returned == 0


def test_an_endless_run_begins_with_a_board_full_of_stages(tmp_path: Path) -> None:
    """Six hours of history come at once; after that, the day goes on at the clock's pace."""
    pipeline, ledger = Pipeline(), tmp_path / "ledger"
    wall = datetime.now(UTC)
    wednesday = datetime(2026, 1, 7, 12, tzinfo=UTC)
    clock = DepartmentClock(wall_epoch=wall, department_epoch=wednesday, speed=60.0)

    async def open_department() -> datetime:
        async with pipeline.listening():
            config = replace_with_clock(pipeline.config(ledger, exams=1), clock)
            running = asyncio.create_task(run(config))
            await reached(ledger, messages=250)
            await asyncio.sleep(1.0)
            now = clock.now(datetime.now(UTC))
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            return now

    now = asyncio.run(asyncio.wait_for(open_department(), timeout=60))
    told_at = [parse_timestamp(message.split(b"|")[6].decode(), UTC) for message in pipeline.messages]
    assert max(told_at) <= now
    assert now - min(told_at) < timedelta(hours=7)
    steps = {
        tuple(line.split(b"|")[index] for index in (1, 5))
        for message in pipeline.messages
        for line in message.split(b"\r")
        if line.startswith(b"ORC|")
    }
    assert {(b"NW", b""), (b"SC", b"SC"), (b"SC", b"AR"), (b"SC", b"IP"), (b"SC", b"CM")} <= steps
    summary = summary_of(ledger, "r")
    assert summary.exams > summary.exams_finished > 0


def test_a_run_after_a_history_begins_with_what_is_under_way_and_nothing_that_is_through(
    tmp_path: Path,
) -> None:
    pipeline, ledger = Pipeline(), tmp_path / "ledger"
    opened_at = datetime(2026, 1, 7, 12, tzinfo=UTC)
    clock = DepartmentClock(wall_epoch=datetime.now(UTC), department_epoch=opened_at, speed=60.0)

    async def open_department() -> None:
        async with pipeline.listening():
            config = replace_with_clock(pipeline.config(ledger, exams=1), clock)
            running = asyncio.create_task(run(replace(config, history_h=0.0, under_way_h=6.0)))
            await reached(ledger, messages=60)
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    asyncio.run(asyncio.wait_for(open_department(), timeout=60))
    told = [(parse_timestamp(one.split(b"|")[6].decode(), UTC), one) for one in pipeline.messages]
    assert sum(at < opened_at for at, _ in told) > 30
    # A cancellation is the last that is said of an exam.
    assert [one for at, one in told if at < opened_at and b"ORC|CA|" in one] == []


def replace_with_clock(config: SimulatorConfig, clock: DepartmentClock) -> SimulatorConfig:
    return replace(config, exams=None, speed=clock.speed, clock=clock)


def test_two_simulators_cannot_share_a_ledger(tmp_path: Path) -> None:
    pipeline = Pipeline(answer_delay_s=0.05)

    async def simulate_twice() -> None:
        async with pipeline.listening():
            config = pipeline.config(tmp_path / "ledger", exams=1)
            first = asyncio.create_task(run(config))
            await reached(tmp_path / "ledger", messages=1)
            with pytest.raises(LedgerInUse):
                await run(config)
            await first

    asyncio.run(asyncio.wait_for(simulate_twice(), timeout=60))


@pytest.mark.parametrize(
    "changes", [{"exams": 0}, {"exams": None}, {"speed": 60.0}, {"images_per_exam": 0}, {"concurrency": 0}]
)
def test_settings_that_contradict_each_other_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    config = SimulatorConfig(hl7_port=1, dicom_port=1, ledger=tmp_path / "ledger", run_id="r", exams=1)
    with pytest.raises(InvalidSimulation):
        replace(config, **changes)
