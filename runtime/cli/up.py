"""`radstream up`: the stack and the pipeline in the foreground, until Ctrl-C."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated

import typer
from clickhouse_connect.driver.exceptions import ClickHouseError

from producers.history.manifest import ManifestDamaged, read_manifests
from runtime.backfill.synthetic import manifest_path
from runtime.cli.output import Json, fail
from runtime.cli.settings_of import Data, read_settings
from runtime.cli.teller import JsonTeller, Teller, first_of, stop_on_signals
from runtime.department import (
    DEFAULT_SPEED,
    Simulation,
    department_clock,
    latest_event_at,
    new_run_id,
    simulator_part,
)
from runtime.installation import Installation
from runtime.pipeline import start_pipeline, with_free_ports
from runtime.stack.errors import StackError
from runtime.stack.supervisor import Supervisor
from schemas.errors import SchemaError

HISTORY_H = 6.0


def up(
    *,
    simulate: Annotated[bool, typer.Option(help="Start a simulated department, too.")] = False,
    speed: Annotated[
        float, typer.Option(min=0.1, help="Department seconds per second of the wall clock.")
    ] = DEFAULT_SPEED,
    free_ports: Annotated[
        bool, typer.Option("--free-ports", help="Take any free ports instead of the configured ones.")
    ] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Start the local stack and the pipeline, and keep them up until Ctrl-C."""
    settings = read_settings(data)
    try:
        installation = Installation(with_free_ports(settings) if free_ports else settings)
        asyncio.run(_up(installation, speed if simulate else None, JsonTeller() if json else Teller()))
    except (StackError, SchemaError, ClickHouseError, ManifestDamaged) as error:
        fail(str(error), as_json=json)


async def _up(installation: Installation, speed: float | None, tell: Teller) -> None:
    stop = stop_on_signals()
    async with Supervisor(installation.data, tell.event) as supervisor:
        starting = asyncio.create_task(_start(supervisor, installation, speed, tell))
        await first_of(starting, stop)
        if not stop.is_set():
            await supervisor.wait(stop)
        tell.step("stopping")
    tell.step("stopped; your data stays in " + str(installation.data))


async def _start(
    supervisor: Supervisor, installation: Installation, speed: float | None, tell: Teller
) -> None:
    clock = None if speed is None else partial(department_clock, speed=speed)
    installation = await start_pipeline(
        supervisor, installation, on_progress=tell.progress, on_step=tell.step, set_clock=clock
    )
    if speed is not None:
        tell.step(f"starting the simulated department at {speed:g} times the speed of the wall clock")
        await supervisor.start([simulator_part(installation, await department_of(installation, speed))])
    tell.up(installation, is_simulated=speed is not None)


async def department_of(installation: Installation, speed: float) -> Simulation:
    """An endless department: with a past on empty data, going on from the present otherwise.

    After a synthetic history it is that history's department, with what was under way when that ended.
    """
    manifests = await asyncio.to_thread(read_manifests, manifest_path(installation.data))
    if manifests:
        last = manifests[-1]
        return Simulation(
            run_id=new_run_id("L"),
            speed=speed,
            seed=last.history.seed,
            growth=last.growth,
            history_h=0.0,
            under_way_h=HISTORY_H,
        )
    latest = await asyncio.to_thread(latest_event_at, installation)
    history_h = HISTORY_H if latest is None else 0.0
    return Simulation(run_id=new_run_id("L"), speed=speed, history_h=history_h)
