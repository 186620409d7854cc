"""`radstream simulate`: a department that speaks HL7 and DICOM to a running pipeline."""

from __future__ import annotations

import asyncio
import math
from dataclasses import asdict
from typing import Annotated

import typer

from producers.simulator.config import InvalidSimulation
from producers.simulator.department import InvalidDepartment
from producers.simulator.ledger import LedgerError
from producers.simulator.ledger_entries import LedgerSummary
from producers.simulator.run import run_until_signalled
from runtime.cli.output import Json, console, fail, print_json, print_table
from runtime.cli.settings_of import Data, running_installation
from runtime.department import Simulation, new_run_id, simulator_config
from runtime.logging import configure_logging


def simulate(
    *,
    exams: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many exams; endless without it.")
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(
            min=0.1, help="Department seconds per second; with --exams as fast as possible without it."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed and run id give the same department.")] = 1,
    run_id: Annotated[
        str | None, typer.Option(help="Go on with an interrupted run, which its ledger remembers.")
    ] = None,
    images_per_exam: Annotated[
        int | None, typer.Option(min=1, help="Images of each exam, instead of the department's mix.")
    ] = None,
    orders_per_hour: Annotated[
        float | None, typer.Option(min=0.1, help="Orders in the busiest hour, instead of the department's.")
    ] = None,
    history_h: Annotated[
        float, typer.Option(min=0, help="Hours of the past that an endless run begins with.")
    ] = 6.0,
    under_way_h: Annotated[
        float, typer.Option(min=0, help="Hours before those, of which it says only what is not through.")
    ] = 0.0,
    growth: Annotated[
        float, typer.Option(min=0.01, help="How many times as large the department is as its file says.")
    ] = 1.0,
    data: Data = None,
    json: Json = False,
) -> None:
    """Send a simulated department's orders, images and reports to the running pipeline."""
    installation, _ = running_installation(data, as_json=json)
    pace = speed if speed is not None else (math.inf if exams is not None else installation.clock().speed)
    simulation = Simulation(
        run_id=run_id or new_run_id("S"),
        exams=exams,
        speed=pace,
        seed=seed,
        images_per_exam=images_per_exam,
        orders_per_hour=orders_per_hour,
        history_h=history_h,
        under_way_h=under_way_h,
        growth=growth,
    )
    if json:
        configure_logging()
    try:
        config = simulator_config(installation, simulation)
        summary = asyncio.run(run_until_signalled(config, None if json else _show))
    except (InvalidSimulation, InvalidDepartment, LedgerError, OSError) as error:
        fail(str(error), as_json=json)
    if json:
        print_json({"run_id": simulation.run_id, **asdict(summary)})
    else:
        print_table(f"run {simulation.run_id}", [asdict(summary)])


def _show(summary: LedgerSummary) -> None:
    console.print(
        f"exams {summary.exams_finished}/{summary.exams}  HL7 {summary.hl7_acked}/{summary.hl7_sent}  "
        f"images {summary.instances_stored}/{summary.instances_sent}   ",
        end="\r",
        highlight=False,
    )
