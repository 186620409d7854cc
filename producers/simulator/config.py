"""What a run of the simulator needs to know."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from producers.simulator.department import DepartmentConfig
from producers.simulator.department_file import DEFAULT_DEPARTMENT, load_department
from producers.simulator.plan import bounded_department
from schemas.clock import DepartmentClock


class InvalidSimulation(ValueError):
    """The settings contradict each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorConfig:
    """One run.

    `exams`: how many, all of which reach their final report; None: without end, at the department's own pace.
    `speed`: department seconds per wall second, the same as the clock's; `inf`: as fast as the listeners
    answer, the exams' times lying on a day that ends before the clock's now.
    `history_h`: hours of the past with which an endless run begins; `under_way_h`: hours before them of which
    it says only what is not through. `zone`: the department's time zone.
    `concurrency`: MLLP connections; `associations`: DICOM associations at the same time.
    `images_per_exam`, `orders_per_hour`: instead of what the department's file says; `growth`: how many times
    as large the department is.
    """

    hl7_port: int
    dicom_port: int
    ledger: Path
    run_id: str
    hl7_host: str = "127.0.0.1"
    dicom_host: str = "127.0.0.1"
    called_ae_title: str = "RADSTREAM"
    calling_ae_title: str = "SIMULATOR"
    site: str = "GENERAL"
    zone: str = "UTC"
    seed: int = 1
    exams: int | None = None
    speed: float = math.inf
    clock: DepartmentClock = field(default_factory=DepartmentClock.identity)
    department: Path = DEFAULT_DEPARTMENT
    orders_per_hour: float | None = None
    growth: float = 1.0
    images_per_exam: int | None = None
    is_full_size: bool = False
    history_h: float = 6.0
    under_way_h: float = 0.0
    concurrency: int = 8
    associations: int = 3
    answer_timeout_s: float = 30.0

    def __post_init__(self) -> None:
        """Raises InvalidSimulation."""
        if self.exams is not None and self.exams < 1:
            raise InvalidSimulation("a bounded run has at least one exam")
        if self.exams is None and not self.is_paced:
            raise InvalidSimulation("an endless run needs a speed")
        if self.is_paced and self.speed != self.clock.speed:
            raise InvalidSimulation(f"speed {self.speed:g} differs from the clock's, {self.clock.speed:g}")
        if self.images_per_exam is not None and self.images_per_exam < 1:
            raise InvalidSimulation("an exam has at least one image")
        if self.growth <= 0:
            raise InvalidSimulation("a department grows by a factor above 0")
        if self.concurrency < 1 or self.associations < 1:
            raise InvalidSimulation("the simulator needs a connection and an association")

    @property
    def is_paced(self) -> bool:
        """Whether each step waits for its time."""
        return math.isfinite(self.speed)

    @property
    def zone_info(self) -> ZoneInfo:
        """The department's zone. Raises zoneinfo.ZoneInfoNotFoundError."""
        return ZoneInfo(self.zone)

    def department_config(self) -> DepartmentConfig:
        """The department of this run. Raises InvalidDepartment, OSError."""
        config = load_department(self.department)
        if self.growth != 1.0:
            config = config.grown(self.growth)
        if self.orders_per_hour is not None:
            config = replace(config, orders_per_hour=self.orders_per_hour)
        if (images := self.images_per_exam) is not None:
            fixed = tuple(replace(modality, images=(images, images)) for modality in config.modalities)
            config = replace(config, modalities=fixed)
        return config if self.exams is None else bounded_department(config, self.exams)
