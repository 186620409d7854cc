"""How a simulated department begins, or goes on: its clock, its past, and what is under way.

On empty data its clock stands at a busy hour of the last days, and the four weeks before are loaded first. On
any other the clock goes on where the log ends, and so does the run that the ledger remembers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from producers.history.manifest import Manifest, read_manifests
from producers.history.synthetic import SyntheticHistory
from producers.simulator.department_file import DEFAULT_DEPARTMENT, load_department
from producers.simulator.ledger import last_endless_run
from producers.simulator.plan import plan_digest
from runtime.backfill.choosing import HistoryRefused, require_no_destinations
from runtime.backfill.synthetic import OPENING_PAST, is_opening, load, manifest_of, manifest_path
from runtime.department import RUN_PREFIX, Simulation, ledger_path, new_run_id
from runtime.department_time import busy_hour_until, latest_event_at, stands_at
from runtime.installation import Installation
from schemas.clock import DepartmentClock

# So far back an exam may have been ordered that is under way when the department opens.
UNDER_WAY_H = 24.0
# Without a past of its own, where a history is refused.
_HISTORY_H = 6.0

Tell = Callable[[int, int], None]
"""How many exams of the past are there, and of how many about."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What was asked for. at_busy_hour: else a new department opens now, however quiet it is."""

    speed: float
    at_busy_hour: bool = True


def open_department(installation: Installation, opening: Opening, tell: Tell) -> str:
    """The department's clock, once its past is in the log; blocking.

    On empty data it opens; on any other it goes on where that ends: after a history at a busy hour, too.
    Raises as runtime.backfill.synthetic.load does, ManifestDamaged, and ClickHouse's errors.
    """
    known = read_manifests(manifest_path(installation.data))
    at = stands_at(latest_event_at(installation), known)
    interrupted = next((one for one in known if not one.is_complete and is_opening(one)), None)
    if interrupted is not None:
        _load(installation, interrupted, tell)
    if at is None:
        at = _new_department(installation, opening, tell)
    return DepartmentClock(datetime.now(UTC), at, opening.speed).format()


def _new_department(installation: Installation, opening: Opening, tell: Tell) -> datetime:
    at = datetime.now(UTC).replace(microsecond=0)
    if opening.at_busy_hour:
        at = busy_hour_until(at, installation.settings.zone)
    try:
        require_no_destinations(installation)
    except HistoryRefused:
        return at  # reports of the past would go out to other systems
    site, zone = installation.settings.site, installation.settings.zone
    history = SyntheticHistory(begins_at=at - OPENING_PAST, ends_at=at, site=site, zone=zone)
    manifest = manifest_of(installation, history)
    _load(installation, manifest, tell)
    return at


def _load(installation: Installation, manifest: Manifest, tell: Tell) -> None:
    expected = manifest.history.expected_exams()
    tell(0, expected)
    load(installation, manifest, lambda so_far: tell(so_far.exams, expected))


def simulation_of(installation: Installation, speed: float) -> Simulation:
    """The department's endless run: as large as its latest history, with what was under way when that ended.

    An earlier run of the same department goes on. Raises ManifestDamaged, LedgerDamaged, InvalidDepartment,
    OSError, and ClickHouse's errors.
    """
    manifests = read_manifests(manifest_path(installation.data))
    simulation = Simulation(run_id=new_run_id(RUN_PREFIX), speed=speed, history_h=0.0)
    if manifests:
        of = max(manifests, key=lambda one: one.history.ends_at)  # one that goes before it changes nothing
        seed, growth = of.history.seed, of.growth
        simulation = replace(simulation, seed=seed, growth=growth, under_way_h=UNDER_WAY_H)
    if (earlier := _earlier_run(installation, simulation)) is not None:
        return replace(simulation, run_id=earlier)
    if not manifests and latest_event_at(installation) is None:
        return replace(simulation, history_h=_HISTORY_H)
    return simulation


def _earlier_run(installation: Installation, simulation: Simulation) -> str | None:
    """Its id: a run of the same plan, begun by `up`."""
    begun = last_endless_run(ledger_path(installation.data), RUN_PREFIX)
    return begun.run if begun is not None and begun.plan == _plan(installation, simulation) else None


def _plan(installation: Installation, simulation: Simulation) -> str:
    config = load_department(DEFAULT_DEPARTMENT)
    config = config if simulation.growth == 1.0 else config.grown(simulation.growth)
    return plan_digest(config, simulation.seed, installation.settings.site, None)
