"""Routing statements: what answers with rows, in which format, and where inline data begin."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.local.clickhouse.errors import ClickHouseError
from runtime.local.clickhouse.insert_sql import Insert, NeedMoreError, is_insert, parse_insert
from runtime.local.clickhouse.sql import Kind, parse_statement
from runtime.local.clickhouse.tokens import tokens


@pytest.mark.parametrize(
    ("sql", "kind", "output_format"),
    [
        (b"SELECT 1", Kind.ROWS, None),
        (b"select 1 format JSON", Kind.ROWS, "JSON"),
        (b"SELECT 1 FORMAT CSV SETTINGS max_threads = 1", Kind.ROWS, "CSV"),
        (b"SELECT 1 SETTINGS max_threads = 1 FORMAT CSV ;", Kind.ROWS, "CSV"),
        (b"SELECT format FROM t", Kind.ROWS, None),
        (b"SELECT a AS format", Kind.ROWS, None),
        (b"SELECT t.format f", Kind.ROWS, None),
        (b"SELECT 'x FORMAT JSON'", Kind.ROWS, None),
        (b"SELECT 1 -- FORMAT JSON", Kind.ROWS, None),
        (b"/* SELECT */ WITH x AS (SELECT 1) SELECT * FROM x FORMAT TSV", Kind.ROWS, "TSV"),
        (b"(SELECT 1) UNION ALL (SELECT 2)", Kind.ROWS, None),
        (b"SHOW TABLES", Kind.SMALL_ROWS, None),
        (b"DESCRIBE t FORMAT JSON", Kind.SMALL_ROWS, "JSON"),
        (b"SET max_threads = 1", Kind.STATE, None),
        (b"USE x", Kind.STATE, None),
        (b"CREATE TABLE t (a Int8) ENGINE = Memory", Kind.WRITE, None),
        (b"INSERT INTO t SELECT 1", Kind.WRITE, None),
        (b"WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", Kind.WRITE, None),
    ],
)
def test_a_statement_is_routed_by_its_shape(sql: bytes, kind: Kind, output_format: str | None) -> None:
    statement = parse_statement(sql)
    assert (statement.kind, statement.output_format) == (kind, output_format)


def test_the_output_clause_goes_before_the_format_clause() -> None:
    statement = parse_statement(b"SELECT 1 FORMAT JSON SETTINGS a = 1;")
    assert (statement.before, statement.after) == (b"SELECT 1 ", b"FORMAT JSON SETTINGS a = 1")


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        (b"", 62),
        (b" -- nothing\n", 62),
        (b"SELECT 1; DROP TABLE t", 62),
        (b"SELECT 1 INTO OUTFILE 'x'", 48),
        (b"CREATE TABLE k (a Int8) ENGINE = Kafka('b', 't', 'g', 'CSV')", 48),
        (b"create or replace table k (a Int8) engine Kafka settings kafka_topic_list = 't'", 48),
        (b"SELECT 1 into/**/outfile 'x' FORMAT CSV", 48),
    ],
)
def test_what_a_server_must_not_run_is_refused(sql: bytes, code: int) -> None:
    with pytest.raises(ClickHouseError) as caught:
        parse_statement(sql)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "sql", [b"SELECT ';'", b"SELECT `a;b`", b"SELECT $x$;$x$", b"SELECT 1 /* ; */", b"SELECT '\\';'"]
)
def test_a_semicolon_inside_a_literal_does_not_end_the_statement(sql: bytes) -> None:
    assert parse_statement(sql).text.strip() == sql.split(b" /*")[0]


@pytest.mark.parametrize(
    ("head", "text", "input_format", "data"),
    [
        (b"INSERT INTO t FORMAT CSV\n1,2\n", b"INSERT INTO t ", "CSV", b"1,2\n"),
        (b"INSERT INTO t FORMAT CSV\r\n1", b"INSERT INTO t ", "CSV", b"1"),
        (b"INSERT INTO t FORMAT TSV \n\n1", b"INSERT INTO t ", "TSV", b"\n1"),
        (b"INSERT INTO t FORMAT JSONEachRow {}", b"INSERT INTO t ", "JSONEachRow", b"{}"),
        (
            b"insert into d.`t x` (a, `values`) values (1),(2);",
            b"insert into d.`t x` (a, `values`) ",
            "Values",
            b" (1),(2);",
        ),
        (b"INSERT INTO values FORMAT CSV\n1", b"INSERT INTO values ", "CSV", b"1"),
        (
            b"INSERT INTO t SETTINGS a = 'FORMAT X' FORMAT CSV\n",
            b"INSERT INTO t SETTINGS a = 'FORMAT X' ",
            "CSV",
            b"",
        ),
        (
            b"INSERT INTO FUNCTION s3('u', 'CSV') FORMAT CSV\nx",
            b"INSERT INTO FUNCTION s3('u', 'CSV') ",
            "CSV",
            b"x",
        ),
        (
            b"-- note\nINSERT INTO TABLE t(a) FORMAT Native\n\x00\xff'",
            b"-- note\nINSERT INTO TABLE t(a) ",
            "Native",
            b"\x00\xff'",
        ),
        (b"INSERT INTO t", b"INSERT INTO t", None, b""),
    ],
)
def test_an_insert_is_split_from_its_data(
    head: bytes, text: bytes, input_format: str | None, data: bytes
) -> None:
    insert = parse_insert(head, complete=True)
    assert insert is not None
    assert (insert.text, insert.input_format, head[insert.data_at :]) == (text, input_format, data)


@pytest.mark.parametrize(
    "sql", [b"INSERT INTO t SELECT 1", b"INSERT INTO t (a) (SELECT 1)", b"INSERT INTO t WITH 1 AS x SELECT x"]
)
def test_an_insert_select_has_no_data(sql: bytes) -> None:
    assert parse_insert(sql, complete=True) is None


def test_an_insert_from_a_server_side_file_is_refused() -> None:
    with pytest.raises(ClickHouseError, match="INFILE"):
        parse_insert(b"INSERT INTO t FROM INFILE '/etc/passwd' FORMAT CSV", complete=True)


@given(
    st.sampled_from(
        [b"INSERT INTO t (a, b) FORMAT CSV\n", b"insert into `t` values ", b"INSERT INTO x.y FORMAT TSV\n"]
    ),
    st.binary(max_size=64).filter(lambda data: not data[:1].isspace()),
    st.integers(min_value=0, max_value=40),
)
def test_reading_an_insert_in_parts_finds_the_same_data(statement: bytes, data: bytes, cut: int) -> None:
    # A quote or comment right after VALUES is data too: the lexer must not reach it.
    whole = statement + b"(" + data
    expected = parse_insert(whole, complete=True)
    try:
        early = parse_insert(whole[:cut], complete=False) if is_insert(whole[:cut]) else None
    except NeedMoreError:
        early = None
    assert expected is not None
    if early is not None:
        assert early == expected


@given(st.binary(max_size=200))
def test_the_lexer_reads_any_bytes_and_never_overlaps(sql: bytes) -> None:
    end = 0
    for token in tokens(sql):
        assert end <= token.start < token.end <= len(sql)
        end = token.end


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        (b"INSERT INTO t", b"INSERT INTO t\nFROM INFILE '/f'\n\nFORMAT CSV"),
        (
            b"INSERT INTO t (a) SETTINGS async_insert=0",
            b"INSERT INTO t (a) \nFROM INFILE '/f'\nSETTINGS async_insert=0\nFORMAT CSV",
        ),
        (b"INSERT INTO settings", b"INSERT INTO settings\nFROM INFILE '/f'\n\nFORMAT CSV"),
        (b"INSERT INTO t -- why", b"INSERT INTO t -- why\nFROM INFILE '/f'\n\nFORMAT CSV"),
    ],
)
def test_an_insert_reads_its_data_from_the_spool_and_keeps_its_settings(
    text: bytes, statement: bytes
) -> None:
    assert Insert(text, "CSV", 0).from_file("/f", "Values") == statement
