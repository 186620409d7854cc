"""`radstream history`: years of a department at once."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from clickhouse_connect.driver.exceptions import ClickHouseError
from confluent_kafka import KafkaException
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from producers.history.manifest import ManifestDamaged
from producers.history.synthetic import InvalidHistory
from producers.kafka_connection import PublishFailed
from producers.simulator.department import InvalidDepartment
from runtime.backfill.catching_up import NotCaughtUp
from runtime.backfill.choosing import Choice, HistoryRefused
from runtime.backfill.run import HistorySummary, Tell, run_history
from runtime.cli.instants import instant
from runtime.cli.output import Json, console, fail, print_json, print_table
from runtime.cli.progress_bar import bar_teller
from runtime.cli.settings_of import Data, read_settings, running_installation
from runtime.cli.teller import SilentTeller, Teller, first_of, stop_on_signals
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
    ClickHouseError,
    KafkaException,
    PublishFailed,
    InvalidHistory,
    InvalidDepartment,
    HistoryRefused,
    ManifestDamaged,
    NotCaughtUp,
    OSError,
)


def history(
    *,
    years: Annotated[float, typer.Option(min=0.01, max=50, help="How far back it goes.")] = 1.0,
    exams: Annotated[
        int | None, typer.Option(min=1, help="Exams a year, about; else as many as the live department has.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another department's history.")] = 1,
    until: Annotated[
        str | None,
        typer.Option(help="Where it ends (ISO 8601, UTC); else where what is there begins, or now."),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Load a synthetic history of a department, and wait until every view has it.

    Starts the stack if it is not up (on free ports) and stops it in the end. Interrupted or killed, the same
    command goes on where it was. Every event names the facility SYNTHETIC as its sender's.
    """
    tell = SilentTeller() if json else Teller()
    try:
        choice = Choice(years=years, exams=exams, seed=seed, until=None if until is None else instant(until))
        with _bar(hidden=json) as bar:
            summary = asyncio.run(_history(data, choice, tell, bar_teller(bar)))
    except _FAILURES as error:
        fail(str(error), as_json=json)
    except ValueError:
        fail(f"--until {until}: expected an instant such as 2026-11-01T00:00", as_json=json)
    if summary is None:
        raise typer.Exit(_INTERRUPTED)
    if json:
        print_json({**asdict(summary), "seconds": summary.seconds})
    else:
        _show(summary)


async def _history(data: Path | None, choice: Choice, tell: Teller, bar: Tell) -> HistorySummary | None:
    """The summary, or None where it was interrupted."""
    settings = read_settings(data)
    if settings.kafka_bootstrap is not None or running_state(Installation(settings).data) is not None:
        installation, _ = running_installation(data, as_json=False)
        return run_history(installation, choice, bar)
    stop = stop_on_signals()
    installation = Installation(with_free_ports(settings))
    async with Supervisor(installation.data, tell.event) as supervisor:
        running = asyncio.create_task(_on_own_stack(supervisor, installation, choice, tell, bar))
        await first_of(running, stop)
        tell.step("stopping what was started")
        return None if stop.is_set() else running.result()


async def _on_own_stack(
    supervisor: Supervisor, installation: Installation, choice: Choice, tell: Teller, bar: Tell
) -> HistorySummary:
    installation = await start_pipeline(
        supervisor, installation, on_progress=tell.progress, on_step=tell.step
    )
    loading = asyncio.create_task(asyncio.to_thread(run_history, installation, choice, bar))
    watching = asyncio.create_task(supervisor.wait(asyncio.Event()))
    try:
        # A part that fails for good ends the load, too.
        await asyncio.wait({loading, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not loading.done():
            watching.result()
        return await loading
    finally:
        watching.cancel()


def _bar(*, hidden: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, disable=hidden)


def _show(summary: HistorySummary) -> None:
    figures = {
        "exams": f"{summary.exams:,}",
        "events": f"{summary.events:,}",
        "from": f"{summary.begins_at:%Y-%m-%d}",
        "until": f"{summary.ends_at:%Y-%m-%d %H:%M}",
        "seconds": f"{summary.seconds:.0f}",
        "of them until all views had it": f"{summary.caught_up_s:.0f}",
    }
    print_table("synthetic history", [figures])
