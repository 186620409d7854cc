"""Erasing a patient as its users do: one asks, another confirms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.running_stack import RunningStack

SECOND = "ben"
_PASSWORD = "correct horse battery"


def by_admin(stack: RunningStack) -> tuple[str, ...]:
    """Who the first user is, for a command."""
    return "--user", "admin", "--password-file", str(stack.data / "secrets" / "dashboard_admin_password")


def by_second(stack: RunningStack) -> tuple[str, ...]:
    """Who another user with the role is, made where there is none yet."""
    file = stack.data.parent / f"{stack.data.name}-{SECOND}"
    if not file.exists():
        file.write_text(_PASSWORD)
        made = stack.radstream("user", "add", SECOND, "--role", "privacy", "--password-file", str(file))
        assert made.returncode == 0, made.stderr
    return "--user", SECOND, "--password-file", str(file)


def ask(stack: RunningStack, *arguments: str) -> dict[str, Any]:
    """The request that was made, with its code."""
    answer = stack.radstream("erase", *arguments, *by_admin(stack), "--json")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    said: dict[str, Any] = json.loads(answer.stdout)
    return said


def erase(stack: RunningStack, *arguments: str) -> dict[str, Any]:
    """What was done."""
    code = ask(stack, *arguments)["code"]
    answer = stack.radstream("erase", "--confirm", code, *by_second(stack), "--yes", "--json")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    done: dict[str, Any] = json.loads(answer.stdout)
    return done


def certificate(path: str) -> dict[str, Any]:
    """What the certificate in that file says."""
    said: dict[str, Any] = json.loads(Path(path).read_text("utf-8").splitlines()[0])
    return said
