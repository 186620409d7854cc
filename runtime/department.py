"""The simulated department: its clock, its settings, and itself as a part of the stack."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from producers.simulator.config import SimulatorConfig
from runtime.installation import Installation
from runtime.parts import DEPARTMENT
from runtime.stack.part import Part

DEFAULT_SPEED = 60.0
PART_NAME = "simulator"
# The runs that `up` begins, and goes on with.
RUN_PREFIX = "L"


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """One run of the department: `exams` None is endless; `speed` inf is as fast as it gets."""

    run_id: str
    exams: int | None = None
    speed: float = math.inf
    seed: int = 1
    images_per_exam: int | None = None
    orders_per_hour: float | None = None
    history_h: float = 6.0
    under_way_h: float = 0.0
    growth: float = 1.0


def new_run_id(prefix: str) -> str:
    """An id that no earlier run has: every identity of the run derives from it."""
    return f"{prefix}{datetime.now(UTC):%y%m%d%H%M%S%f}"


def ledger_path(data: Path) -> Path:
    """Where the department writes down what was acknowledged to it."""
    return data / "simulator" / "ledger.jsonl"


def simulator_config(installation: Installation, simulation: Simulation) -> SimulatorConfig:
    """The simulator's own config for this installation. Raises InvalidSimulation."""
    settings = installation.settings
    return SimulatorConfig(
        hl7_host=settings.host,
        hl7_port=settings.hl7_port,
        dicom_host=settings.host,
        dicom_port=settings.dicom_port,
        called_ae_title=settings.dicom_ae_title,
        site=settings.site,
        zone=settings.zone,
        ledger=ledger_path(installation.data),
        run_id=simulation.run_id,
        seed=simulation.seed,
        exams=simulation.exams,
        speed=simulation.speed,
        clock=installation.clock(),
        images_per_exam=simulation.images_per_exam,
        orders_per_hour=simulation.orders_per_hour,
        history_h=simulation.history_h,
        under_way_h=simulation.under_way_h,
        growth=simulation.growth,
    )


def simulator_part(installation: Installation, simulation: Simulation) -> Part:
    """The department as a process of the stack: resumed by its ledger when it was killed."""
    options = {
        "--run-id": simulation.run_id,
        "--exams": simulation.exams,
        "--speed": simulation.speed,
        "--seed": simulation.seed,
        "--images-per-exam": simulation.images_per_exam,
        "--orders-per-hour": simulation.orders_per_hour,
        "--history-h": simulation.history_h,
        "--under-way-h": simulation.under_way_h,
        "--growth": simulation.growth,
    }
    given = [str(word) for option in options.items() if option[1] is not None for word in option]
    return Part(
        name=PART_NAME,
        command=(sys.executable, "-m", "runtime.cli.main", "simulate", "--json", *given),
        env=installation.environment(),
        tier=DEPARTMENT,
        once=True,
    )
