"""`up --simulate` after a synthetic history: the same department, as large, with what was under way."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from producers.history.manifest import Manifest, write_manifest
from producers.history.synthetic import SyntheticHistory
from producers.simulator.identities import PlanIdentity
from runtime.backfill.synthetic import manifest_path
from runtime.cli.up import department_of
from runtime.installation import Installation
from runtime.settings import Settings

ENDS_AT = datetime(2026, 3, 30, tzinfo=UTC)
HISTORY = SyntheticHistory(
    begins_at=ENDS_AT - timedelta(days=3), ends_at=ENDS_AT, seed=7, exams_per_year=150_000
)


def test_the_live_department_is_the_one_of_the_last_history(tmp_path: Path) -> None:
    write_manifest(manifest_path(tmp_path), Manifest(HISTORY, HISTORY.growth(), is_complete=True))
    simulation = asyncio.run(department_of(Installation(Settings(data=tmp_path)), 60.0))
    assert (simulation.seed, simulation.history_h) == (7, 0.0)
    assert simulation.growth == HISTORY.growth() > 2
    assert simulation.under_way_h > 0


def test_a_live_run_has_other_accession_numbers_than_the_history(tmp_path: Path) -> None:
    write_manifest(manifest_path(tmp_path), Manifest(HISTORY, HISTORY.growth(), is_complete=True))
    live = asyncio.run(department_of(Installation(Settings(data=tmp_path)), 60.0))
    code = PlanIdentity(live.seed, HISTORY.site, live.run_id).run_code()
    assert code != HISTORY.identity.run_code()
