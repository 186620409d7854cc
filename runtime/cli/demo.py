"""`radstream demo`: the main job, bounded, with an account at its end."""

from __future__ import annotations

import asyncio
import math
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from clickhouse_connect.driver.exceptions import ClickHouseError
from confluent_kafka import KafkaException

from producers.history.manifest import ManifestDamaged
from producers.simulator.ledger import LedgerError
from producers.simulator.run import run as run_simulator
from runtime.cli.output import Json, console, fail, print_json, print_table
from runtime.cli.settings_of import Data, read_settings, running_installation
from runtime.cli.teller import SilentTeller, Teller, first_of, stop_on_signals
from runtime.demo.run import DemoSummary, run_demo
from runtime.department import PART_NAME, Simulation, new_run_id, simulator_config, simulator_part
from runtime.department_time import simulated_clock
from runtime.installation import Installation
from runtime.pipeline import start_pipeline, with_free_ports
from runtime.stack.errors import StackError
from runtime.stack.state import running_state
from runtime.stack.supervisor import Supervisor
from schemas.errors import SchemaError

_INTERRUPTED = 130
_FAILURES = (
    StackError,
    SchemaError,
    LedgerError,
    ManifestDamaged,
    ClickHouseError,
    KafkaException,
    OSError,
)


def demo(
    *,
    exams: Annotated[int, typer.Option(min=1, help="How many exams to drive through.")] = 50,
    seed: Annotated[int, typer.Option(help="Another department.")] = 1,
    images_per_exam: Annotated[
        int | None, typer.Option(min=1, help="Images of each exam, instead of the department's mix.")
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Drive simulated exams through the real sockets and account for every message and image.

    Starts the stack if it is not up (on free ports) and stops what it started. Exit code 0 only if nothing
    was lost or doubled and every exam reached its final report.
    """
    simulation = Simulation(
        run_id=new_run_id("D"), exams=exams, speed=math.inf, seed=seed, images_per_exam=images_per_exam
    )
    tell = SilentTeller() if json else Teller()
    try:
        summary = asyncio.run(_demo(data, simulation, tell))
    except _FAILURES as error:
        fail(str(error), as_json=json)
    if summary is None:
        raise typer.Exit(_INTERRUPTED)
    if json:
        print_json(asdict(summary))
    else:
        _show(summary)
    if not summary.complete:
        raise typer.Exit(1)


async def _demo(data: Path | None, simulation: Simulation, tell: Teller) -> DemoSummary | None:
    """The summary, or None where it was interrupted."""
    settings = read_settings(data)
    if running_state(Installation(settings).data) is not None:
        installation, _ = running_installation(data, as_json=False)
        return await _on_running_stack(installation, simulation, tell)
    stop = stop_on_signals()
    installation = Installation(with_free_ports(settings))
    async with Supervisor(installation.data, tell.event) as supervisor:
        running = asyncio.create_task(_on_own_stack(supervisor, installation, simulation, tell))
        await first_of(running, stop)
        tell.step("stopping what was started")
        return None if stop.is_set() else running.result()


async def _on_running_stack(installation: Installation, simulation: Simulation, tell: Teller) -> DemoSummary:
    async def drive() -> None:
        await run_simulator(simulator_config(installation, simulation))

    return await run_demo(installation, simulation, drive, tell.step)


async def _on_own_stack(
    supervisor: Supervisor, installation: Installation, simulation: Simulation, tell: Teller
) -> DemoSummary:
    installation = await start_pipeline(
        supervisor,
        installation,
        on_progress=tell.progress,
        on_step=tell.step,
        set_clock=simulated_clock,
    )

    async def drive() -> None:
        await supervisor.start([simulator_part(installation, simulation)])
        await supervisor.wait_ended(PART_NAME)

    demo_run = asyncio.create_task(run_demo(installation, simulation, drive, tell.step))
    watching = asyncio.create_task(supervisor.wait(asyncio.Event()))
    try:
        # A part that fails for good ends the demo, too.
        await asyncio.wait({demo_run, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not demo_run.done():
            watching.result()
        return await demo_run
    finally:
        demo_run.cancel()
        watching.cancel()


def _show(summary: DemoSummary) -> None:
    figures = asdict(summary)
    detail = figures.pop("detail")
    print_table("demo", [{"figure": name, "value": value} for name, value in figures.items()])
    for name, items in detail.items():
        console.print(f"{name}: {', '.join(items)}", markup=False)
