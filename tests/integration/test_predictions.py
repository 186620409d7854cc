"""Forecasts on a running stack: trained from its history, said of each open exam, and rolled back."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from clickhouse_connect.driver.client import Client
from confluent_kafka import Producer
from minio import Minio

from benchmarks.derived_keys import DerivedKeys
from processors.predictions.config import BASELINE
from processors.predictions.exam import PREDICTED
from producers.history.synthetic import SyntheticHistory
from runtime.stack.state import running_state
from runtime.topic_records import topic_records
from schemas.codec import Codec
from schemas.events import (
    AcquisitionCompleted,
    AcquisitionStarted,
    Event,
    FinalReportPublished,
    OrderPlaced,
    PatientArrived,
)
from schemas.identity import exam_id_of_accession
from schemas.registry import connect_codec
from schemas.synthetic import SYNTHETIC_FACILITY
from schemas.topics import ALERTS, EVENTS, PREDICTIONS
from schemas.views import AlertRow, PredictionRow
from sinks.clickhouse.client import connect
from tests.exam_events import said
from tests.running_stack import RunningStack, run_stack

pytestmark = pytest.mark.stack

EXAM = exam_id_of_accession("GENERAL", "FORECAST1")
AT_RISK = exam_id_of_accession("GENERAL", "ATRISK1")
# So that whoever has waited for most of the target is warned of at once, whoever forecasts.
TARGETS = """
[warning]
forecasts = "any"
probability = 0.05
until_probability = 0.01
for_min = 0

