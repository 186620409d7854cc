"""The department as its TOML file describes it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from producers.simulator.department import (
    DepartmentConfig,
    Faults,
    InvalidDepartment,
    PatientClass,
    ReaderGroup,
)
from producers.simulator.draws import LogLogistic
from producers.simulator.modality import Breakdowns, Modality, Procedure

DEFAULT_DEPARTMENT = Path(__file__).with_name("department.toml")


def load_department(path: Path = DEFAULT_DEPARTMENT) -> DepartmentConfig:
    """The department that `path` describes. Raises InvalidDepartment, OSError."""
    try:
        described = tomllib.loads(path.read_text("utf-8"))
        return DepartmentConfig(**{name: _value(name, value) for name, value in described.items()})
    except (tomllib.TOMLDecodeError, TypeError, KeyError) as error:
        raise InvalidDepartment(f"{path}: {error}") from error


def _value(name: str, value: Any) -> Any:  # TOML is typed by what stands in the file
    if name == "readers":
        return tuple(ReaderGroup(**_as_tuples(one)) for one in value)
    if name == "faults":
        return Faults(**{**value, "late": LogLogistic(**value["late"])})
    if name == "modalities":
        return tuple(_modality(one) for one in value)
    if name == "classes":
        return tuple(_patient_class(one) for one in value)
    if isinstance(value, dict):
        return LogLogistic(**value)
    return tuple(value) if isinstance(value, list) else value


def _modality(described: dict[str, Any]) -> Modality:
    return Modality(
        code=described["code"],
        share=described["share"],
        scanners=described["scanners"],
        acquisition=LogLogistic(**described["acquisition"]),
        reading=LogLogistic(**described["reading"]),
        images=(described["images"][0], described["images"][-1]),
        procedures=tuple(Procedure(**procedure) for procedure in described["procedures"]),
        breakdowns=_breakdowns(described.get("breakdowns")),
    )


def _breakdowns(described: dict[str, Any] | None) -> Breakdowns | None:
    if described is None:
        return None
    return Breakdowns(described["mean_h_between"], LogLogistic(**described["repair"]))


def _patient_class(described: dict[str, Any]) -> PatientClass:
    return PatientClass(**{**_as_tuples(described), "lead": LogLogistic(**described["lead"])})


def _as_tuples(described: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in described.items()}
