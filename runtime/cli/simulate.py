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
from runtime.installation import Installation
from runtime.logging import configure_logging

_Exams = Annotated[int | None, typer.Option(min=1, help="Stop after so many exams; endless without it.")]
_Speed = Annotated[
    float | None,
    typer.Option(min=0.1, help="Department seconds per second; with --exams as fast as possible without it."),
]
_Seed = Annotated[int, typer.Option(help="The same seed and run id give the same department.")]
_RunId = Annotated[
    str | None, typer.Option(help="Go on with an interrupted run, which its ledger remembers.")
]
_Images = Annotated[
    int | None, typer.Option(min=1, help="Images of each exam, instead of the department's mix.")
]
_Orders = Annotated[
    float | None, typer.Option(min=0.1, help="Orders in the busiest hour, instead of the department's.")
]
_History = Annotated[float, typer.Option(min=0, help="Hours of the past that an endless run begins with.")]
_UnderWay = Annotated[
    float, typer.Option(min=0, help="Hours before those, of which it says only what is not through.")
]
_Growth = Annotated[
    float, typer.Option(min=0.01, help="How many times as large the department is as its file says.")
]


def simulate(
    *,
    exams: _Exams = None,
    speed: _Speed = None,
    seed: _Seed = 1,
    run_id: _RunId = None,
    images_per_exam: _Images = None,
    orders_per_hour: _Orders = None,
    history_h: _History = 6.0,
    under_way_h: _UnderWay = 0.0,
    growth: _Growth = 1.0,
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
    _run(installation, simulation, as_json=json)


def _run(installation: Installation, simulation: Simulation, *, as_json: bool) -> None:
    if as_json:
        configure_logging()
    try:
        config = simulator_config(installation, simulation)
        summary = asyncio.run(run_until_signalled(config, None if as_json else _show))
    except (InvalidSimulation, InvalidDepartment, LedgerError, OSError) as error:
        fail(str(error), as_json=as_json)
    if as_json:
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
