"""Migrations: statements are split where SQL ends them, and files are applied once and never changed."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.intervals import INTERVALS
from sinks.clickhouse.errors import InvalidMigration, MigrationChanged
from sinks.clickhouse.migrate import MIGRATIONS_DIR, load, outstanding, split_statements

STATEMENTS = [statement for migration in load(MIGRATIONS_DIR) for statement in migration.statements]
MADE_FROM_OTHERS = ("turnaround_from_exams", "turnaround", "turnaround_hourly")
TABLES = [statement for statement in STATEMENTS if statement.startswith("CREATE TABLE")]


@pytest.mark.parametrize(
    ("sql", "statements"),
    [
        ("", []),
        (" ;; ; ", []),
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1; SELECT 2;\n", ["SELECT 1", "SELECT 2"]),
        ("SELECT ';' , \"a;b\", `c;d`; SELECT 2", ["SELECT ';' , \"a;b\", `c;d`", "SELECT 2"]),
        (r"SELECT 'it\'s; one'; SELECT 2", [r"SELECT 'it\'s; one'", "SELECT 2"]),
        ("SELECT 'it''s; one'", ["SELECT 'it''s; one'"]),
        ("-- no; comment's end\nSELECT 1 -- ;\n; /* ; ' */ SELECT 2", ["SELECT 1", "SELECT 2"]),
        ("SELECT 4-1/2", ["SELECT 4-1/2"]),
        ("SELECT '--', '/*'; SELECT '*/'", ["SELECT '--', '/*'", "SELECT '*/'"]),
    ],
)
def test_a_statement_ends_at_a_semicolon_outside_of_quotes_and_comments(
    sql: str, statements: list[str]
) -> None:
    assert split_statements(sql) == statements


@given(st.lists(st.text(st.characters(codec="utf-8")), max_size=5))
def test_what_stands_in_quotes_comes_through_as_it_is(texts: list[str]) -> None:
    quoted = ["SELECT '" + text.replace("\\", "\\\\").replace("'", "\\'") + "'" for text in texts]
    assert split_statements(";".join(quoted)) == quoted


@pytest.mark.parametrize("sql", ["SELECT 'a", 'SELECT "a', "SELECT `a", "SELECT /* a"])
def test_a_quote_that_is_never_closed_is_refused(sql: str) -> None:
    with pytest.raises(InvalidMigration, match="never closed"):
        split_statements(sql)


def test_only_what_was_not_applied_is_outstanding() -> None:
    migrations = load(MIGRATIONS_DIR)
    first = migrations[0]
    assert outstanding(migrations, {}) == migrations
    assert outstanding(migrations, {first.version: first.sha256}) == migrations[1:]
    assert outstanding(migrations, {m.version: m.sha256 for m in migrations}) == []


def test_a_migration_that_was_changed_after_it_was_applied_is_refused() -> None:
    migrations = load(MIGRATIONS_DIR)
    changed = [migrations[0], replace(migrations[1], sha256="0" * 64), *migrations[2:]]
    with pytest.raises(MigrationChanged, match="0002_instances"):
        outstanding(changed, {m.version: m.sha256 for m in migrations})


@pytest.mark.parametrize(
    "names", [["0002_a.sql"], ["0001_a.sql", "0001_b.sql"], ["1_a.sql"], ["0001_A b.sql"]]
)
def test_a_file_that_does_not_count_on_is_refused(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("SELECT 1")
    with pytest.raises(InvalidMigration):
        load(tmp_path)


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: " ".join(statement.split()[:6]))
def test_every_statement_may_be_run_again(statement: str) -> None:
    repeatable = (
        "CREATE TABLE IF NOT EXISTS",
        "CREATE MATERIALIZED VIEW IF NOT EXISTS",
        "CREATE OR REPLACE VIEW",
        "CREATE OR REPLACE DICTIONARY",
        "ALTER TABLE",
        # Into tables where a second row of one key and version is the first.
        "INSERT INTO turnaround\n",
        "INSERT INTO turnaround_hours\n",
        "INSERT INTO deliveries\n",
        # What is made from other tables, and is made anew right after.
        *(f"DROP TABLE IF EXISTS {name}" for name in MADE_FROM_OTHERS),
        "TRUNCATE TABLE IF EXISTS turnaround_counts",
    )
    assert statement.startswith(repeatable)
    if statement.startswith("ALTER TABLE"):
        repeatable_changes = re.findall("ADD COLUMN IF NOT EXISTS|MODIFY COLUMN", statement)
        assert len(repeatable_changes) == statement.count(" COLUMN ")


def test_what_a_migration_drops_it_makes_anew() -> None:
    for migration in load(MIGRATIONS_DIR):
        for place, statement in enumerate(migration.statements):
            if statement.startswith("DROP TABLE IF EXISTS "):
                name = statement.split()[-1]
                rest = " ".join(migration.statements[place + 1 :])
                assert re.search(rf"CREATE (TABLE|MATERIALIZED VIEW) IF NOT EXISTS {name}\s", rest), name


@pytest.mark.parametrize("statement", TABLES, ids=lambda statement: statement.split()[5])
def test_every_table_tells_what_it_holds_and_drops_repeated_inserts(statement: str) -> None:
    columns = re.findall(r"^    (?!INDEX)\w+ .*$", statement, re.MULTILINE)
    assert columns
    assert all(" COMMENT '" in column for column in columns)
    assert re.search(r"\nCOMMENT '", statement)
    assert "non_replicated_deduplication_window = 1000" in statement
    assert re.search(r"ReplacingMergeTree\((version|version, is_deleted|touched_at|recorded_at)\)", statement)


def test_every_version_of_an_exam_writes_a_row_of_every_interval_there_is() -> None:
    names = ", ".join(f"'{spec.name}'" for spec in INTERVALS)
    (latest,) = [s for s in STATEMENTS if "TO turnaround AS" in s][-1:]
    assert f"[ {names} ]" in " ".join(latest.split())
