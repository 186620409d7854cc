"""`radstream history` on real parts: loaded once, whole and equal both ways, whatever interrupts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from producers.history.manifest import read_manifests
from producers.simulator.exam import Step
from runtime.backfill.synthetic import manifest_path
from runtime.lag import read_watermarks
from schemas.topics import EVENTS
from sinks.clickhouse.client import connect
from tests.running_stack import RunningStack

_WITHIN_S = 120
_HISTORY = ("history", "--years", "0.02", "--until", "2025-03-31T00:00", "--json")
_MAPPING = """
layout = "wide"
system = "RIS-EXPORT"
facility = "NORTH"
zone = "Europe/Berlin"
[columns]
accession_number = "ACC"
patient_id = "MRN"
modality = "MOD"
[milestones]
ordered = "ORDERED"
completed = "DONE"
final = "SIGNED"
"""


def asked(stack: RunningStack, sql: str) -> list[tuple[Any, ...]]:
    client = connect(stack.clickhouse_url, stack.clickhouse_user, stack.clickhouse_password, "radstream")
    try:
        return [tuple(row) for row in client.query(sql).result_rows]
    finally:
        client.close()


def said(stack: RunningStack, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = stack.radstream(*arguments, timeout_s=400)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def killed_while_it_publishes(stack: RunningStack) -> None:
    before = read_watermarks(stack.kafka_bootstrap, (EVENTS,)).total(EVENTS)
    process = subprocess.Popen(
        [sys.executable, "-m", "runtime.cli.main", *_HISTORY, "--data", str(stack.data)],
        env={**os.environ, **stack.environment},
        stdout=subprocess.DEVNULL,
    )
    deadline_s = time.monotonic() + _WITHIN_S
    while read_watermarks(stack.kafka_bootstrap, (EVENTS,)).total(EVENTS) < before + 500:
        assert time.monotonic() < deadline_s
        assert process.poll() is None, "it was through before it could be killed"
        time.sleep(0.02)
    process.kill()
    process.wait()


def test_a_history_that_was_killed_is_whole_after_the_second_try_and_equal_both_ways(
    stack_of_its_own: RunningStack,
) -> None:
    stack = stack_of_its_own
    killed_while_it_publishes(stack)
    code, told = said(stack, *_HISTORY)
    assert code == 0, told
    (manifest,) = read_manifests(manifest_path(stack.data))
    assert manifest.is_complete
    exams = list(manifest.history.exams())
    assert told["exams"] == len(exams) > 900
    found = asked(
        stack, "SELECT count(), uniqExact(event_id) FROM events FINAL WHERE source_facility = 'SYNTHETIC'"
    )
    assert found == [(told["events"], told["events"])]
    stages = dict(asked(stack, "SELECT stage, count() FROM v_worklist GROUP BY stage"))
    cancelled = sum(exam.at(Step.CANCELLED) is not None for exam in exams)
    assert sum(stages.values()) == len(exams)
    assert stages.pop("cancelled") == cancelled
    assert set(stages) == {"final"}
    code, checked = said(stack, "check", "--wait", str(_WITHIN_S), "--json")
    assert (code, checked["equal"], checked["differences"]) == (0, True, [])
    assert checked["exams"] >= len(exams)


def test_once_more_it_says_that_it_is_there_and_pages_say_that_it_is_synthetic(
    stack_of_its_own: RunningStack,
) -> None:
    stack = stack_of_its_own
    code, told = said(stack, "history", "--json")
    assert code == 1
    assert "loaded already" in told["error"]
    headers = stack.dashboard_headers()
    answer = httpx.get(f"{stack.dashboard_url}/api/provenance", headers=headers, timeout=30).json()
    assert answer["known"]
    assert answer["synthetic"]["last_at"].startswith("2025-03-")


def test_a_file_that_is_loaded_twice_doubles_nothing(stack_of_its_own: RunningStack, tmp_path: Path) -> None:
    stack = stack_of_its_own
    (tmp_path / "map.toml").write_text(_MAPPING)
    rows = [
        f"F{number},M{number % 7},CT,2024-03-01T08:00,2024-03-01T09:{number % 60:02},2024-03-01T11:00"
        for number in range(300)
    ]
    (tmp_path / "export.csv").write_text("\n".join(("ACC,MRN,MOD,ORDERED,DONE,SIGNED", *rows, ",,,,,")))
    arguments = (
        "history", "--from", str(tmp_path / "export.csv"), "--mapping", str(tmp_path / "map.toml"),
        "--report", str(tmp_path / "refused.csv"), "--json",
    )  # fmt: skip
    for _ in range(2):
        code, told = said(stack, *arguments)
        assert (code, told["rows"], told["events"], told["refused"]) == (1, 301, 900, {"MissingAccession": 1})
    found = asked(
        stack,
        "SELECT count(), uniqExact(exam_id), uniqExact(patient_key) FROM events FINAL"
        " WHERE source_system = 'RIS-EXPORT'",
    )
    assert found == [(900, 300, 7)]
    assert (tmp_path / "refused.csv").read_text().splitlines()[1].startswith("302,MissingAccession")
    code, checked = said(stack, "check", "--wait", str(_WITHIN_S), "--json")
    assert (code, checked["equal"]) == (0, True)
