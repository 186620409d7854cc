"""`up --simulate` after a synthetic history: the same department, as large, with what was under way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from producers.history.manifest import Manifest, write_manifest
from producers.history.synthetic import SyntheticHistory
from producers.simulator.department_file import DEFAULT_DEPARTMENT, load_department
from producers.simulator.identities import PlanIdentity
from producers.simulator.ledger import open_ledger
from producers.simulator.ledger_entries import Kind, LedgerEntry
from producers.simulator.plan import plan_digest
from runtime.backfill.synthetic import manifest_path
from runtime.department import ledger_path
from runtime.department_time import stands_at
from runtime.installation import Installation
from runtime.opening import simulation_of
from runtime.settings import Settings

ENDS_AT = datetime(2026, 3, 30, tzinfo=UTC)
HISTORY = SyntheticHistory(
    begins_at=ENDS_AT - timedelta(days=3), ends_at=ENDS_AT, seed=7, exams_per_year=150_000
)


def test_the_live_department_is_the_one_of_the_last_history(tmp_path: Path) -> None:
    write_manifest(manifest_path(tmp_path), Manifest(HISTORY, HISTORY.growth(), is_complete=True))
    simulation = simulation_of(Installation(Settings(data=tmp_path)), 60.0)
    assert (simulation.seed, simulation.history_h) == (7, 0.0)
    assert simulation.growth == HISTORY.growth() > 2
    assert simulation.under_way_h > 0


def test_a_live_run_has_other_accession_numbers_than_the_history(tmp_path: Path) -> None:
    write_manifest(manifest_path(tmp_path), Manifest(HISTORY, HISTORY.growth(), is_complete=True))
    live = simulation_of(Installation(Settings(data=tmp_path)), 60.0)
    code = PlanIdentity(live.seed, HISTORY.site, live.run_id).run_code()
    assert code != HISTORY.identity.run_code()


def test_the_run_of_the_last_start_goes_on_unless_the_department_is_another(tmp_path: Path) -> None:
    write_manifest(manifest_path(tmp_path), Manifest(HISTORY, HISTORY.growth(), is_complete=True))
    there = Installation(Settings(data=tmp_path))
    first = simulation_of(there, 60.0)
    department = load_department(DEFAULT_DEPARTMENT).grown(first.growth)
    plan = plan_digest(department, first.seed, there.settings.site, None)
    for run in (first.run_id, "S-by-hand"):
        entry = LedgerEntry(kind=Kind.RUN, run=run, plan=plan, started_at=ENDS_AT.isoformat())
        with open_ledger(ledger_path(tmp_path), entry):
            pass
    assert simulation_of(there, 60.0).run_id == first.run_id
    before = replace(HISTORY, begins_at=ENDS_AT - timedelta(days=90), ends_at=HISTORY.begins_at, seed=1)
    write_manifest(manifest_path(tmp_path), Manifest(before, before.growth(), is_complete=True))
    assert simulation_of(there, 60.0).run_id == first.run_id, "a history that goes before it changes nothing"
    other = replace(HISTORY, ends_at=ENDS_AT + timedelta(days=1), exams_per_year=50_000)
    write_manifest(manifest_path(tmp_path), Manifest(other, other.growth(), is_complete=True))
    assert simulation_of(there, 60.0).run_id != first.run_id


def test_the_department_stands_at_the_end_of_its_log_and_of_every_history() -> None:
    earlier = replace(HISTORY, begins_at=HISTORY.begins_at - timedelta(days=400), ends_at=HISTORY.begins_at)
    loaded = [Manifest(one, 1.0, is_complete=True) for one in (HISTORY, earlier)]
    assert stands_at(None, []) is None
    assert stands_at(None, loaded) == ENDS_AT, "whichever was loaded last"
    assert stands_at(ENDS_AT - timedelta(minutes=1), loaded) == ENDS_AT
    assert stands_at(ENDS_AT + timedelta(hours=3), loaded) == ENDS_AT + timedelta(hours=3)
