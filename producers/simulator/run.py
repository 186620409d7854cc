"""Runs the simulated department against the listeners."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import islice

import structlog

from producers.simulator.config import SimulatorConfig
from producers.simulator.delivery import Delivery, Pool
from producers.simulator.department import DepartmentConfig
from producers.simulator.dicom_sender import DicomPeer, DicomSender
from producers.simulator.exam import SimulatedExam
from producers.simulator.identities import PlanIdentity
from producers.simulator.images import sop_classes
from producers.simulator.ledger import Ledger, open_ledger, summary_of
from producers.simulator.ledger_entries import Kind, LedgerEntry, LedgerSummary
from producers.simulator.mllp_sender import MllpSender
from producers.simulator.plan import DepartmentPlan, plan_digest, start_for_end

Progress = Callable[[LedgerSummary], None]
_log = structlog.get_logger(__name__)
_EXAMS_PER_CONNECTION = 4
_REPORT_EVERY_S = 10.0


async def run(config: SimulatorConfig, progress: Progress | None = None) -> LedgerSummary:
    """Run until the last exam's last answer, or for ever; what the ledger says at the end.

    A run that was interrupted goes on where its ledger stops. Cancelling ends it within two seconds.
    `progress` is called after every answer. Raises LedgerError, InvalidDepartment, NoTestImage, OSError.
    """
    department = config.department_config()
    identity = PlanIdentity(config.seed, config.site, config.run_id)
    with open_ledger(config.ledger, _opening(config, department, identity)) as ledger:
        plan = DepartmentPlan(department, identity, ledger.started_at.astimezone(config.zone_info))
        hl7 = Pool([_mllp_sender(config) for _ in range(config.concurrency)])
        dicom = Pool([_dicom_sender(config) for _ in range(config.associations)])
        delivery = Delivery(
            run_id=config.run_id,
            ledger=ledger,
            hl7=hl7,
            dicom=dicom,
            until=_pace(config),
            progress=progress,
            is_full_size=config.is_full_size,
        )
        try:
            await _work(config, plan, ledger, delivery)
        finally:
            closing = [sender.close() for sender in hl7.senders] + [
                sender.close() for sender in dicom.senders
            ]
            await asyncio.gather(*closing)
        summary = ledger.tally.summary()
    _log.info("simulator.finished", run_id=config.run_id, **asdict(summary))
    return summary


async def run_until_signalled(config: SimulatorConfig, progress: Progress | None = None) -> LedgerSummary:
    """`run` as a process of its own: SIGTERM and SIGINT end it in order. Raises as `run` does."""
    loop = asyncio.get_running_loop()
    running = asyncio.create_task(run(config, progress))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.cancel)
    try:
        return await running
    except asyncio.CancelledError:
        if not running.cancelled():
            running.cancel()
            raise
        summary = summary_of(config.ledger, config.run_id)
        _log.info("simulator.stopped", run_id=config.run_id, **asdict(summary))
        return summary
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _opening(config: SimulatorConfig, department: DepartmentConfig, identity: PlanIdentity) -> LedgerEntry:
    """The entry that begins this run in the ledger."""
    now = config.clock.now(datetime.now(UTC)).replace(microsecond=0)
    if config.exams is None:
        started_at = now - timedelta(hours=config.history_h + config.under_way_h)
    elif config.is_paced:
        started_at = now
    else:
        started_at = start_for_end(department, identity, config.exams, now)
    plan = plan_digest(department, config.seed, config.site, config.exams)
    return LedgerEntry(
        kind=Kind.RUN, run=config.run_id, plan=plan, exams=config.exams, started_at=started_at.isoformat()
    )


def _mllp_sender(config: SimulatorConfig) -> MllpSender:
    return MllpSender(config.hl7_host, config.hl7_port, answer_timeout_s=config.answer_timeout_s)


def _dicom_sender(config: SimulatorConfig) -> DicomSender:
    peer = DicomPeer(
        host=config.dicom_host,
        port=config.dicom_port,
        called_ae_title=config.called_ae_title,
        calling_ae_title=config.calling_ae_title,
        answer_timeout_s=config.answer_timeout_s,
    )
    return DicomSender(peer, sop_classes())


def _pace(config: SimulatorConfig) -> Callable[[datetime], Awaitable[None]]:
    async def until(at: datetime) -> None:
        if config.is_paced:
            wait = config.clock.wall_instant(at) - datetime.now(UTC)
            await asyncio.sleep(max(0.0, wait.total_seconds()))

    return until


async def _work(config: SimulatorConfig, plan: DepartmentPlan, ledger: Ledger, delivery: Delivery) -> None:
    until = _pace(config)
    # Paced exams mostly wait for their time; unpaced ones for a connection, and need not all be in memory.
    under_way = asyncio.Semaphore(config.concurrency * _EXAMS_PER_CONNECTION)
    reporting = asyncio.create_task(_report_regularly(ledger))
    try:
        async with asyncio.TaskGroup() as exams:
            for exam in _exams_to_deliver(config, plan, ledger):
                await until(exam.begins_at)
                await under_way.acquire()
                task = exams.create_task(delivery.deliver(exam))
                if config.is_paced:
                    under_way.release()
                else:
                    task.add_done_callback(lambda _: under_way.release())
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures
    finally:
        reporting.cancel()
        with suppress(asyncio.CancelledError):
            await reporting


def _exams_to_deliver(
    config: SimulatorConfig, plan: DepartmentPlan, ledger: Ledger
) -> Iterator[SimulatedExam]:
    """The plan's exams; an endless run leaves out what it missed while it was not running.

    Of what was there before the run it says what is under way: that has begun, and is not through.
    """
    if config.exams is not None:
        yield from islice(plan.exams(), config.exams)
        return
    opened_at = config.clock.now(datetime.now(UTC)) - timedelta(hours=config.history_h)
    begun_at = ledger.started_at + timedelta(hours=config.under_way_h)
    for exam in plan.exams():
        is_under_way = exam.begins_at < begun_at and exam.ends_at >= opened_at
        if is_under_way or exam.begins_at >= opened_at or ledger.tally.has_begun(exam.index):
            yield exam


async def _report_regularly(ledger: Ledger) -> None:
    while True:
        await asyncio.sleep(_REPORT_EVERY_S)
        _log.info("simulator.progress", **asdict(ledger.tally.summary()))
