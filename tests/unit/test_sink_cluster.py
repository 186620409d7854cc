"""On a cluster every statement reaches every replica, and tables replicate; alone nothing is changed."""

from __future__ import annotations

import re

import pytest

from sinks.clickhouse.cluster import on_cluster
from sinks.clickhouse.errors import InvalidMigration
from sinks.clickhouse.migrate import MIGRATIONS_DIR, load
from sinks.clickhouse.retention import AGED_BY, retention_statements

STATEMENTS = [statement for migration in load(MIGRATIONS_DIR) for statement in migration.statements]


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: " ".join(statement.split()[:6]))
def test_every_statement_of_the_migrations_is_known_on_a_cluster(statement: str) -> None:
    assert on_cluster(statement, None) == statement
    clustered = on_cluster(statement, "hospital")
    if statement.startswith("INSERT INTO"):
        assert clustered == statement
        return
    assert clustered.count(" ON CLUSTER `hospital`") == 1
    kept = clustered.replace(" ON CLUSTER `hospital`", "").removesuffix(" SYNC")
    assert kept.replace("Replicated", "").replace(" replicated_", " non_replicated_") == statement


def test_tables_replicate_and_remember_repeated_inserts() -> None:
    tables = [on_cluster(s, "hospital") for s in STATEMENTS if s.startswith("CREATE TABLE")]
    assert len(tables) > 10
    for table in tables:
        assert re.search(r"^ENGINE = ReplicatedReplacingMergeTree\(", table, re.MULTILINE)
        assert "non_replicated" not in table
        assert "replicated_deduplication_window = 1000" in table


@pytest.mark.parametrize("name", ["", "a b", "x`; DROP", "1st"])
def test_a_cluster_has_a_plain_name(name: str) -> None:
    with pytest.raises(InvalidMigration, match="no name for a cluster"):
        on_cluster("CREATE OR REPLACE VIEW v AS SELECT 1", name)


def test_a_statement_of_an_unknown_kind_is_refused_rather_than_run_on_one_replica() -> None:
    with pytest.raises(InvalidMigration, match="RENAME TABLE"):
        on_cluster("RENAME TABLE a TO b", "hospital")


def test_rows_are_kept_for_ever_unless_a_bound_is_set_and_again_once_it_is_taken_away() -> None:
    assert list(retention_statements(None, frozenset())) == []
    bounded = list(retention_statements(3650, frozenset()))
    assert len(bounded) == len(AGED_BY)
    assert "ALTER TABLE events MODIFY TTL toDateTime(recorded_at) + toIntervalDay(3650)" in bounded
    assert list(retention_statements(None, frozenset({"events"}))) == ["ALTER TABLE events REMOVE TTL"]
