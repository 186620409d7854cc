"""Workers and broker are killed while a day is folded: the views are the offline fold's. See `make chaos`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks.fold_oracle import shown
from tests.chaos import Chaos, run_chaos, tell

pytestmark = pytest.mark.stack


def test_views_are_those_of_the_offline_fold_after_workers_and_broker_were_killed(tmp_path: Path) -> None:
    chaos = Chaos(seed=20261124, kills=4, exams=100, workers=2, gap_s=2.0)
    outcome = asyncio.run(run_chaos(tmp_path, chaos, tell))
    assert not outcome.differences, (
        f"seed {chaos.seed}, killed {outcome.killed}: {shown(outcome.differences)}"
    )
    assert outcome.exams == chaos.exams
    assert sum(outcome.killed.values()) == chaos.kills
