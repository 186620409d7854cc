"""The command line: every verb is there, says what it does, and answers wrong use with what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from runtime.cli.main import VERBS, build_app

RUNNER = CliRunner()


@pytest.mark.parametrize("verb", list(VERBS))
def test_every_verb_explains_itself(verb: str) -> None:
    answer = RUNNER.invoke(build_app(verb), [verb, "--help"])
    assert answer.exit_code == 0, answer.output
    assert "Usage:" in answer.output


@pytest.mark.parametrize("verb", [name for name, verb in VERBS.items() if not verb.hidden])
def test_the_overview_lists_every_verb(verb: str) -> None:
    assert verb in RUNNER.invoke(build_app(None), ["--help"]).output


def test_a_verb_that_needs_a_stack_says_how_to_start_one(tmp_path: Path) -> None:
    answer = RUNNER.invoke(build_app("sql"), ["sql", "SELECT 1", "--data", str(tmp_path), "--json"])
    assert answer.exit_code == 1
    assert "radstream up" in json.loads(answer.stdout)["error"]


def test_status_of_nothing_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    answer = RUNNER.invoke(build_app("status"), ["status", "--data", str(tmp_path), "--json"])
    assert answer.exit_code == 3
    assert json.loads(answer.stdout) == {"running": False, "data": str(tmp_path)}


def test_a_setting_that_is_no_number_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RADSTREAM_HL7_PORT", "http")
    answer = RUNNER.invoke(build_app("status"), ["status", "--data", str(tmp_path)])
    assert answer.exit_code == 1
    assert "RADSTREAM_HL7_PORT" in answer.stderr


def test_down_of_nothing_is_no_error(tmp_path: Path) -> None:
    answer = RUNNER.invoke(build_app("down"), ["down", "--data", str(tmp_path), "--json"])
    assert answer.exit_code == 0
    assert json.loads(answer.stdout)["stopped"] is False
