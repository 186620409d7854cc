"""`radstream up`: the stack and the pipeline in the foreground, until Ctrl-C."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from functools import partial
from typing import Annotated

import typer
from clickhouse_connect.driver.exceptions import ClickHouseError

from producers.history.manifest import ManifestDamaged
from producers.kafka_connection import PublishFailed
from producers.simulator.ledger import LedgerError
from runtime.cli.on_stack import Interrupted
from runtime.cli.output import Json, fail
from runtime.cli.settings_of import Data, read_settings
from runtime.cli.teller import JsonTeller, Teller, first_of, stop_on_signals
from runtime.department import DEFAULT_SPEED, simulator_part
from runtime.installation import Installation
from runtime.opening import Opening, open_department, simulation_of
from runtime.pipeline import start_pipeline, with_free_ports
from runtime.stack.errors import StackError
from runtime.stack.supervisor import Supervisor
from schemas.errors import SchemaError


class Opens(StrEnum):
    """Where the clock of a new simulated department starts."""

    BUSY_HOUR = "busy-hour"
    NOW = "now"


def up(
    *,
    simulate: Annotated[bool, typer.Option(help="Start a simulated department, too.")] = False,
    speed: Annotated[
        float, typer.Option(min=0.1, help="Department seconds per second of the wall clock.")
    ] = DEFAULT_SPEED,
    opens: Annotated[
        Opens, typer.Option(help="Where the clock of a new department starts: at a busy hour, or now.")
    ] = Opens.BUSY_HOUR,
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
        opening = Opening(speed, at_busy_hour=opens is Opens.BUSY_HOUR) if simulate else None
        asyncio.run(_up(installation, opening, JsonTeller() if json else Teller()))
    except (StackError, SchemaError, ClickHouseError, ManifestDamaged, LedgerError, PublishFailed) as error:
        fail(str(error), as_json=json)


async def _up(installation: Installation, opening: Opening | None, tell: Teller) -> None:
    stop = stop_on_signals()
    async with Supervisor(installation.data, tell.event) as supervisor:
        starting = asyncio.create_task(_start(supervisor, installation, opening, tell, stop))
        await first_of(starting, stop)
        if not stop.is_set():
            await supervisor.wait(stop)
        tell.step("stopping")
    tell.step("stopped; your data stays in " + str(installation.data))


async def _start(
    supervisor: Supervisor,
    installation: Installation,
    opening: Opening | None,
    tell: Teller,
    stop: asyncio.Event,
) -> None:
    clock = None if opening is None else partial(_open, opening=opening, tell=tell, stop=stop)
    installation = await start_pipeline(
        supervisor, installation, on_progress=tell.progress, on_step=tell.step, set_clock=clock
    )
    if opening is not None:
        tell.step(f"starting the simulated department at {opening.speed:g} times the speed of the wall clock")
        simulation = await asyncio.to_thread(simulation_of, installation, opening.speed)
        await supervisor.start([simulator_part(installation, simulation)])
    tell.up(installation, is_simulated=opening is not None)


def _open(installation: Installation, opening: Opening, tell: Teller, stop: asyncio.Event) -> str:
    """The department's clock. Raises Interrupted where a stop is asked for, and as open_department does."""

    def told(exams: int, expected: int) -> None:
        if stop.is_set():
            raise Interrupted
        if exams == 0:
            tell.step(f"making up about {expected:,} exams of the weeks before, all synthetic")

    return open_department(installation, opening, told)
