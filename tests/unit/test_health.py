"""Health: rates and lag from looks, notices from logs, and what Prometheus reads."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from dashboards.health.open_metrics import open_metrics
from dashboards.health.report import HealthReport, Notice
from runtime.health.counts import COUNTED, counts, senders
from runtime.health.forecasts import forecast_health
from runtime.health.journal import GrowingLog, Journal, keep, part_notice, supervisor_notice
from runtime.health.looks import Look, lags, rate
from runtime.health.notice_words import OF_SUPERVISOR
from runtime.health.part_words import next_step, words_of
from runtime.health.parts import part_rows
from runtime.installation import Installation
from runtime.parts import pipeline_parts
from runtime.settings import Settings
from runtime.stack.events import EventKind, StackEvent
from runtime.stack.logs import log_path
from runtime.stack.state import PartState, StackState
from schemas.topics import EVENTS, INSTANCES

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
CONSUMED = {"fold": ("radstream.fold", (EVENTS,))}
PLACE = (EVENTS, 0)
FORECASTING = {
    "version": "v2",
    "wanted": "v2",
    "note": "",
    "drift": None,
    "exams_forecast": 500,
    "cpu_s": 2.5,
}
_LOGS = TemporaryDirectory(prefix="radstream-logs-")


def look(at_s: float, end: int, committed: int | None = None, **counted: int) -> Look:
    offsets = {} if committed is None else {("radstream.fold", PLACE): committed}
    return Look(at_s=at_s, ends={PLACE: end}, committed=offsets, counts=counted)


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=20))
def test_a_rate_is_never_negative_whatever_is_started_again(seen: list[int]) -> None:
    looks = [look(2.0 * number, 0, events=count) for number, count in enumerate(seen)]
    found = rate(looks, "events", "Events", "")
    assert found.per_s is not None
    assert found.per_s >= 0
    assert all(step is None or step >= 0 for step in found.series)
    assert len(found.series) == len(seen) - 1


@given(st.integers(1, 40), st.integers(0, 50))
def test_a_steady_flow_has_its_own_rate(steps: int, per_look: int) -> None:
    looks = [look(2.0 * number, 0, events=per_look * number) for number in range(steps + 1)]
    found = rate(looks, "events", "Events", "")
    assert found.per_s == pytest.approx(per_look / 2)
    assert found.total == per_look * steps


def test_what_was_not_counted_has_no_rate() -> None:
    looks = [look(0, 0), look(2, 0, events=5)]
    found = rate(looks, "events", "Events", "")
    assert (found.per_s, found.series, found.total) == (None, (None,), 5)


def test_lag_is_the_distance_to_the_end_and_waits_since_the_end_lay_beyond() -> None:
    looks = [look(0, 5, 5), look(2, 9, 5), look(4, 9, 5), look(6, 12, 8)]
    (found,) = lags(looks, CONSUMED)
    assert (found.lag, found.waiting_s) == (4, 4.0)
    (caught_up,) = lags([*looks, look(8, 12, 12)], CONSUMED)
    assert (caught_up.lag, caught_up.waiting_s, caught_up.is_behind) == (0, 0.0, False)
    (stuck,) = lags([look(float(at), 9, 5) for at in range(0, 60, 2)], CONSUMED)
    assert stuck.is_behind


def test_without_an_answer_of_kafka_the_lag_is_that_of_before() -> None:
    looks = [look(0, 9, 5), Look(at_s=2), Look(at_s=4)]
    (found,) = lags(looks, CONSUMED)
    assert found.lag == 4
    assert lags([Look(at_s=0)], CONSUMED) == []


def test_counts_come_from_the_topics_and_from_every_process_of_a_role() -> None:
    metrics: dict[str, dict[str, Any]] = {
        "hl7": {"received": 3, "repeated_by": {"RIS|A": 1}, "rejected_by": {}},
        "hl7-2": {"received": 4, "repeated_by": {"RIS|A": 2}, "rejected_by": {"ADT|A": 1}},
        "hl7-out": {"received": 100},
        "sink": {"rows": {"events": 5, "worklist": 6}},
    }
    found = counts({(EVENTS, 0): 7, (EVENTS, 1): 1, (INSTANCES, 0): 2}, metrics)
    assert (found["events"], found["images"], found["hl7"], found["rows"]) == (8, 2, 7, 11)
    assert "folded" not in found
    assert "events" not in counts({}, metrics)
    told = {one.sender: (one.repeated, one.rejected) for one in senders(metrics)}
    assert told == {"RIS|A": (3, 0), "ADT|A": (0, 1)}


@given(st.lists(st.binary(max_size=30), max_size=10), st.lists(st.integers(0, 400), max_size=6))
def test_a_log_that_grows_is_read_line_by_line_once(lines: list[bytes], cuts: list[int]) -> None:
    whole = b"".join(line.replace(b"\n", b"").replace(b"\r", b"") + b"\n" for line in lines)
    path = Path(mkdtemp(dir=_LOGS.name)) / "log"
    path.write_bytes(b"")
    log = GrowingLog(path)
    seen: list[bytes] = []
    for cut in sorted({min(cut, len(whole)) for cut in cuts} | {len(whole)}):
        path.write_bytes(whole[:cut])
        seen += log.lines()
    expected = whole.split(b"\n")[:-1]
    assert [line for line in seen if line] == [line for line in expected if line]


def test_a_death_is_noticed_from_the_supervisors_own_journal(tmp_path: Path) -> None:
    path = log_path(tmp_path, "supervisor")
    path.parent.mkdir()
    steps = (
        StackEvent(kind=EventKind.READY, part="sink", pid=4),
        StackEvent(kind=EventKind.DIED, part="sink", pid=4, signal="SIGKILL"),
    )
    path.write_text("".join(step.as_json() + "\n" for step in steps))
    found = Journal(tmp_path).read(["sink"])
    assert [(one.kind, one.part, one.level) for one in found] == [
        ("died", "sink", "warning"),
        ("ready", "sink", "info"),
    ]
    assert "SIGKILL" in found[0].detail


def test_what_the_watchdog_says_is_a_notice_and_other_lines_are_none() -> None:
    line = b'{"event": "fold_stalled", "level": "critical", "timestamp": "2026-03-09T12:00:00Z", "mine": [1]}'
    found = part_notice("fold", line)
    assert found is not None
    assert (found.at, found.level, found.part) == (NOW, "critical", "fold")
    without_time, of_no_concern = b'{"event": "fold_stalled"}', b'{"event": "partitions_assigned"}'
    for other in (b"java.lang.Error", b"[]", of_no_concern, without_time):
        assert part_notice("fold", other) is None
        assert supervisor_notice(other) is None


def test_what_is_said_again_and_again_is_one_notice_that_counts() -> None:
    kept: deque[Notice] = deque()
    line = b'{"event": "delivery_failed", "timestamp": "2026-03-09T12:00:00Z", "error": "ClickHouse"}'
    for _ in range(3):
        notice = part_notice("sink", line)
        assert notice is not None
        keep(kept, notice)
    assert [one.times for one in kept] == [3]


def test_a_part_whose_process_is_not_there_is_gone_whatever_the_file_says() -> None:
    parts = {"sink": PartState(state="ready", pid=2**22 + 1, created_at=1.0), "hl7": PartState(state="died")}
    state = StackState(supervisor_pid=1, supervisor_created_at=0.0, boot_id="", started_at="", parts=parts)
    sink, hl7 = part_rows(state, [])
    assert (sink.state, sink.serves) == ("gone", False)
    assert "logs/sink.log" in sink.next_step
    assert hl7.next_step
    assert part_rows(None, []) == ()


def test_every_part_of_an_installation_and_each_step_of_its_life_has_words(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, hl7_workers=2, fold_workers=2)
    names = [part.name for part in pipeline_parts(Installation(settings))]
    for name in (*names, "kafka", "registry", "clickhouse", "objectstore", "simulator"):
        assert words_of(name).does, name
        assert words_of(name).without, name
    assert set(OF_SUPERVISOR) | {"started"} == set(EventKind)
    assert next_step("sink", "ready") == ""


def test_prometheus_reads_the_same_figures() -> None:
    looks = [look(0, 5, 5, events=5), look(2, 9, 5, events=9)]
    state = StackState(
        supervisor_pid=1,
        supervisor_created_at=0.0,
        boot_id="",
        started_at="",
        parts={"fold": PartState(state="ready", restarts=2), 'si"nk\n': PartState(state="died")},
    )
    report = HealthReport(
        looked_at=NOW,
        every_s=2.0,
        is_supervised=True,
        kafka_fault=None,
        parts=part_rows(state, []),
        lag=tuple(lags(looks, CONSUMED)),
        rates=tuple(rate(looks, one.name, one.label, one.meaning) for one in COUNTED),
        notices=(),
        senders=(),
        forecasts=forecast_health({**FORECASTING, "drift": {"verdict": "drifted", "reasons": ["x"]}}),
    )
    text = open_metrics(report, open_letters=3, feed_is_live=True, exams=7).decode()
    found = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)  # type: ignore[no-untyped-call]  # no types
        for sample in family.samples
    }
    assert found["radstream_part_up", (("part", "fold"),)] == 1
    assert found["radstream_part_up", (("part", 'si"nk\n'),)] == 0
    assert found["radstream_part_restarts_total", (("part", "fold"),)] == 2
    place = (("part", "fold"), ("partition", "0"), ("topic", EVENTS))
    assert found["radstream_consumer_lag", place] == 4
    assert found["radstream_events_total", ()] == 9
    assert found["radstream_dead_letters_open", ()] == 3
    assert found["radstream_board_exams", ()] == 7
    assert found["radstream_forecast_drifted", ()] == 1
    assert found["radstream_forecast_by_model", ()] == 1
    assert found["radstream_forecast_cpu_seconds_total", ()] == 2.5


@pytest.mark.parametrize(
    ("said", "wrong", "next_step", "is_drifted"),
    [
        ({"drift": {"verdict": "steady", "reasons": []}}, "", "", False),
        ({"drift": {"verdict": "too few to judge", "reasons": ["3 instants"]}}, "", "", None),
        (
            {"drift": {"verdict": "drifted", "reasons": ["Final: takes 40% longer"]}},
            "learned from: Final: takes 40% longer.",
            "`radstream train` learns",
            True,
        ),
        (
            {"version": "v1", "note": "model v2 cannot be used: it is damaged"},
            "Model v2 cannot be used: it is damaged.",
            "`radstream models rollback`",
            None,
        ),
        (
            {"version": "baseline", "note": "LightGBM cannot be loaded: `apt-get install libgomp1`"},
            "LightGBM",
            "Install GNU OpenMP",
            None,
        ),
        ({"version": "baseline", "wanted": "", "note": "no answer"}, "No answer.", "Wait:", None),
        ({"version": None, "wanted": None, "note": "there is no history"}, "", "", None),
    ],
)
def test_health_says_what_is_wrong_with_forecasts_and_what_to_do(
    said: dict[str, Any], wrong: str, next_step: str, is_drifted: bool | None
) -> None:
    found = forecast_health({**FORECASTING, **said})
    assert found is not None
    assert wrong in " ".join(found.wrong)
    assert bool(found.wrong) == bool(wrong)
    assert found.next_step.startswith(next_step)
    assert bool(found.next_step) == bool(wrong), "whoever reads of a fault is told what to do"
    assert found.is_drifted is is_drifted
    assert forecast_health({"pid": 3}) is None
