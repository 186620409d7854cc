"""Whatever the running dashboard is asked, it answers as its OpenAPI document says, and never fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
import pytest
from schemathesis.checks import not_a_server_error

from dashboards.openapi import document
from tests.api_cases import AS_DOCUMENTED, OPERATIONS, Operation, check_operation, name_of
from tests.running_stack import RunningStack
from tests.sink_running import until

pytestmark = pytest.mark.stack

_ROLES = ("clinician", "analyst", "auditor", "admin")


@dataclass(frozen=True, slots=True)
class Running:
    """A dashboard with a department behind it, and who may do everything."""

    url: str
    headers: Mapping[str, str]
    known: Mapping[str, str]


@pytest.fixture(scope="module")
def running(department: RunningStack) -> Running:
    headers = _everyone(department)
    with httpx.Client(base_url=department.dashboard_url, headers=headers, timeout=30) as client:

        def reported() -> list[dict[str, str]]:
            rows: list[dict[str, str]] = client.get("/api/turnaround/exams").json().get("rows", [])
            return rows

        until(lambda: bool(reported()), "nothing was reported", timeout_s=240.0)
        exam_id = reported()[0]["exam_id"]
    return Running(department.dashboard_url, headers, {"exam_id": exam_id})


def _everyone(stack: RunningStack) -> dict[str, str]:
    password = stack.data / "password"
    password.write_text("a long one for this test\n")
    password.chmod(0o600)
    roles = [option for role in _ROLES for option in ("--role", role)]
    made = stack.radstream("user", "add", "everyone", *roles, "--password-file", str(password), "--json")
    assert made.returncode == 0, made.stdout + made.stderr
    return stack.dashboard_headers("everyone")


def test_the_document_that_is_checked_is_the_one_that_is_served(running: Running) -> None:
    served = httpx.get(f"{running.url}/api/openapi.json", headers=running.headers, timeout=30).json()
    assert served["paths"] == document("radstream")["paths"]
    assert len(OPERATIONS) == sum(map(len, served["paths"].values())) - 1


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
def test_every_answer_is_documented(operation: Operation, running: Running) -> None:
    checks = (*AS_DOCUMENTED, not_a_server_error)
    check_operation(operation, running.url, running.headers, running.known, checks, examples=20)