[[target]]
interval = "arrival_to_start"
due_min = 45
warn_before_min = 1
"""
DAYS, EXAMS_A_DAY = 60, 30


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    data = tmp_path_factory.mktemp("predictions")
    data.chmod(0o700)
    (data / "targets.toml").write_text(TARGETS)
    with run_stack(data, {}) as running:
        yield running


@pytest.fixture(scope="module")
def codec(stack: RunningStack) -> Codec:
    return connect_codec(stack.registry_url)


@pytest.fixture(scope="module")
def clickhouse(stack: RunningStack) -> Iterator[Client]:
    client = connect(stack.clickhouse_url, stack.clickhouse_user, stack.clickhouse_password, "radstream")
    yield client
    client.close()


@pytest.fixture(scope="module")
def history(stack: RunningStack, codec: Codec, clickhouse: Client) -> int:
    """Two months of a small department, as far as ClickHouse."""
    now = datetime.now(UTC)
    past = SyntheticHistory(
        begins_at=now - timedelta(days=DAYS), ends_at=now, exams_per_year=round(EXAMS_A_DAY * 365.25)
    )
    teller = past.teller(bytes(32), DerivedKeys())
    events = [event for exam in past.exams() for event in teller.events_of(exam)]
    say(stack, codec, sorted(events, key=lambda event: event.envelope.recorded_at))
    expected = len({event.envelope.event_id for event in events})
    until(lambda: count(clickhouse) == expected, "not all arrived", 280)
    return len(events)


def say(stack: RunningStack, codec: Codec, events: list[Event]) -> None:
    producer = Producer({"bootstrap.servers": stack.kafka_bootstrap, "enable.idempotence": True})
    for event in events:
        key, value = event.envelope.exam_id.encode(), codec.encode(event)
        while True:
            try:
                producer.produce(EVENTS, key=key, value=value)
                break
            except BufferError:
                producer.poll(0.1)
    assert producer.flush(60) == 0


def count(clickhouse: Client) -> int:
    asked = f"SELECT count() FROM v_events WHERE source_facility = '{SYNTHETIC_FACILITY}'"
    return int(str(clickhouse.command(asked)))


def until(holds: Callable[[], Any], otherwise: str, patience_s: float = 120) -> Any:
    end_s = time.monotonic() + patience_s
    while not (found := holds()):
        assert time.monotonic() < end_s, otherwise
        time.sleep(0.25)
    return found


def forecasts(stack: RunningStack, codec: Codec, exam_id: str) -> dict[str, PredictionRow]:
    """The latest of each milestone of an exam, as the topic has them."""
    latest: dict[bytes, Any] = dict(topic_records(stack.kafka_bootstrap, codec, PREDICTIONS))
    rows = [one for one in latest.values() if isinstance(one, PredictionRow) and one.exam_id == exam_id]
    return {one.milestone: one for one in rows}


def whole(found: dict[str, PredictionRow]) -> dict[str, PredictionRow]:
    """Where there is one of each milestone."""
    return found if found.keys() == set(PREDICTED) else {}


def now_said(cls: type[Event], minutes: float = 0, exam_id: str = EXAM, **fields: object) -> Event:
    """An event that occurs now, or so many minutes later."""
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    envelope = replace(said(exam_id, 0, cls, None, **fields).envelope, occurred_at=at, recorded_at=at)
    return cls(envelope=envelope, **fields)  # type: ignore[arg-type]  # each class checks its own


def test_what_is_open_is_forecast_from_history_alone_then_by_the_model_that_was_trained(
    stack: RunningStack, codec: Codec, clickhouse: Client, history: int
) -> None:
    say(
        stack,
        codec,
        [
            now_said(OrderPlaced, accession_number="FORECAST1", modality="CT", priority="ROUTINE"),
            now_said(PatientArrived),
        ],
    )
    first = until(lambda: whole(forecasts(stack, codec, EXAM)), "nothing is forecast without a model")
    assert {one.model for one in first.values()} == {BASELINE}

    trained = stack.radstream("train", "--rounds", "30", "--json", timeout_s=500)
    assert trained.returncode == 0, trained.stdout + trained.stderr
    about = json.loads(trained.stdout)
    assert about["promoted"]
    assert about["events"] >= history * 0.9
    # Events of patients are learned from too, and are no exams.
    assert about["exams"] < EXAMS_A_DAY * DAYS * 1.1
    assert {score["milestone"] for score in about["scores"]} == set(first)

    # With too few examples of a milestone the medians go on to speak, and the version says so.
    speaks = {
        name: about["version"] if how == "model" else BASELINE for name, how in about["milestones"].items()
    }
    assert speaks["final"] == about["version"]

    def by_model() -> dict[str, PredictionRow]:
        latest = whole(forecasts(stack, codec, EXAM))
        return latest if {name: one.model for name, one in latest.items()} == speaks else {}

    found = until(by_model, "the model that was promoted does not forecast")
    for one in found.values():
        assert one.made_at <= one.p10_at <= one.p50_at <= one.p90_at
        assert bool(one.reasons) == (one.model != BASELINE)
    assert found["started"].interval == "arrival_to_start"
    assert 0 <= (found["started"].breach_probability or -1) <= 1

    def in_clickhouse() -> dict[str, str]:
        query = "SELECT milestone, model FROM v_predictions WHERE exam_id = {exam:String}"
        rows = clickhouse.query(query, parameters={"exam": EXAM}).result_rows
        return {str(milestone): str(model) for milestone, model in rows}

    until(lambda: in_clickhouse() == speaks, "ClickHouse has not the forecasts")

    # On the first day the page has the record of the days that were held out, of the version in use.
    told = until(lambda: in_use(track_record(stack), about["version"]), "the page does not know the model")
    whole_scores = [score for score in about["scores"] if score["modality"] is None]
    assert told["held_out"]["all"]["forecasts"] == sum(score["forecasts"] for score in whole_scores) > 0
    assert "held out at training" in told["verdict"]["says"]
    assert told["live"]["since"] is not None


def track_record(stack: RunningStack) -> Any:
    """What the page of forecasts gets."""
    url = f"{stack.dashboard_url.rstrip('/')}/api/forecast/record"
    return httpx.get(url, headers=stack.dashboard_headers(), timeout=60).raise_for_status().json()


def in_use(told: Any, version: str) -> Any:
    """Where the dashboard knows of `version`, which takes up to half a minute."""
    return told if told["model"]["version"] == version else None


def test_who_is_likely_late_is_warned_of_with_the_reason_and_the_alert_says_what_came(
    stack: RunningStack, codec: Codec, clickhouse: Client, history: int
) -> None:
    order = now_said(OrderPlaced, -45, AT_RISK, accession_number="ATRISK1", modality="CT", priority="ROUTINE")
    say(stack, codec, [order, now_said(PatientArrived, -40, AT_RISK)])
    (warned,) = until(lambda: alerts(stack, codec, "warned"), "nobody was warned")
    assert warned.warned_by not in (None, "clock")
    assert (warned.breach_probability or 0) >= 0.05
    assert warned.p10_at is not None
    assert warned.p50_at is not None
    assert warned.p90_at is not None
    assert warned.p10_at <= warned.p50_at <= warned.p90_at
    assert (warned.warned_before_s or 0) > 60, "long before the clock would have said so"
    say(stack, codec, [now_said(AcquisitionStarted, exam_id=AT_RISK)])
    (met,) = until(lambda: alerts(stack, codec, "met"), "it was not said what came of it")
    assert (met.warning_came_true, met.warned_at) == (False, warned.warned_at)
    query = "SELECT state, warning_came_true, breach_probability FROM v_alerts WHERE exam_id = {exam:String}"

    def in_clickhouse() -> bool:
        rows = clickhouse.query(query, parameters={"exam": AT_RISK}).result_rows
        return [row[:2] for row in rows] == [("met", False)]

    until(in_clickhouse, "ClickHouse has not what came of it")
    assert stack.radstream("alerts", "record", "--json").returncode == 0


def alerts(stack: RunningStack, codec: Codec, state: str) -> list[AlertRow]:
    latest: dict[bytes, Any] = dict(topic_records(stack.kafka_bootstrap, codec, ALERTS))
    found = [one for one in latest.values() if isinstance(one, AlertRow)]
    return [one for one in found if (one.exam_id, one.state) == (AT_RISK, state)]


def speaking(stack: RunningStack) -> dict[str, Any]:
    """What the forecasts say of themselves."""
    found: dict[str, Any] = json.loads((stack.data / "run" / "metrics" / "predictions.json").read_bytes())
    return found


def test_what_has_come_is_not_forecast_any_more(stack: RunningStack, codec: Codec, history: int) -> None:
    say(stack, codec, [now_said(AcquisitionCompleted, accession_number="FORECAST1")])
    until(lambda: "started" not in forecasts(stack, codec, EXAM), "what has begun is still forecast")
    report = {"report_sha256": "0" * 64, "accession_number": "FORECAST1"}
    say(stack, codec, [now_said(FinalReportPublished, minutes=0.01, **report)])
    until(lambda: not forecasts(stack, codec, EXAM), "an exam that is over is still forecast")
    until(lambda: track_record(stack)["live"]["all"]["forecasts"], "nothing live has come true or false")


def test_a_model_may_be_kept_and_used_by_hand_and_one_verb_goes_back(
    stack: RunningStack, history: int
) -> None:
    assert stack.radstream("models", "rollback").returncode == 1
    trained = stack.radstream("train", "--keep", "--rounds", "5", "--json", timeout_s=500)
    again = json.loads(trained.stdout)
    assert not again["promoted"]
    assert "of the model in use" in again["verdict"]
    half = "models/20990101T000000Z-00000000/model.json.z"  # a training that was killed while it stored
    store = Minio(
        stack.s3_endpoint.removeprefix("http://"),
        access_key=stack.s3_access_key,
        secret_key=stack.s3_secret_key,
        secure=False,
    )
    store.put_object("radstream-models", half, io.BytesIO(b"half"), 4)
    listed = json.loads(stack.radstream("models", "list", "--json").stdout)["models"]
    assert [one["in_use"] for one in listed] == ["", "yes"]
    assert stack.radstream("models", "promote", again["version"]).returncode == 0
    first = str(listed[1]["version"])
    until(lambda: speaking(stack)["version"] == again["version"], "what was promoted does not forecast")
    back = json.loads(stack.radstream("models", "rollback", "--json").stdout)
    assert back["version"] == first
    until(lambda: speaking(stack)["version"] == first, "what was rolled back to does not forecast")
    unknown = stack.radstream("models", "promote", "none", "--json")
    assert unknown.returncode == 1
    assert "radstream models list" in json.loads(unknown.stdout)["error"]


def test_a_model_that_was_tampered_with_gives_way_to_the_one_before_and_health_says_so(
    stack: RunningStack, history: int
) -> None:
    first, second = json.loads(stack.radstream("models", "list", "--json").stdout)["models"][::-1]
    address = urlsplit(stack.s3_endpoint).netloc
    store = Minio(address, access_key=stack.s3_access_key, secret_key=stack.s3_secret_key, secure=False)
    name = f"models/{second['version']}/model.json.z"
    store.put_object("radstream-models", name, BytesIO(b"another"), len(b"another"))
    assert stack.radstream("models", "promote", second["version"]).returncode == 0
    said = until(
        lambda: (found := speaking(stack))["wanted"] == second["version"] and found, "it was not asked for"
    )
    assert said["version"] == first["version"]
    assert "its bytes are not those that were stored" in said["note"]
    assert said["ms_per_exam"] > 0
    assert said["drift"]["verdict"]


def test_where_no_stack_runs_training_starts_the_stores_and_stops_them_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    command = [sys.executable, "-m", "runtime.cli.main", "train", "--json", "--data", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "radstream history" in json.loads(done.stdout)["error"]
    assert (data / "kafka").is_dir()
    assert running_state(data) is None
