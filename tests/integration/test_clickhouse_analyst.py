"""The analyst reads the views and nothing else, whatever is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sinks.clickhouse.migrate import migrate, split_statements
from tests.clickhouse_running import ANALYST, ANALYST_PASSWORD, DATABASE, ClickHouse, clickhouse_server

_GRANTS = Path(__file__).parents[2] / "deploy" / "clickhouse" / "analyst.sql"
# The rows of the worklist with their ciphertext: v_exams has all else of them.
_NOT_GRANTED = {"v_worklist"}
_SEALED = """
INSERT INTO events (event_id, exam_id, event_type, occurred_at, recorded_at, phi_key_id, phi_ciphertext)
VALUES (generateUUIDv4(), 'GENERAL|A1', 'OrderPlaced', now64(6), now64(6), 'key', 'sealed')
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    with clickhouse_server(tmp_path_factory.mktemp("clickhouse")) as running:
        client = running.client()
        migrate(client, DATABASE)
        client.command(_SEALED)
        client.close()
        yield running


def ask(server: ClickHouse, sql: str, **parameters: str) -> httpx.Response:
    headers = {"X-ClickHouse-User": ANALYST, "X-ClickHouse-Key": ANALYST_PASSWORD}
    return httpx.post(
        server.url,
        params={"database": DATABASE, **parameters},
        content=sql.encode(),
        headers=headers,
        timeout=60,
    )


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count() FROM v_exams",
        "SELECT count(*), uniq(exam_id) FROM radstream.v_events FORMAT JSONEachRow",
        "SELECT * EXCEPT (phi_key_id, phi_nonce, phi_ciphertext) FROM v_events",
        "SELECT * FROM v_turnaround WHERE modality IN ('CT', 'MR')",
        "SELECT * FROM v_turnaround WHERE exam_id IN (SELECT exam_id FROM v_exams)",
        "WITH late AS (SELECT exam_id FROM v_alerts) SELECT count() FROM v_exams WHERE exam_id IN late",
        "WITH ['CT'] AS wanted SELECT count() FROM v_exams WHERE modality IN wanted",
        "SELECT e.exam_id FROM v_events AS e JOIN v_exams AS x USING (exam_id) WHERE e.site IN x.site",
        "SELECT number FROM numbers(3)",
        "SELECT name FROM system.columns WHERE table = 'v_exams'",
        "SHOW TABLES",
        "DESCRIBE TABLE v_exams",
        "SHOW CREATE TABLE v_exams",
        "EXISTS v_exams",
        "EXPLAIN SELECT count() FROM v_exams",
        "SELECT 1 UNION ALL SELECT count() FROM v_turnaround_hourly",
        "SELECT table_name FROM information_schema.tables",
    ],
)
def test_views_and_what_describes_them_are_read(server: ClickHouse, sql: str) -> None:
    answer = ask(server, sql)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO events (exam_id) VALUES ('x')",
        "INSERT INTO events (exam_id) SELECT 'x'",
        "CREATE TABLE mine (a Int8) ENGINE = Memory",
        "CREATE TEMPORARY TABLE mine (a Int8)",
        "CREATE VIEW v_mine AS SELECT * FROM events",
        "ALTER TABLE events DELETE WHERE true",
        "DROP TABLE events",
        "TRUNCATE TABLE events",
        "OPTIMIZE TABLE events",
        "RENAME TABLE events TO mine",
        "KILL QUERY WHERE true",
        "SYSTEM FLUSH LOGS",
        "BACKUP DATABASE radstream TO File('/tmp/mine')",
        "SET readonly = 0",
        "SET max_threads = 1",
        "USE system",
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT 1 SETTINGS max_memory_usage = 0",
        "WITH x AS (SELECT 1) INSERT INTO events (exam_id) SELECT 'x'",
        "SELECT 1 PARALLEL WITH SELECT 2",
        "SELECT 1 INTO OUTFILE '/tmp/mine'",
        "SELECT 1; DROP TABLE events",
    ],
)
def test_nothing_is_written_or_set(server: ClickHouse, sql: str) -> None:
    assert ask(server, sql).status_code in {400, 403, 500, 501}
    assert ask(server, "SELECT count() FROM v_events").text == "1\n"
    made = ask(server, "SELECT count() FROM system.tables WHERE name IN ('mine', 'v_mine')")
    assert made.text == "0\n"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT file('/etc/passwd')",
        "SELECT * FROM url('http://127.0.0.1:9/', 'LineAsString')",
        "SELECT * FROM s3('http://127.0.0.1:9/bucket/key', 'LineAsString')",
        "SELECT * FROM remote('127.0.0.1', 'radstream.events')",
        "SELECT * FROM merge('radstream', '^events$')",
        "SELECT * FROM mergeTreeIndex('radstream', 'events')",
        "SELECT * FROM eval('SELECT * FROM radstream.events')",
        "SELECT * FROM view(SELECT exam_id FROM events)",
        "SELECT * FROM executable('cat', 'TSV', 'a String')",
        "SELECT * FROM default.`/etc/passwd`",
        "SELECT exam_id FROM events",
        "SELECT exam_id FROM radstream.events",
        "SELECT exam_id FROM `radstream`.`events`",
        "SELECT 1 WHERE ('a', 'b') IN radstream.events",
        "SELECT 1 WHERE 'a' IN schema_migrations",
        "SELECT in('a', schema_migrations)",
        "SELECT (SELECT exam_id FROM events LIMIT 1)",
        "WITH events AS (SELECT 1 AS exam_id) SELECT exam_id FROM events",
        "EXPLAIN SELECT (SELECT exam_id FROM events LIMIT 1)",
        "DESCRIBE file('/etc/passwd', 'LineAsString')",
        "DESCRIBE events",
        "SELECT exam_id FROM events FINAL",
        "SELECT * FROM v_exams JOIN events USING (exam_id)",
        "SELECT * FROM v_exams WHERE exam_id IN (SELECT exam_id FROM events)",
        "SELECT * FROM system.processes",
        "SELECT * FROM system.server_settings",
        "SHOW PROCESSLIST",
        "SELECT joinGet('events', 'exam_id', 'x')",
        "SELECT aiGenerate('name', 'say something')",
    ],
)
def test_nothing_else_is_read(server: ClickHouse, sql: str) -> None:
    answer = ask(server, sql)
    assert answer.status_code == 403, answer.text
    assert answer.headers["X-ClickHouse-Exception-Code"] == "497"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT phi_ciphertext FROM v_events",
        "SELECT e.`phi_ciphertext` FROM v_events AS e",
        "SELECT * FROM v_events",
        "SELECT e.* FROM v_events AS e",
        "SELECT COLUMNS('cipher') FROM v_events",
        "SELECT * EXCEPT (phi_nonce) FROM v_events",
        "SELECT tuple(*) FROM v_events",
        "SELECT length(phi_key_id) FROM v_worklist",
        "SELECT (SELECT any(phi_ciphertext) FROM v_events)",
        "SELECT count() FROM v_events WHERE phi_ciphertext LIKE 'a%'",
        "SELECT count() FROM v_events GROUP BY phi_key_id",
        "SELECT x.* FROM (SELECT * FROM v_instances) AS x",
        "SELECT {column:Identifier} FROM v_events",
    ],
)
def test_what_is_sealed_is_not_read(server: ClickHouse, sql: str) -> None:
    answer = ask(server, sql, param_column="phi_ciphertext")
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "497"), answer.text


