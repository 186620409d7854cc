"""`radstream up`: the stack and the pipeline in the foreground, until Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import Annotated

import typer

from runtime.cli.output import Json, console, fail, print_json
from runtime.cli.settings_of import Data, read_settings
from runtime.department import DEFAULT_SPEED, department_clock, simulator_part
from runtime.installation import Installation
from runtime.pipeline import start_pipeline, with_free_ports
from runtime.stack.errors import StackError
from runtime.stack.events import EventKind, StackEvent
from runtime.stack.supervisor import Supervisor
from schemas.errors import SchemaError


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
        asyncio.run(_up(installation, speed if simulate else None, _teller(as_json=json)))
    except (StackError, SchemaError) as error:
        fail(str(error), as_json=json)


async def _up(installation: Installation, speed: float | None, tell: _Teller) -> None:
    stop = stop_on_signals()
    async with Supervisor(installation.data, tell.event) as supervisor:
        starting = asyncio.create_task(_start(supervisor, installation, speed, tell))
        await first_of(starting, stop)
        if not stop.is_set():
            await supervisor.wait(stop)
        tell.step("stopping")
    tell.step("stopped; your data stays in " + str(installation.data))


async def _start(
    supervisor: Supervisor, installation: Installation, speed: float | None, tell: _Teller
) -> None:
    clock = None if speed is None else partial_clock(speed)
    installation = await start_pipeline(
        supervisor, installation, on_progress=tell.progress, on_step=tell.step, set_clock=clock
    )
    if speed is not None:
        tell.step(f"starting the simulated department at {speed:g} times the speed of the wall clock")
        await supervisor.start([simulator_part(installation, speed)])
    tell.up(installation)


def partial_clock(speed: float) -> Callable[[Installation], str]:
    """What gives the department its clock once the stores are up."""
    return lambda installation: department_clock(installation, speed)


async def first_of(starting: asyncio.Task[None], stop: asyncio.Event) -> None:
    """Wait for the start, or give it up when asked to stop. Raises what the start raised."""
    asked = asyncio.create_task(stop.wait())
    await asyncio.wait({starting, asked}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if starting.done():
        starting.result()
        return
    starting.cancel()
    await asyncio.wait({starting})


def stop_on_signals() -> asyncio.Event:
    """An event that Ctrl-C and SIGTERM set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


class _Teller:
    """Says what happens, for people."""

    def step(self, what: str) -> None:
        """One step of the start or the stop."""
        console.print(what, style="bold", markup=False, highlight=False, soft_wrap=True)

    def progress(self, what: str, done: int, total: int) -> None:
        """Bytes of a download."""
        if total and done >= total:
            console.print(f"  {what}: {total / 1e6:.1f} MB", markup=False)

    def event(self, event: StackEvent) -> None:
        """A part started, got ready, died."""
        bad = event.kind in {EventKind.DIED, EventKind.FAILED}
        console.print(f"  {event}", style="red" if bad else "dim", markup=False, highlight=False)

    def up(self, installation: Installation) -> None:
        """Everything serves."""
        ends = installation.endpoints()
        console.print()
        for name in ("hl7", "dicom", "kafka", "registry", "clickhouse", "object_store"):
            console.print(f"  {name:13}{ends[name]}", highlight=False)
        console.print(f"\n  [bold green]dashboard    {ends['dashboard']}[/]\n")
        console.print("Ctrl-C stops everything.")


class _JsonTeller(_Teller):
    """Says the same as one JSON document per line."""

    def step(self, what: str) -> None:
        print_json({"step": what})

    def progress(self, what: str, done: int, total: int) -> None:
        print_json({"progress": what, "done": done, "total": total})

    def event(self, event: StackEvent) -> None:
        print_json({"part": event.part, "event": event.kind, "pid": event.pid, "detail": str(event)})

    def up(self, installation: Installation) -> None:
        print_json({"up": True, "endpoints": dict(installation.endpoints())})


def _teller(*, as_json: bool) -> _Teller:
    return _JsonTeller() if as_json else _Teller()
