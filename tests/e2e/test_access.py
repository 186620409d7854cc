"""Who sees names on the running stack, and what the audit topic has of it."""

from __future__ import annotations

import json
import socket
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.running_stack import RunningStack

pytestmark = pytest.mark.stack

_PATIENCE_S = 120.0
_PASSWORD = "a long enough password"


def order(stack: RunningStack) -> str:
    """Send an order for Ida Achterberg; its accession number."""
    accession, now = f"ACC{uuid.uuid4().hex[:8].upper()}", f"{datetime.now(UTC):%Y%m%d%H%M%S}+0000"
    segments = (
        f"MSH|^~\\&|RIS|GENERAL|RADSTREAM|GENERAL|{now}||ORM^O01^ORM_O01|{accession}|P|2.5.1",
        "PID|1||ACC-1^^^GENERAL||Achterberg^Ida||19610412|F",
        "PV1|1|E|ED^^",
        f"ORC|NW|P1|{accession}||||||{now}",
        f"OBR|1|P1|{accession}|CTHEAD^CT Head^L||||||||||||||{accession}||||||CT",
    )
    with socket.create_connection(("127.0.0.1", stack.hl7_port), timeout=60) as connection:
        connection.sendall(b"\x0b" + "\r".join(segments).encode() + b"\r\x1c\r")
        assert b"MSA|AA" in connection.recv(4096)
    return accession


def program(stack: RunningStack, tmp_path: Path, role: str) -> httpx.Client:
    """A program whose user has one role."""
    name, password = f"{role}-{uuid.uuid4().hex[:6]}", tmp_path / "password"
    password.write_text(_PASSWORD + "\n")
    made = stack.radstream("user", "add", name, "--role", role, "--password-file", str(password), "--json")
    assert made.returncode == 0, made.stdout + made.stderr
    return httpx.Client(base_url=stack.dashboard_url, headers=stack.dashboard_headers(name), timeout=60)


def eventually(found: Callable[[], Any]) -> Any:
    """The first answer that is something."""
    deadline_s = time.monotonic() + _PATIENCE_S
    while not (answer := found()):
        assert time.monotonic() < deadline_s, "it did not come"
        time.sleep(0.2)
    return answer


def test_names_are_for_clinicians_and_every_view_is_in_the_audit_topic(
    pipeline: RunningStack, tmp_path: Path
) -> None:
    accession = order(pipeline)
    viewer, clinician = program(pipeline, tmp_path, "viewer"), program(pipeline, tmp_path, "clinician")
    with viewer, clinician:
        asked = f"/api/worklist?q={accession}"
        (shown,) = eventually(lambda: viewer.get(asked).json()["items"])
        assert "patient" not in shown
        assert "Achterberg" not in viewer.get(f"/api/exams/{quote(shown['exam_id'])}").text
        (named,) = clinician.get(asked).json()["items"]
        assert named["patient"] == "Achterberg, Ida"
        assert "Achterberg" in clinician.get(f"/api/exams/{quote(shown['exam_id'])}").text
        who = clinician.get("/api/session").json()["user"]
    question = (
        "SELECT exam_id, payload FROM v_events WHERE event_type LIKE '%AccessRecorded' "
        f"AND JSONExtractString(payload, 'user') LIKE '%-{who.rpartition('-')[2]}' ORDER BY recorded_at"
    )

    def recorded() -> Any:
        rows = json.loads(pipeline.radstream("sql", question, "--json").stdout)
        return rows if len(rows) == 2 else None

    query, exam = eventually(recorded)
    assert json.loads(query["payload"])["event_code"] == "110112"
    assert json.loads(exam["payload"])["role"] == "clinician"
    assert exam["exam_id"] == shown["exam_id"]
    assert "Achterberg" not in query["payload"] + exam["payload"]


def test_the_first_user_signs_in_with_the_password_that_the_stack_made(pipeline: RunningStack) -> None:
    form = {"name": "admin", "password": pipeline.dashboard_password, "next": "/health"}
    with httpx.Client(base_url=pipeline.dashboard_url, timeout=60) as browser:
        answer = browser.post("/sign-in", data=form, headers={"Sec-Fetch-Site": "same-origin"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/health")
        assert "manage_users" in browser.get("/api/session").json()["permissions"]
