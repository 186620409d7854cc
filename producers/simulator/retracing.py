"""Exams that there were, through queues with other scanners and readers: how long each waits. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count, islice

from producers.simulator.department import DepartmentConfig, ReaderGroup
from producers.simulator.department_file import DEFAULT_DEPARTMENT, load_department
from producers.simulator.drafting import Draft
from producers.simulator.hours import Hours
from producers.simulator.identities import PlanIdentity
from producers.simulator.modality import Modality
from producers.simulator.queues import Queues

_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One exam as it came, and how long each of its steps takes once it is its turn; whole seconds.

    arrived_s: after the start. priority: HL7's letter S, A or R.
    """

    modality: str
    priority: str
    arrived_s: int
    preparation_s: int
    acquisition_s: int
    turnover_s: int
    transfer_s: int
    reading_s: int


@dataclass(frozen=True, slots=True)
class Retraced:
    """When it would have been scanned and dictated, seconds after the start."""

    started_s: int
    dictated_s: int


def retraced(
    traces: Sequence[Trace],
    scanners: Mapping[str, int],
    readers: tuple[ReaderGroup, ...],
    started_at: datetime,
) -> list[Retraced]:
    """Each of `traces`, which stand in the order of their arrival; the department is empty at the start.

    scanners: by modality. `started_at` is in the department's own zone. Raises InvalidDepartment.
    """
    config = _department(scanners, readers)
    kinds = {one.code: one for one in config.modalities}
    drafts = _drafts(config, kinds, traces)
    queues = Queues(config, PlanIdentity(1, "what-if", "what-if"), Hours(config, started_at), drafts)
    return [_seen(served.started_s, served.dictated_s) for served in islice(queues.served(), len(traces))]


def _department(scanners: Mapping[str, int], readers: tuple[ReaderGroup, ...]) -> DepartmentConfig:
    """Without what chance adds: nobody is absent, nothing breaks down, every day is its weekday."""
    common = load_department(DEFAULT_DEPARTMENT)
    kind = replace(common.modalities[0], breakdowns=None)
    modalities = tuple(replace(kind, code=code, scanners=units) for code, units in scanners.items())
    return replace(common, modalities=modalities, readers=readers, absent_share=0.0, holidays=())


def _drafts(
    config: DepartmentConfig, kinds: Mapping[str, Modality], traces: Sequence[Trace]
) -> Iterator[Draft]:
    """Those of `traces`, and then, since drafts never end, exams that are called off."""
    last_s = 0
    for index, trace in enumerate(traces):
        last_s = trace.arrived_s
        yield _draft(config, kinds[trace.modality], index, trace)
    filler = Trace(
        modality="",
        priority="R",
        arrived_s=last_s,
        preparation_s=0,
        acquisition_s=1,
        turnover_s=0,
        transfer_s=0,
        reading_s=1,
    )
    for index in count(len(traces)):
        last_s += _DAY_S
        one = _draft(config, config.modalities[0], index, replace(filler, arrived_s=last_s))
        yield replace(one, cancelled_s=last_s)


def _draft(config: DepartmentConfig, modality: Modality, index: int, trace: Trace) -> Draft:
    return Draft(
        index=index,
        modality=modality,
        procedure=modality.procedures[0],
        patient_class=config.classes[0],
        priority=trace.priority,
        location="",
        patient_number=0,
        images=0,
        registered_s=trace.arrived_s,
        ordered_s=trace.arrived_s,
        scheduled_s=None,
        scheduled_for_s=trace.arrived_s,
        arrived_s=trace.arrived_s,
        cancelled_s=None,
        preparation_s=trace.preparation_s,
        acquisition_s=trace.acquisition_s,
        turnover_s=trace.turnover_s,
        transfer_s=trace.transfer_s,
        reading_s=trace.reading_s,
        verification_s=None,
        signature_s=0,
        correction_s=None,
        missing=frozenset(),
    )


def _seen(started_s: int | None, dictated_s: int | None) -> Retraced:
    assert started_s is not None and dictated_s is not None  # noqa: S101, PT018 - none of ours is called off
    return Retraced(started_s, dictated_s)
