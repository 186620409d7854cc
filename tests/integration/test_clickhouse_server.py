"""The ClickHouse server as its clients see it: a real process, clickhouse-connect and plain HTTP."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import clickhouse_connect
import httpx
import pandas as pd
import psutil
import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, StreamFailureError
from clickhouse_connect.driver.external import ExternalData

from runtime.stack.ports import allocate_free_ports

pytestmark = pytest.mark.stack

SERVE = """
import sys
from pathlib import Path
from runtime.local.clickhouse import ClickHouseConfig, serve
serve(ClickHouseConfig(host="127.0.0.1", port=int(sys.argv[1]), directory=Path(sys.argv[2]),
                       user="radstream", password="secret", max_memory_mb=1024))
"""
AUTH = ("radstream", "secret")
NOW = dt.datetime(2026, 1, 2, 3, 4, 5, 678901)  # noqa: DTZ001 clickhouse-connect answers UTC without a zone


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, **options: Any) -> Client:
        return clickhouse_connect.get_client(**self.address(), **options)

    def address(self) -> dict[str, Any]:
        return {"host": "127.0.0.1", "port": self.port, "username": AUTH[0], "password": AUTH[1]}


def start(port: int, directory: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SERVE, str(port), str(directory)], stderr=subprocess.PIPE, text=True
    )


@contextmanager
def running(directory: Path) -> Iterator[Server]:
    server = Server(port := allocate_free_ports(1)[0], start(port, directory))
    try:
        wait_until_ready(server)
        yield server
    finally:
        server.process.kill()
        server.process.communicate()


def wait_until_ready(server: Server) -> None:
    deadline_s = time.monotonic() + 60
    while time.monotonic() < deadline_s:
        assert server.process.poll() is None, server.process.communicate()[1]
        try:
            assert httpx.get(f"{server.url}/ping", timeout=60).text == "Ok.\n"
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the server did not answer within 30 s")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("clickhouse")) as started:
        yield started


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with server.client() as opened:
        yield opened


@pytest.fixture
def table(client: Client) -> Iterator[str]:
    name = f"t{uuid.uuid4().hex}"
    client.command(
        f"CREATE TABLE {name} (id UInt64, at DateTime64(6, 'UTC'), s LowCardinality(String), u UUID,"
        " n Nullable(Float64), a Array(String)) ENGINE = MergeTree ORDER BY id"
        " SETTINGS non_replicated_deduplication_window = 100"
    )
    yield name
    client.command(f"DROP TABLE {name}")


def post(server: Server, sql: str | bytes, **options: Any) -> httpx.Response:
    return httpx.post(f"{server.url}/", content=sql, auth=AUTH, **{"timeout": 60, **options})


# --- clickhouse-connect


def test_rows_come_back_as_they_were_inserted(client: Client, table: str) -> None:
    rows = [
        (1, NOW, "CT", uuid.UUID(int=7), None, ["a", "it's\t"]),
        (2, NOW, "MR", uuid.UUID(int=8), 1.5, []),
    ]
    assert client.insert(table, rows).written_rows == 2
    assert client.query(f"SELECT * FROM {table} ORDER BY id").result_rows == rows


def test_data_frames_and_arrow_tables_go_both_ways(client: Client, table: str) -> None:
    frame = pd.DataFrame({"id": [1, 2], "s": ["XR", "US"]})
    client.insert_df(table, frame)
    arrow = pa.table({"id": pa.array([3], pa.uint64()), "at": pa.array([NOW], pa.timestamp("us", "UTC"))})
    assert client.insert_arrow(table, arrow).written_rows == 1
    assert list(client.query_df(f"SELECT id, s FROM {table} ORDER BY id")["s"]) == ["XR", "US", ""]
    assert client.query_arrow(f"SELECT id FROM {table} ORDER BY id").column("id").to_pylist() == [1, 2, 3]
    assert client.query_arrow(f"SELECT id FROM {table} WHERE 0").schema.names == ["id"]


def test_parameters_are_bound_on_either_side(client: Client, table: str) -> None:
    text = "it's \\ \t\n; DROP TABLE x"
    client.command(
        f"INSERT INTO {table} (id, s) VALUES ({{i:UInt64}}, {{s:String}})", parameters={"i": 1, "s": text}
    )
    assert client.query("SELECT {s:String}", parameters={"s": text}).result_rows == [(text,)]
    found = client.query(
        f"SELECT s FROM {table} WHERE s = %(s)s AND id IN %(ids)s", parameters={"s": text, "ids": [1]}
    )
    assert found.result_rows == [(text,)]


@pytest.mark.parametrize("compress", [True, False, "gzip", "zstd", "lz4"])
def test_every_compression_works_in_both_directions(server: Server, table: str, compress: bool | str) -> None:
    with server.client(compress=compress) as client:
        client.insert(table, [(i, "x" * 50) for i in range(30_000)], column_names=["id", "s"])
        assert client.query(f"SELECT id, s FROM {table}").row_count == 30_000


def test_a_large_result_is_streamed_in_flat_memory(server: Server, client: Client) -> None:
    process = psutil.Process(server.process.pid)
    client.query("SELECT number FROM numbers(1000)")
    before, peak, rows = process.memory_info().rss, 0, 0
    sql = "SELECT number, toString(number) AS s, number / 3 AS f FROM numbers(5000000)"  # about 120 MB
    with client.query_arrow_stream(sql) as batches:
        for batch in batches:
            rows += batch.num_rows
            peak = max(peak, process.memory_info().rss)
    assert rows == 5_000_000
    assert peak - before < 64 << 20


def test_settings_hold_for_one_query_only(client: Client) -> None:
    sql = "SELECT toString(getSetting('max_threads')), getSetting('max_memory_usage')"
    before = client.query(sql).result_rows
    assert client.query(sql, settings={"max_threads": 3, "max_memory_usage": 10**9}).result_rows == [
        ("3", 10**9)
    ]
    assert client.query(sql).result_rows == before


def test_a_session_keeps_its_temporary_tables_and_settings(server: Server, client: Client) -> None:
    with server.client(session_id=uuid.uuid4().hex) as session:
        session.command("CREATE TEMPORARY TABLE tt (a Int32)")
        session.insert("tt", [[1], [2]])
        session.command("SET max_threads = 1")
        assert session.command("SELECT sum(a) FROM tt") == 3
        assert session.query("SELECT getSetting('max_threads')", settings={"max_threads": 5}).result_rows == [
            (5,)
        ]
        assert session.command("SELECT getSetting('max_threads')") == 1
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
        client.query("SELECT * FROM tt")


def test_what_one_request_changes_no_other_one_sees(server: Server) -> None:
    for sql in ("SET max_threads = 7", "USE system", "CREATE TEMPORARY TABLE leak (a Int8)"):
        assert post(server, sql).status_code == 200
    for _ in range(10):
        assert (
            post(server, "SELECT currentDatabase(), getSetting('max_threads') = 7").text == "radstream\t0\n"
        )
        assert post(server, "SELECT * FROM leak").status_code == 404


def test_an_external_table_goes_along_with_its_query(client: Client) -> None:
    data = ExternalData(file_name="ext.csv", data=b"1,a\n2,b\n", fmt="CSV", structure="x UInt8, y String")
    assert client.query("SELECT y FROM ext ORDER BY x", external_data=data).result_rows == [("a",), ("b",)]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELEC 1", 62),
        ("SELECT * FROM nowhere", 60),
        ("SELECT nothing", 47),
        ("SELECT throwIf(number = 10) FROM numbers(100)", 395),
        ("SELECT groupArray(number) FROM numbers(1000000000)", 241),
    ],
)
def test_an_error_carries_clickhouses_code(client: Client, sql: str, code: int) -> None:
    with pytest.raises(DatabaseError) as caught:
        client.query(sql)
    assert caught.value.code == code


@pytest.mark.parametrize("compress", [True, False])
def test_an_error_in_mid_stream_reaches_the_client(server: Server, compress: bool) -> None:
    sql = "SELECT rand64(), throwIf(number = 2000000) FROM numbers(3000000)"
    seen: list[int] = []
    with (
        server.client(compress=compress) as client,
        client.query_row_block_stream(sql) as blocks,
        pytest.raises(StreamFailureError, match="throwIf"),
    ):
        seen.extend(len(block) for block in blocks)
    assert 0 < sum(seen) < 3_000_000


def test_wrong_credentials_are_refused(server: Server) -> None:
    with pytest.raises(DatabaseError) as caught:
        clickhouse_connect.get_client(**server.address() | {"password": "wrong"})
    assert caught.value.code == 516


def test_the_async_client_works(server: Server) -> None:
    async def run() -> tuple[object, int]:
        client = await clickhouse_connect.get_async_client(**server.address())
        async with client:
            answer = await client.command("SELECT 5")
            rows = 0
            async with await client.query_row_block_stream("SELECT number FROM numbers(200000)") as blocks:
                async for block in blocks:
                    rows += len(block)
        return answer, rows

    assert asyncio.run(run()) == (5, 200_000)


def test_a_repeated_insert_with_the_same_token_doubles_neither_table_nor_view(
    client: Client, table: str
) -> None:
    client.command(
        f"CREATE TABLE {table}_v (s String, n UInt64) ENGINE = MergeTree ORDER BY s"
        " SETTINGS non_replicated_deduplication_window = 100"
    )
    client.command(
        f"CREATE MATERIALIZED VIEW {table}_m TO {table}_v AS SELECT s, count() AS n FROM {table} GROUP BY s"
    )
    token = {"insert_deduplication_token": "events:0:0-1"}
    for _ in range(3):
        client.insert(table, [[1, "CT"], [2, "CT"]], column_names=["id", "s"], settings=token)
    assert client.command(f"SELECT count() FROM {table}") == 2
    assert client.command(f"SELECT sum(n) FROM {table}_v") == 2
    client.insert(table, [[3, "CT"]], column_names=["id", "s"])
    assert client.command(f"SELECT sum(n) FROM {table}_v") == 3
    client.command(f"DROP TABLE {table}_m")
    client.command(f"DROP TABLE {table}_v")


def test_eight_clients_at_once_see_their_own_rows(server: Server, table: str) -> None:
    def work(worker: int) -> int:
        with server.client() as client:
            for at in range(10):
                row_id = worker * 1000 + at
                client.insert(table, [[row_id]], column_names=["id"], settings={"max_threads": worker + 1})
                assert client.command(f"SELECT count() FROM {table} WHERE id = {row_id}") == 1
        return 10

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == 80


# --- plain HTTP


def test_health_checks_need_no_credentials(server: Server) -> None:
    for path, text in (("/", "Ok.\n"), ("/ping", "Ok.\n"), ("/replicas_status", "Ok.\n")):
        assert httpx.get(server.url + path, timeout=60).text == text
    assert httpx.get(f"{server.url}/nowhere", timeout=60).status_code == 404


def test_a_query_may_stand_in_the_url_the_body_or_both(server: Server, table: str) -> None:
    url = server.url
    assert httpx.get(url, params={"query": "SELECT 1"}, auth=AUTH, timeout=60).text == "1\n"
    assert post(server, "SELECT 2 FORMAT JSONCompact").json()["data"] == [[2]]
    assert post(server, "1,a\n2,b\n", params={"query": f"INSERT INTO {table} (id, s) FORMAT CSV"}).text == ""
    assert post(server, f"INSERT INTO {table} (id, s) VALUES (3, 'c'), (4, 'd')").status_code == 200
    assert post(server, f"INSERT INTO {table} (id) SELECT number + 5 FROM numbers(2)").status_code == 200
    answer = post(server, f"SELECT id, s FROM {table} ORDER BY id", params={"default_format": "CSVWithNames"})
    assert answer.text == '"id","s"\n1,"a"\n2,"b"\n3,"c"\n4,"d"\n5,""\n6,""\n'
    assert answer.headers["x-clickhouse-format"] == "CSVWithNames"


def test_curl_speaks_gzip_in_both_directions(server: Server, table: str, tmp_path: Path) -> None:
    data = tmp_path / "data.csv.gz"
    data.write_bytes(gzip.compress(b"1,a\n2,b\n"))
    curl = ["curl", "--silent", "--show-error", "--fail", "--user", ":".join(AUTH)]
    insert = f"{server.url}/?query=INSERT+INTO+{table}+(id,s)+FORMAT+CSV"
    subprocess.run(
        [*curl, insert, "--header", "Content-Encoding: gzip", "--data-binary", f"@{data}"], check=True
    )
    answer = subprocess.run(
        [*curl, "--compressed", server.url, "--data", f"SELECT s FROM {table} ORDER BY id"],
        check=True,
        capture_output=True,
    )
    assert answer.stdout == b"a\nb\n"


def test_a_get_request_cannot_write(server: Server, table: str) -> None:
    answer = httpx.get(
        server.url, params={"query": f"INSERT INTO {table} (id) VALUES (1)"}, auth=AUTH, timeout=60
    )
    assert answer.headers["x-clickhouse-exception-code"] == "164"


def test_a_connection_serves_the_next_request_after_an_error(server: Server, table: str) -> None:
    with httpx.Client(auth=AUTH, base_url=server.url, timeout=60) as http:
        bad = b"INSERT INTO %b (id) FORMAT CSV\n1\nnot a number\n" % table.encode()
        assert http.post("/", content=bad).status_code == 400
        assert http.post("/", content="SELECT count() FROM " + table).text == "0\n"


@pytest.mark.parametrize("announced", ["Content-Length: 1000000", "Transfer-Encoding: chunked"])
def test_an_insert_whose_client_goes_away_leaves_nothing(server: Server, table: str, announced: str) -> None:
    head = f"POST /?user={AUTH[0]}&password={AUTH[1]} HTTP/1.1\r\nHost: x\r\n{announced}\r\n\r\n"
    data = f"INSERT INTO {table} (id) FORMAT TSV\n".encode() + b"1\n" * 200_000
    chunk = b"%x\r\n%b\r\n" % (len(data), data) if "chunked" in announced else data
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(head.encode() + chunk)
    time.sleep(0.3)
    assert post(server, f"SELECT count() FROM {table}").text == "0\n"


@pytest.mark.parametrize(
    "rows", ["SELECT number, 'abandoned'", "SELECT max(ignore(sipHash64(number), 'abandoned'))"]
)
def test_a_query_ends_when_its_client_goes_away(server: Server, rows: str) -> None:
    sql = f"{rows} FROM numbers(100000000000)"
    head = (
        f"POST /?user={AUTH[0]}&password={AUTH[1]} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(sql)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall((head + sql).encode())
        time.sleep(0.5)
    deadline_s = time.monotonic() + 60
    running_sql = "SELECT countIf(query LIKE '%abandoned%') - 1 FROM system.processes"
    while (left := post(server, running_sql).text) != "0\n" and time.monotonic() < deadline_s:
        time.sleep(0.1)
    assert left == "0\n"


def test_concurrent_use_of_a_session_is_refused(server: Server) -> None:
    session = {"session_id": uuid.uuid4().hex}
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(post, server, "SELECT sleep(1)", params=session)
        time.sleep(0.4)
        assert post(server, "SELECT 1", params=session).headers["x-clickhouse-exception-code"] == "373"
        assert slow.result().status_code == 200


# --- the process


def test_acknowledged_rows_survive_kill_9_whole_and_once(tmp_path: Path) -> None:
    rows_per_insert = 200
    acknowledged: set[tuple[int, int]] = set()
    for generation in range(3):
        with running(tmp_path) as server:
            with server.client() as client:
                if generation == 0:
                    client.command(
                        "CREATE TABLE k (w UInt32, b UInt32, i UInt32) ENGINE = MergeTree ORDER BY (w, b)"
                    )
                check_rows(client, acknowledged, rows_per_insert)
            writers = [
                threading.Thread(
                    target=insert_until_killed, args=(server, generation * 4 + worker, acknowledged)
                )
                for worker in range(4)
            ]
            for writer in writers:
                writer.start()
            time.sleep(0.5)
            server.process.kill()
            for writer in writers:
                writer.join()
    assert acknowledged
    with running(tmp_path) as server, server.client() as client:
        check_rows(client, acknowledged, rows_per_insert)


def insert_until_killed(server: Server, worker: int, acknowledged: set[tuple[int, int]]) -> None:
    batch = 0
    try:
        with server.client(query_retries=0) as client:
            while True:
                client.insert("k", [[worker, batch, i] for i in range(200)], column_names=["w", "b", "i"])
                acknowledged.add((worker, batch))
                batch += 1
    except ClickHouseError:
        return


def check_rows(client: Client, acknowledged: set[tuple[int, int]], rows_per_insert: int) -> None:
    found = {(w, b): n for w, b, n in client.query("SELECT w, b, count() FROM k GROUP BY w, b").result_rows}
    assert acknowledged <= set(found)
    assert set(found.values()) <= {rows_per_insert}


def test_sigterm_cancels_what_runs_and_ends_with_exit_code_0(tmp_path: Path) -> None:
    with running(tmp_path) as server, ThreadPoolExecutor(1) as pool:
        endless = "SELECT count() FROM numbers(100000000000) WHERE NOT ignore(sipHash64(number))"
        query = pool.submit(post, server, endless, timeout=30)
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(60) == 0
        assert query.exception() is not None or query.result().headers["x-clickhouse-exception-code"] == "394"


def test_a_directory_in_use_stops_the_start_and_names_the_holder(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        second = start(allocate_free_ports(1)[0], tmp_path)
        _, said = second.communicate(timeout=30)
    assert second.returncode != 0
    assert f"in use by process {server.process.pid}" in said


def test_a_port_in_use_stops_the_start_and_names_the_setting(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start(taken.getsockname()[1], tmp_path)
        _, said = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "RADSTREAM_CLICKHOUSE_PORT" in said


def fill(directory: Path) -> Path:
    """A stopped server's directory with one part of 100 rows; the part's own directory."""
    with running(directory) as server:
        assert post(server, "CREATE TABLE d (a UInt64) ENGINE = MergeTree ORDER BY a").status_code == 200
        assert post(server, "INSERT INTO d SELECT number FROM numbers(100)").status_code == 200
        part = Path(post(server, "SELECT path FROM system.parts WHERE table = 'd' AND active").text.strip())
        server.process.terminate()
        assert server.process.wait(60) == 0
    return part


def test_a_stopped_server_starts_again_with_all_its_rows(tmp_path: Path) -> None:
    # Also what makes the refusals below mean something.
    fill(tmp_path)
    with running(tmp_path) as server:
        assert post(server, "SELECT sum(a) FROM d").text == "4950\n"


@pytest.mark.parametrize("victim", ["../d.sql", "data.bin", "columns.txt"])
def test_damaged_data_stop_the_start_and_the_error_says_what_to_do(tmp_path: Path, victim: str) -> None:
    part = fill(tmp_path)
    (definition,) = (tmp_path / "engine" / "store").glob("*/*/d.sql")
    (definition if victim == "../d.sql" else part / victim).write_bytes(b"damaged")
    process = start(allocate_free_ports(1)[0], tmp_path)
    _, said = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "move" in said
    assert "rebuilt from the event log" in said


def test_a_flipped_bit_is_an_error_when_it_is_read_and_never_a_wrong_row(tmp_path: Path) -> None:
    path = fill(tmp_path) / "data.bin"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with running(tmp_path) as server:
        answer = post(server, "SELECT sum(a) FROM d WHERE NOT ignore(a)")
    assert (answer.status_code, answer.headers["x-clickhouse-exception-code"]) == (500, "40")


def test_a_kafka_table_is_refused_before_it_makes_the_database_unusable(tmp_path: Path) -> None:
    fill(tmp_path)
    with running(tmp_path) as server:
        ddl = "CREATE TABLE k (a UInt64) ENGINE = Kafka('127.0.0.1:1', 't', 'g', 'CSV')"
        assert post(server, ddl).headers["x-clickhouse-exception-code"] == "48"
    with running(tmp_path) as server:
        assert post(server, "SHOW TABLES").text == "d\n"


@pytest.mark.parametrize("attempt", range(3))
def test_sigterm_right_after_a_statement_is_never_missed(tmp_path: Path, attempt: int) -> None:
    # The engine's own threads are busy then, and may be the ones to take the signal.
    with running(tmp_path) as server:
        post(server, "CREATE TABLE d (a UInt64) ENGINE = MergeTree ORDER BY a")
        post(server, "INSERT INTO d SELECT number FROM numbers(100000)")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(60) == 0


def test_an_insert_that_fails_while_it_is_written_is_not_acknowledged(client: Client) -> None:
    name = f"t{uuid.uuid4().hex}"
    client.command(
        f"CREATE TABLE {name} (id UInt64, CONSTRAINT small CHECK id < 10) ENGINE = MergeTree ORDER BY id"
    )
    with pytest.raises(DatabaseError, match="469"):
        client.insert_arrow(name, pa.table({"id": pa.array([1, 99], pa.uint64())}))
    assert client.query(f"SELECT count() FROM {name}").result_rows == [(0,)]
    client.command(f"DROP TABLE {name}")
