"""One bounded run: start what is not up, drive the department, wait for the stores, account."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from clickhouse_connect.driver.exceptions import ClickHouseError
from confluent_kafka import KafkaException

from producers.simulator.ledger import summary_of
from producers.simulator.ledger_entries import LedgerSummary
from runtime.demo.account import Account, Acknowledged, Observed, account
from runtime.demo.ledger import acknowledged
from runtime.demo.observe import Observer, ends_of_log
from runtime.department import Simulation, ledger_path
from runtime.installation import Installation
from schemas.registry import connect_codec

Tell = Callable[[str], None]
Drive = Callable[[], Awaitable[None]]
_LOOK_EVERY_S = 1.0
_TOLD_EVERY_S = 2.0
# What the stores may take beyond the last acknowledgement; restarts of killed parts included.
PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What a demo says in the end."""

    run_id: str
    exams: int
    hl7_sent: int
    hl7_acked: int
    instances_sent: int
    instances_stored: int
    events_in_kafka: int
    events_in_clickhouse: int
    redelivered: int
    worklist_rows: int
    exams_final: int
    lost: int
    duplicated: int
    seconds: float
    complete: bool
    detail: dict[str, list[str]] = field(default_factory=dict)


async def run_demo(
    installation: Installation, simulation: Simulation, drive: Drive, tell: Tell
) -> DemoSummary:
    """Drive `simulation` on a pipeline that is up, and account for it. `drive` sends all of it.

    Raises what `drive` raises, SchemaError, ClickHouseError, or OSError where the object store is away.
    """
    began_s = time.monotonic()
    codec = await asyncio.to_thread(connect_codec, installation.registry_url)
    start = await asyncio.to_thread(ends_of_log, installation.kafka_bootstrap)
    await _telling(asyncio.ensure_future(drive()), installation, simulation, tell)
    done = acknowledged(ledger_path(installation.data), simulation.run_id)
    tell("everything was sent and acknowledged; waiting for the stores")
    observer = Observer(installation, codec, start)
    accounted, observed = await _until_complete(observer, done, tell)
    sent = summary_of(ledger_path(installation.data), simulation.run_id)
    return _summary(simulation, sent, done, accounted, observed, seconds=time.monotonic() - began_s)


async def _telling(
    driving: asyncio.Future[None], installation: Installation, simulation: Simulation, tell: Tell
) -> None:
    """Tell of the progress until `driving` ends."""
    try:
        while not driving.done():
            await asyncio.wait({driving}, timeout=_TOLD_EVERY_S)
            tell(_progress(installation, simulation))
    finally:
        driving.cancel()
    await driving


def _progress(installation: Installation, simulation: Simulation) -> str:
    try:
        so_far = summary_of(ledger_path(installation.data), simulation.run_id)
    except OSError:
        return "the department is opening"
    return (
        f"exams {so_far.exams_finished}/{simulation.exams}  HL7 acknowledged {so_far.hl7_acked}  "
        f"images stored {so_far.instances_stored}"
    )


async def _until_complete(observer: Observer, done: Acknowledged, tell: Tell) -> tuple[Account, Observed]:
    """Look again and again until all is there, or patience ends; a part that is away is waited for."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            # Asked first: what the reconciler said by then is among what is observed.
            unread = await asyncio.to_thread(observer.unreconciled)
            observed = await asyncio.to_thread(observer.observe, done)
        except (KafkaException, ClickHouseError, OSError):
            if time.monotonic() > deadline:
                raise
        else:
            accounted = account(done, observed)
            if (accounted.complete and not unread) or time.monotonic() > deadline:
                return accounted, observed
            missing = f"{accounted.lost} facts, {len(accounted.exams_not_final)} final reports"
            tell(f"not there yet: {missing}, {unread} messages to reconcile")
        await asyncio.sleep(_LOOK_EVERY_S)


def _summary(
    simulation: Simulation,
    sent: LedgerSummary,
    done: Acknowledged,
    accounted: Account,
    observed: Observed,
    *,
    seconds: float,
) -> DemoSummary:
    exams = simulation.exams or sent.exams
    everything_sent = (
        sent.exams_finished == exams
        and sent.hl7_acked == sent.hl7_sent
        and sent.instances_stored == sent.instances_sent
    )
    return DemoSummary(
        run_id=simulation.run_id,
        exams=exams,
        hl7_sent=sent.hl7_sent,
        hl7_acked=sent.hl7_acked,
        instances_sent=sent.instances_sent,
        instances_stored=sum(uid in observed.objects for uid in done.instances),
        events_in_kafka=len(observed.logged),
        events_in_clickhouse=sum(observed.analysed.values()),
        redelivered=observed.deliveries - len(observed.logged),
        worklist_rows=sum(len(stages) for stages in observed.worklist.values()),
        exams_final=exams - len(accounted.exams_not_final),
        lost=accounted.lost,
        duplicated=accounted.duplicated,
        seconds=round(seconds, 3),
        complete=accounted.complete and everything_sent,
        detail=_detail(accounted),
    )


def _detail(accounted: Account) -> dict[str, list[str]]:
    """The first few of each kind of difference."""
    differences: dict[str, Any] = asdict(accounted)
    return {name: sorted(items)[:10] for name, items in differences.items() if items}