def test_a_table_cannot_be_named_by_a_parameter(server: ClickHouse) -> None:
    assert ask(server, "SELECT count() FROM {table:Identifier}", param_table="events").status_code == 403


@pytest.mark.parametrize("database", ["default", "system"])
def test_another_database_opens_no_other_door(server: ClickHouse, database: str) -> None:
    assert ask(server, "SELECT count() FROM radstream.v_exams", database=database).status_code == 200
    for sql in (
        "SELECT * FROM `/etc/passwd`",
        "SELECT 1 WHERE 'x' IN `/etc/passwd`",
        "SELECT * FROM processes",
    ):
        assert ask(server, sql, database=database).status_code == 403


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("max_threads", "1", 200),
        ("max_execution_time", "300", 200),
        ("max_execution_time", "301", 500),
        ("max_execution_time", "0", 500),
        ("output_format_json_quote_64bit_integers", "0", 200),
        ("session_timezone", "Europe/Berlin", 200),
        ("async_insert", "0", 200),
        ("readonly_but_unknown", "1", 500),
        ("dialect", "prql", 500),
        ("max_memory_usage", "0", 500),
        ("output_format_schema", "mine", 500),
        ("allow_ddl", "0", 500),
    ],
)
def test_settings_are_the_harmless_ones(server: ClickHouse, name: str, value: str, status: int) -> None:
    assert ask(server, "SELECT 1", **{name: value}).status_code == status


