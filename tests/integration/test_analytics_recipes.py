"""The recipes of docs/analytics.md work as they stand there, on a quarter of a department."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sinks.clickhouse.migrate import migrate
from tests.clickhouse_running import ANALYST_PASSWORD, DATABASE, clickhouse_server
from tests.quarter import quarter
from tests.quarter_events import load
from tests.quarter_measures import measured

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs" / "analytics.md").read_text("utf-8")
_CONNECTING = _PAGE.partition("## Connecting")[2].partition("## Twenty questions")[0]
_RECIPES = {
    (title, language): text
    for title, section in re.findall(
        r"^### (\w+)[^\n]*\n(.*?)(?=^### |\Z)", _CONNECTING, re.DOTALL | re.MULTILINE
    )
    for language, text in re.findall(r"^```(sh|python)\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
}
Run = Callable[[str, str], str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs a recipe at home, where the secrets are; only the port is another one."""
    home = tmp_path_factory.mktemp("home")
    secrets = home / ".local/share/radstream/secrets"
    secrets.mkdir(parents=True)
    (secrets / "clickhouse_analyst_password").write_text(f"{ANALYST_PASSWORD}\n")
    (secrets / "clickhouse_analyst_password").chmod(0o600)
    programs = home / "bin"
    programs.mkdir()
    (programs / "radstream").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m runtime.cli.main "$@"\n')
    (programs / "radstream").chmod(0o700)
    with clickhouse_server(tmp_path_factory.mktemp("clickhouse")) as server:
        client = server.client()
        migrate(client, DATABASE)
        load(client, quarter())
        client.close()
        environment = {
            **os.environ,
            "HOME": str(home),
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(_ROOT),
            "RADSTREAM_DATA": str(secrets.parent),
            "RADSTREAM_KAFKA_BOOTSTRAP": "127.0.0.1:9",
            "RADSTREAM_CLICKHOUSE_URL": server.url,
        }

        def run(title: str, language: str) -> str:
            text = _RECIPES[title, language].replace("18123", str(server.port))
            program = ["sh", "-eu", "-c"] if language == "sh" else [sys.executable, "-W", "error", "-c"]
            done = subprocess.run(
                [*program, text],
                env=environment,
                cwd=home,
                capture_output=True,
                text=True,
                timeout=90,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        yield run


def test_every_recipe_that_needs_no_screen_is_run_here() -> None:
    assert set(_RECIPES) == {
        ("curl", "sh"),
        ("Python", "python"),
        ("pandas", "python"),
        ("DuckDB", "sh"),
        ("DuckDB", "python"),
    }


def test_curl(run: Run) -> None:
    lines = run("curl", "sh").splitlines()
    final = sum(s.final is not None for s in quarter().stories if s.modality == "CT")
    assert lines[0] == '"stage","exams"'
    assert f'"final",{final}' in lines


def test_python(run: Run) -> None:
    taken = [minutes for _, minutes in measured(quarter(), "completed", "final", "final")]
    printed = [float(line.split()[1]) for line in run("Python", "python").splitlines()]
    assert printed == sorted(taken, reverse=True)[:3]


def test_pandas(run: Run) -> None:
    printed = run("pandas", "python")
    assert "Monday" in printed
    assert "90%" in printed


def test_duckdb_reads_the_exported_file(run: Run) -> None:
    assert run("DuckDB", "sh") == ""
    printed = run("DuckDB", "python")
    ct = sum(s.modality == "CT" for s, _ in measured(quarter(), "completed", "final", "final"))
    assert re.search(rf"CT\W+{ct}\W", printed), printed
