"""The whole pipeline with its keys in a real OpenBao server, each side with no more rights than it needs."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from tests.erasing import ask, by_second
from tests.running_stack import run_stack
from tests.vault_server import vault_server

pytestmark = pytest.mark.stack
_SHOWN_WITHIN_S = 60.0


def test_a_demo_and_an_erasure_with_the_keys_in_vault(tmp_path: Path) -> None:
    vault, data = tmp_path / "vault", tmp_path / "data"
    vault.mkdir()
    data.mkdir()
    with vault_server(vault) as server:
        environment = {
            "RADSTREAM_KEY_RING": "vault",
            "RADSTREAM_VAULT_ADDRESS": server.address,
            "RADSTREAM_VAULT_TOKEN_FILE": str(server.token_file("pipeline")),
        }
        with run_stack(data, environment) as stack:
            demo = stack.radstream("demo", "--exams", "2", "--images-per-exam", "1", "--json", timeout_s=200)
            assert demo.returncode == 0, demo.stdout + demo.stderr
            headers = stack.dashboard_headers()
            url = stack.dashboard_url
            with httpx2.Client(base_url=url, headers=headers, trust_env=False, timeout=60) as client:
                shown = client.get("/api/worklist").json()["items"]
                assert all(item["patient"] for item in shown)
                code = ask(stack, "--exam", shown[0]["exam_id"])["code"]
                arguments = ("erase", "--confirm", code, *by_second(stack), "--yes", "--json")
                refused = stack.radstream(*arguments)
                assert "permission denied" in json.loads(refused.stdout)["error"]
                token = {"RADSTREAM_VAULT_TOKEN_FILE": str(server.token_file("erase"))}
                eraser = replace(stack, environment=environment | token)
                assert json.loads(eraser.radstream(*arguments).stdout)["keys_destroyed"] == 1
                deadline = time.monotonic() + _SHOWN_WITHIN_S
                path = f"/api/exams/{quote(shown[0]['exam_id'])}"
                while not client.get(path).json()["exam"].get("erased"):
                    assert time.monotonic() < deadline, "an erased patient is still shown"
                    time.sleep(0.1)
                others = [item for item in shown if item["pseudonym"] != shown[0]["pseudonym"]]
                for item in others:
                    assert client.get(f"/api/exams/{quote(item['exam_id'])}").json()["exam"]["patient"]
        assert not (data / "keys").exists()