def test_readonly_cannot_be_taken_off_by_a_session_or_the_address(server: ClickHouse) -> None:
    for given in ({"readonly": "0"}, {"session_id": "mine"}):
        assert ask(server, "SELECT 1", **given).status_code == 200
        assert ask(server, "CREATE TABLE mine (a Int8) ENGINE = Memory", **given).status_code != 200


def test_the_stock_client_reads_frames_and_binds_values(server: ClickHouse) -> None:
    client = server.analyst()
    frame = client.query_df(
        "SELECT exam_id, event_type FROM v_events WHERE exam_id = {exam:String}",
        parameters={"exam": "GENERAL|A1"},
    )
    assert frame.to_dict("records") == [{"exam_id": "GENERAL|A1", "event_type": "OrderPlaced"}]
    client.close()


def test_the_pipelines_user_still_writes_after_an_analyst(server: ClickHouse) -> None:
    assert ask(server, "SELECT 1").text == "1\n"
    client = server.client()
    client.command("CREATE TABLE ours (a Int8) ENGINE = Memory")
    client.command("DROP TABLE ours")
    client.close()


_COLUMNS = """
SELECT table, groupArray(name) FROM system.columns WHERE database = 'radstream' AND startsWith(table, 'v_')
GROUP BY table
"""


def test_a_server_of_ones_own_grants_what_is_read_here(server: ClickHouse) -> None:
    client = server.client()
    columns = {str(view): {*names} for view, names in client.query(_COLUMNS).result_rows}
    text, granted = _GRANTS.read_text("utf-8"), {}
    for statement in split_statements(text):
        client.query(f"EXPLAIN AST {statement}", parameters={"password": "secret"})
        found = re.fullmatch(r"GRANT SELECT(?:\((.*)\))? ON radstream\.(\w+) TO \w+", statement, re.DOTALL)
        if found is not None:
            listed, view = found[1], found[2]
            granted[view] = set(re.findall(r"\w+", listed)) if listed else columns[view]
            assert f"ALTER TABLE radstream.{view} MODIFY SQL SECURITY DEFINER" in text
    client.close()
    assert granted == {
        view: {name for name in names if not name.startswith("phi_")}
        for view, names in columns.items()
        if view not in _NOT_GRANTED
    }


def test_newer_clients_get_blocks_as_of_their_protocol_version(server: ClickHouse) -> None:
    sql = "SELECT exam_id, event_type, [event_type] AS all, occurred_at, corrects FROM v_events"
    plain = ask(server, sql, default_format="Native").content
    newer = ask(server, sql, default_format="Native", client_protocol_version="54460").content
    kinds = (
        "String",
        "LowCardinality(String)",
        "Array(LowCardinality(String))",
        "DateTime64(6, 'UTC')",
        "Nullable(UUID)",
    )
    expected = bytes.fromhex("010002ffffffff00") + plain
    for kind in kinds:
        written = bytes([len(kind)]) + kind.encode()
        expected = expected.replace(written, written + b"\0", 1)
    assert newer == expected
    assert len(newer) == len(plain) + 8 + len(kinds)
