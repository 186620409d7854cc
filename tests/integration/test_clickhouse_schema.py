"""The schema on the real engine: comments, definitions, retention, clusters, the whole event in its row."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from producers.history.manifest import Manifest, write_manifest
from producers.history.synthetic import SyntheticHistory
from runtime.backfill.synthetic import manifest_path
from runtime.department_time import first_event_at, latest_event_at, simulated_clock
from runtime.installation import Installation
from runtime.settings import Settings
from schemas import topics
from schemas.clock import DepartmentClock
from schemas.contracts import EVENTS_NAMESPACE, contracts
from schemas.events import EVENT_CLASSES, Event, OrderPlaced, TargetsPublished
from schemas.identity import event_id
from schemas.intervals import INTERVALS
from schemas.keyring_config import FileKeyRingConfig
from schemas.parts import Envelope, Source, Target
from sinks.clickhouse.cluster import on_cluster
from sinks.clickhouse.columns import Placed
from sinks.clickhouse.config import ClickHouseSinkConfig
from sinks.clickhouse.migrate import MIGRATIONS_DIR, load
from sinks.clickhouse.preparation import prepare
from sinks.clickhouse.retention import AGED_BY
from sinks.clickhouse.rows import EVENTS, to_arrow
from tests.clickhouse_running import DATABASE, PASSWORD, USER, ClickHouse, clickhouse_server
from tests.histories import events


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    with clickhouse_server(tmp_path_factory.mktemp("clickhouse")) as running:
        yield running


@pytest.fixture(scope="module")
def config(server: ClickHouse) -> ClickHouseSinkConfig:
    return ClickHouseSinkConfig(
        kafka_bootstrap="",
        registry_url="",
        clickhouse_url=server.url,
        clickhouse_user=USER,
        clickhouse_password=PASSWORD,
        database=DATABASE,
        key_ring=FileKeyRingConfig(directory=Path("unused"), site_key=bytes(32)),
        zone="Europe/Vienna",
    )


@pytest.fixture(scope="module")
def client(server: ClickHouse, config: ClickHouseSinkConfig) -> Iterator[Client]:
    client = server.client()
    prepare(client, config)
    yield client
    client.close()


def test_every_column_of_every_table_and_view_says_what_it_holds(client: Client) -> None:
    sql = """
    SELECT table, name FROM system.columns
    WHERE database = currentDatabase() AND comment = '' AND table IN (
        SELECT name FROM system.tables WHERE database = currentDatabase() AND engine != 'MaterializedView'
            AND engine != 'Dictionary'
    )
    """
    assert client.query(sql).result_rows == []
    tables = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
    assert client.query(f"{tables} AND comment = ''").result_rows == []


def test_to_prepare_again_changes_nothing(client: Client, config: ClickHouseSinkConfig) -> None:
    sql = (
        "SELECT name, create_table_query FROM system.tables WHERE database = currentDatabase() ORDER BY name"
    )
    before = client.query(sql).result_rows
    prepare(client, config)
    assert client.query(sql).result_rows == before


def test_dictionaries_tell_what_sites_intervals_and_targets_are(
    client: Client, config: ClickHouseSinkConfig
) -> None:
    for spec in INTERVALS:
        told = client.query(
            "SELECT dictGet('intervals', ('label', 'meaning', 'end_milestone'), tuple({name:String}))",
            parameters={"name": spec.name},
        ).result_rows[0][0]
        assert tuple(told.values()) == (spec.label, spec.meaning, spec.end)
    zone = "SELECT dictGet('sites', 'zone', tuple({site:String}))"
    assert client.query(zone, parameters={"site": config.site}).result_rows == [("Europe/Vienna",)]
    follows: str | None = None
    # The last one was said by a clock that stood before the one of those before it.
    for place, (day, due_s) in enumerate(((1, 60), (3, 61), (2, 3600))):
        said = _targets(datetime(2026, 3, day, tzinfo=UTC), due_s, follows)
        follows = said.envelope.event_id
        client.insert_arrow("events", to_arrow(EVENTS, [Placed(said, topics.TARGETS, 0, place)]))
    client.command("SYSTEM RELOAD DICTIONARY targets")
    names = ("priorities", "due_s", "warn_before_s")
    told = client.query(f"SELECT dictGet('targets', {names}, tuple('report_turnaround'))").result_rows[0][0]
    assert [list(part) for part in told.values()] == [["STAT", ""], [3600, 7200], [60, 60]]
    assert client.query("SELECT count(), uniqExact(targets_sha256) FROM v_targets").result_rows == [(3, 1)]


def test_a_department_stands_where_exams_were_heard_of_last_whatever_radstream_said_since(
    server: ClickHouse, config: ClickHouseSinkConfig, tmp_path: Path
) -> None:
    there = Installation(
        Settings(
            data=tmp_path,
            clickhouse_url=server.url,
            clickhouse_user=USER,
            clickhouse_password=PASSWORD,
            clickhouse_database="heard",
        )
    )
    other = server.client()
    prepare(other, replace(config, database="heard"))
    noon = datetime(2026, 3, 5, 12, tzinfo=UTC)
    wall = _targets(noon + timedelta(days=3), 60, None)
    other.insert_arrow("events", to_arrow(EVENTS, [Placed(wall, topics.TARGETS, 0, 0)]))
    assert (first_event_at(there), latest_event_at(there), simulated_clock(there)) == (None, None, None)
    history = SyntheticHistory(begins_at=noon - timedelta(days=9), ends_at=noon - timedelta(days=1))
    begun = Manifest(history, 1.0)
    assert _stands(simulated_clock(there, begun)) == history.ends_at
    ris = Source(system="RIS", facility="", protocol="HL7v2")
    # The last one by a clock that is ahead of ours.
    for place, after_min in enumerate((-60, 0, 20)):
        at = noon + timedelta(minutes=after_min)
        envelope = replace(
            wall.envelope, exam_id="GENERAL|A1", source=ris, event_id=event_id("A1", f"{place}")
        )
        heard = OrderPlaced(envelope=replace(envelope, occurred_at=at, recorded_at=min(at, noon)))
        other.insert_arrow("events", to_arrow(EVENTS, [Placed(heard, topics.EVENTS, 0, place)]))
    assert (first_event_at(there), latest_event_at(there)) == (noon - timedelta(hours=1), noon)
    assert simulated_clock(there, begun) is None, "what is real goes by the wall's clock"
    write_manifest(manifest_path(tmp_path), begun)
    assert _stands(simulated_clock(there)) == noon
    other.close()


def _stands(clock: str | None) -> datetime:
    assert clock is not None
    return DepartmentClock.parse(clock).department_epoch


def _targets(at: datetime, due_s: int, follows: str | None) -> TargetsPublished:
    of = "report_turnaround"
    envelope = Envelope(
        event_id=event_id("targets", at.isoformat()),
        exam_id="GENERAL|targets",
        occurred_at=at,
        recorded_at=at,
        source=Source(system="alerts", facility="", protocol="radstream"),
        source_message_id="targets.toml",
        site="GENERAL",
    )
    targets = (
        Target(interval=of, priority="STAT", due_s=due_s, warn_before_s=60),
        Target(interval=of, due_s=2 * due_s, warn_before_s=60),
        Target(interval="order_to_start", site="NORTH", due_s=5, warn_before_s=1),
    )
    return TargetsPublished(envelope=envelope, targets_sha256=f"{due_s}", targets=targets, follows=follows)


def test_rows_go_after_the_days_that_are_set_and_stay_once_none_are(
    client: Client, config: ClickHouseSinkConfig
) -> None:
    sql = (
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND create_table_query LIKE"
        " '% TTL %toIntervalDay(4000)%' ORDER BY name"
    )
    prepare(client, replace(config, keep_days=4000))
    assert [name for (name,) in client.query(sql).result_rows] == sorted(AGED_BY)
    prepare(client, config)
    assert client.query(sql).result_rows == []


def test_the_engine_parses_every_statement_of_a_cluster(client: Client) -> None:
    statements = [statement for one in load(MIGRATIONS_DIR) for statement in one.statements]
    for statement in statements:
        clustered = on_cluster(statement, "hospital")
        told = client.query("SELECT formatQuery({sql:String})", parameters={"sql": clustered}).result_rows
        assert ("ON CLUSTER hospital" in told[0][0]) == (not statement.startswith("INSERT"))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(events(), min_size=1, max_size=40))
def test_the_row_of_an_event_has_the_whole_event(client: Client, said: list[Event]) -> None:
    one_each = {one.envelope.event_id: one for one in said}
    client.command("TRUNCATE TABLE events")
    placed = [Placed(one, topics.EVENTS, 0, place) for place, one in enumerate(one_each.values())]
    client.insert_arrow("events", to_arrow(EVENTS, placed))
    query = client.query("SELECT * FROM v_events", query_formats={"String": "bytes"})
    rows = {str(row["event_id"]): _event(row) for row in query.named_results()}
    assert rows == one_each


_CLASSES = {cls.__name__: cls for cls in EVENT_CLASSES}


def _event(row: Mapping[str, Any]) -> Event:
    """The event that `row` is of, from nothing but the row."""
    cls = _CLASSES[_text(row["event_type"])]
    known = orjson.loads(row["payload"])
    own = contracts()[f"{EVENTS_NAMESPACE}.{cls.__name__}"]["fields"][1:]
    read = {field["name"]: _read(field["type"], known[field["name"]]) for field in own}
    return cls.from_record({"envelope": _envelope(row), **read})


def _envelope(row: Mapping[str, Any]) -> dict[str, Any]:
    source = {name: _text(row[f"source_{name}"]) for name in ("system", "facility", "protocol")}
    key_id = _text(row["phi_key_id"])
    phi = {"key_id": key_id, "nonce": row["phi_nonce"], "ciphertext": row["phi_ciphertext"]}
    return {
        "event_id": str(row["event_id"]),
        **{name: _text(row[name]) for name in ("exam_id", "source_message_id", "site")},
        **{name: row[name].replace(tzinfo=UTC) for name in ("occurred_at", "recorded_at")},
        "source": source,
        "swim_code": _text(row["swim_code"]) or None,
        "patient_key": _text(row["patient_key"]) or None,
        "phi": phi if key_id else None,
        "corrects": None if row["corrects"] is None else str(row["corrects"]),
    }


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode()


def _read(avro: Any, value: Any) -> Any:
    """A JSON value as the contract's type has it."""
    if isinstance(avro, list):
        return None if value is None else _read(avro[1], value)
    if isinstance(avro, str) and avro in contracts():
        return {
            field["name"]: _read(field["type"], value[field["name"]]) for field in contracts()[avro]["fields"]
        }
    if avro == "bytes":
        return b64decode(value)
    if isinstance(avro, dict) and avro["type"] == "array":
        return [_read(avro["items"], item) for item in value]
    return datetime.fromisoformat(value) if isinstance(avro, dict) else value
