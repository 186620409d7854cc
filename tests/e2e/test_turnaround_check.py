"""`radstream check` and the dashboard on a running stack: both ways the same, and what is altered is told."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx

from sinks.clickhouse.client import connect
from tests.running_stack import RunningStack

_WITHIN_S = 120


def checked(stack: RunningStack, wait_s: int) -> tuple[int, dict[str, Any]]:
    """The command's exit code and what it says."""
    done = stack.radstream("check", "--wait", str(wait_s), "--json", timeout_s=wait_s + 120)
    return done.returncode, json.loads(done.stdout)


def test_what_the_fold_says_is_what_the_events_say_until_somebody_alters_it(
    quiet_stack: RunningStack,
) -> None:
    stack = quiet_stack
    made = stack.radstream("demo", "--exams", "5", "--json", timeout_s=300)
    assert made.returncode == 0, made.stdout + made.stderr
    code, told = checked(stack, _WITHIN_S)
    assert (code, told["equal"], told["differences"]) == (0, True, [])
    assert told["exams"] >= 5
    assert told["intervals"] >= 5
    _await_equal(stack)
    client = connect(stack.clickhouse_url, stack.clickhouse_user, stack.clickhouse_password, "radstream")
    made_up = "('room', 'GENERAL|made-up', 0, 9, 9)"
    try:
        client.command(
            f"INSERT INTO turnaround (interval, exam_id, start_at, end_at, seconds) VALUES {made_up}"
        )
        code, told = checked(stack, 2)
        assert (code, told["equal"]) == (1, False)
        assert [one["exam_id"] for one in told["differences"]] == ["GENERAL|made-up"]
    finally:
        client.command("DELETE FROM turnaround WHERE exam_id = 'GENERAL|made-up'")
        client.close()


def _await_equal(stack: RunningStack) -> None:
    """The dashboard's own comparison, which it makes in the background."""
    headers = stack.dashboard_headers()
    end_s = time.monotonic() + _WITHIN_S
    while True:
        told = httpx.get(f"{stack.dashboard_url}/api/check", headers=headers, timeout=30).json()
        if told["state"] == "equal":
            return
        assert time.monotonic() < end_s, told
        assert told["state"] == "unknown", told
        time.sleep(0.2)
