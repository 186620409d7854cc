"""`radstream history`: years of a department at once."""

from __future__ import annotations

from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from clickhouse_connect.driver.exceptions import ClickHouseError
from confluent_kafka import KafkaException
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from producers.history.manifest import ManifestDamaged
from producers.history.own.files import UnreadableFile
from producers.history.own.loading import FileSummary
from producers.history.own.mapping import InvalidMapping, load_mapping
from producers.history.synthetic import InvalidHistory
from producers.kafka_connection import PublishFailed
from producers.simulator.department import InvalidDepartment
from producers.simulator.ledger import LedgerError
from runtime.backfill.catching_up import NotCaughtUp
from runtime.backfill.choosing import Choice, HistoryRefused
from runtime.backfill.own import OwnHistory, load_file, try_file
from runtime.backfill.run import HistoryRun, HistorySummary
from runtime.cli.instants import instant
from runtime.cli.on_stack import Stopping, on_stack, unless
from runtime.cli.output import Json, console, fail, print_json, print_table
from runtime.cli.progress_bar import bar_teller
from runtime.cli.settings_of import Data, read_settings
from runtime.cli.teller import SilentTeller, Teller
from runtime.department_time import simulated_clock
from runtime.installation import Installation
from runtime.pipeline import start_pipeline
from runtime.stack.errors import StackError
from schemas.errors import SchemaError

_INTERRUPTED = 130
_FAILURES = (
    StackError,
    SchemaError,
    ClickHouseError,
    KafkaException,
    PublishFailed,
    InvalidHistory,
    InvalidMapping,
    UnreadableFile,
    InvalidDepartment,
    HistoryRefused,
    LedgerError,
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
        typer.Option(
            help="Where it ends (ISO 8601, UTC); else where what is there begins, or lately at a busy hour."
        ),
    ] = None,
    from_file: Annotated[
        Path | None,
        typer.Option("--from", help="Load this CSV or Parquet file of milestones, instead of making any up."),
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="With --from: TOML file that says which column is what.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option(help="With --from: where the clock of times without offset stands.")
    ] = None,
    report: Annotated[
        Path, typer.Option(help="With --from: where the rows that are not loaded are listed.")
    ] = Path("refused.csv"),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --from: only say what would become of the file.")
    ] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Load a synthetic history of a department, or a site's own, and wait until every view has it.

    Starts the stack if it is not up (on free ports) and stops it in the end. Interrupted or killed, the same
    command goes on where it was, or repeats what doubles nothing. What is synthetic says so: each event
    names the facility SYNTHETIC as its sender's.
    """
    try:
        if from_file is not None:
            own = _own(from_file, mapping, zone, report)
            _load_own(own, data, as_json=json, is_trial=dry_run)
        elif mapping is not None or dry_run:
            fail("--mapping and --dry-run are for a file: name it with --from", as_json=json)
        else:
            _make(Choice(years, exams, seed, None if until is None else instant(until)), data, as_json=json)
    except _FAILURES as error:
        fail(str(error), as_json=json)
    except ValueError as error:
        fail(f"--until {until}: expected an instant such as 2026-11-01T00:00 ({error})", as_json=json)


def _make(choice: Choice, data: Path | None, *, as_json: bool) -> None:
    with _bar(hidden=as_json) as bar:
        tell, run = bar_teller(bar), HistoryRun(choice)

        def work(there: Installation, stopping: Stopping) -> HistorySummary:
            return run.load(there, unless(stopping, tell))

        start = partial(start_pipeline, set_clock=run.clock)
        summary = on_stack(data, work, _teller(as_json=as_json), start)
    if summary is None:
        raise typer.Exit(_INTERRUPTED)
    if as_json:
        print_json({**asdict(summary), "seconds": summary.seconds})
    else:
        _show(summary)


def _own(path: Path, mapping: Path | None, zone: str | None, report: Path) -> OwnHistory:
    """Raises InvalidMapping, OSError."""
    if mapping is None:
        raise InvalidMapping("--from needs --mapping FILE, which says which column is what")
    return OwnHistory(path, load_mapping(mapping, zone), report)


def _load_own(own: OwnHistory, data: Path | None, *, as_json: bool, is_trial: bool) -> None:
    with _bar(hidden=as_json) as bar:
        tell = bar_teller(bar)
        summary: FileSummary | None
        if is_trial:
            summary = try_file(own, read_settings(data).site, tell)
        else:

            def work(there: Installation, stopping: Stopping) -> FileSummary:
                return load_file(there, own, unless(stopping, tell))

            start = partial(start_pipeline, set_clock=simulated_clock)
            summary = on_stack(data, work, _teller(as_json=as_json), start)
    if summary is None:
        raise typer.Exit(_INTERRUPTED)
    if as_json:
        told = {one.name: getattr(summary, one.name) for one in fields(summary)}
        print_json({**told, "report": str(own.report), "dry_run": is_trial})
    else:
        _show_file(summary, own)
    if summary.refused:
        raise typer.Exit(1)


def _teller(*, as_json: bool) -> Teller:
    return SilentTeller() if as_json else Teller()


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


def _show_file(summary: FileSummary, own: OwnHistory) -> None:
    print_table("events", [{"event": name, "count": count} for name, count in summary.by_event.most_common()])
    refused = sum(summary.refused.values())
    period = f", from {summary.first_at:%Y-%m-%d} to {summary.last_at:%Y-%m-%d}" if summary.last_at else ""
    console.print(f"{summary.rows:,} rows, {summary.events:,} events{period}", highlight=False)
    for reason, count in summary.refused.most_common():
        console.print(f"  {reason}: {count:,} rows", highlight=False)
    if refused:
        console.print(f"{refused:,} rows are not loaded: {own.report} says which and why", style="bold red")
