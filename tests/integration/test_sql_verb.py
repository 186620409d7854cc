"""`radstream sql` as an analyst uses it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sinks.clickhouse.migrate import migrate
from tests.clickhouse_running import ANALYST, ANALYST_PASSWORD, DATABASE, clickhouse_server

_QUESTION = """
-- param modality = CT
-- param note = tab	and \\ and 'quote'
SELECT {modality:String} AS modality, {note:String} AS note, number, CAST(NULL, 'Nullable(Int8)') AS none
FROM numbers({rows:UInt8});
"""
Sql = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def sql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sql]:
    """Runs the verb on a ClickHouse of its own."""
    with clickhouse_server(tmp_path_factory.mktemp("clickhouse")) as server:
        client = server.client()
        migrate(client, DATABASE)
        client.close()
        settings = {
            "RADSTREAM_DATA": str(tmp_path_factory.mktemp("data")),
            "RADSTREAM_KAFKA_BOOTSTRAP": "127.0.0.1:9",
            "RADSTREAM_CLICKHOUSE_URL": server.url,
            "RADSTREAM_CLICKHOUSE_ANALYST_USER": ANALYST,
            "RADSTREAM_CLICKHOUSE_ANALYST_PASSWORD": ANALYST_PASSWORD,
        }

        def run(*arguments: str, stdin: str = "", **changed: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-m", "runtime.cli.main", "sql", *arguments],
                input=stdin,
                env={**os.environ, **settings, **changed},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )

        yield run


def test_a_statement_from_a_file_with_its_defaults_and_parameters(sql: Sql, tmp_path: Path) -> None:
    file = tmp_path / "question.sql"
    file.write_text(_QUESTION, "utf-8")
    answer = sql("--file", str(file), "--param", "rows=2", "--param", "modality=MR", "--json")
    row = {"modality": "MR", "note": "tab\tand \\ and 'quote'", "none": None}
    assert json.loads(answer.stdout) == [{**row, "number": 0}, {**row, "number": 1}]


def test_a_statement_from_standard_input_as_csv(sql: Sql) -> None:
    answer = sql("--format", "csv", stdin="SELECT number AS n, 'a,b' AS text FROM numbers(2)")
    assert answer.stdout == '"n","text"\n0,"a,b"\n1,"a,b"\n'


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv", "rows.json"])
def test_the_file_of_an_answer_has_the_form_of_its_name_and_is_its_users(
    sql: Sql, tmp_path: Path, name: str
) -> None:
    output = tmp_path / name
    answer = sql("SELECT number AS n, 'a\\nb' AS text FROM numbers(3)", "--output", str(output))
    assert (answer.returncode, answer.stdout) == (0, "")
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    if name.endswith("parquet"):
        assert pq.read_table(output).column("n").to_pylist() == [0, 1, 2]
    elif name.endswith("csv"):
        assert output.read_text() == '"n","text"\n0,"a\nb"\n1,"a\nb"\n2,"a\nb"\n'
    else:
        assert json.loads(output.read_text()) == [{"n": n, "text": "a\nb"} for n in range(3)]


def test_an_answer_that_fails_leaves_no_file(sql: Sql, tmp_path: Path) -> None:
    answer = sql(
        "SELECT throwIf(number = 1000000) FROM numbers(1000001)", "--output", str(tmp_path / "a.csv")
    )
    assert answer.returncode == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code", "next_step"),
    [
        (("DROP TABLE events",), 1, "reads only"),
        (("SELECT exam_id FROM events",), 1, "SHOW TABLES"),
        (("SELECT {x:String}",), 1, "--param NAME=VALUE"),
        (("SELECT wrong FROM v_exams",), 1, "DESCRIBE v_exams"),
        (("SELECT 1", "--param", "x"), 2, "NAME=VALUE"),
        (("SELECT 1", "--file", "x.sql"), 2, "not both"),
        (("--file", "/nowhere/x.sql"), 2, "cannot be read"),
        (("SELECT 1", "--format", "table", "--output", "x"), 2, "--format csv"),
        (("SELECT 1", "--output", "/nowhere/x.csv"), 1, "another --output"),
    ],
)
def test_an_error_says_the_next_step(sql: Sql, arguments: tuple[str, ...], code: int, next_step: str) -> None:
    answer = sql(*arguments, "--json")
    assert answer.returncode == code
    assert next_step in json.loads(answer.stdout)["error"]


def test_a_wrong_password_and_a_server_that_is_away_say_the_next_step(sql: Sql) -> None:
    wrong = sql("SELECT 1", "--json", RADSTREAM_CLICKHOUSE_ANALYST_PASSWORD="wrong")
    assert "deploy/clickhouse/analyst.sql" in json.loads(wrong.stdout)["error"]
    away = sql("SELECT 1", "--json", RADSTREAM_CLICKHOUSE_URL="http://127.0.0.1:9")
    assert "radstream status" in json.loads(away.stdout)["error"]
