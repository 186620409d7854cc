"""What verbs say of a running stack, for tests that ask them as a user does."""

from __future__ import annotations

import json
from typing import Any

from tests.running_stack import RunningStack
from tests.sink_running import until


def said(stack: RunningStack, *arguments: str, code: int = 0) -> dict[str, Any]:
    """The JSON document of a verb that ends with `code`."""
    done = stack.radstream(*arguments, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def settled(stack: RunningStack) -> bool:
    """Whether every event is archived, and sealed."""
    status = said(stack, "status")
    behind = [one["lag"] for one in status["partitions"] if one["part"] in ("archive", "sink", "fold")]
    if any(behind) or not status["archive"] or status["archive"][0]["faults"]:
        return False
    found = said(stack, "verify")
    return bool(found["events"]) and not found["unsealed_manifests"]


def until_settled(stack: RunningStack) -> None:
    """Wait for it. Not every second: two verbs keep a core busy for longer than that."""
    until(lambda: settled(stack), "not every event is archived and sealed", timeout_s=240.0, every_s=4.0)
