"""What a part said of itself last, as `radstream status` shows it."""

from __future__ import annotations

from pathlib import Path

from runtime.consumers import fold_rows, sink_rows
from runtime.installation import Installation
from runtime.settings import Settings
from schemas.metrics_file import write_metrics
from sinks.clickhouse.metrics import SinkMetrics


def test_the_sinks_metrics_are_read_from_its_file(tmp_path: Path) -> None:
    installation, metrics = Installation(Settings(data=tmp_path)), SinkMetrics()
    metrics.record_batch(30)
    metrics.record_batch(20)
    metrics.record_delivery({"events": 48}, 2)
    metrics.record_error("ClickHouse: away")
    metrics.lag = {"radstream.events.v1": 7}
    write_metrics(installation.metrics_path("sink"), metrics.snapshot())
    (said,) = sink_rows(installation, ["fold", "sink", "dashboard"])
    assert (said["part"], said["batches"], said["messages"], said["largest_batch_messages"]) == (
        "sink",
        2,
        50,
        30,
    )
    assert (said["rows"], said["dead_letters"], said["lag"]) == (
        {"events": 48},
        2,
        {"radstream.events.v1": 7},
    )
    assert (said["errors"], said["last_error"]) == (1, "ClickHouse: away")
    assert fold_rows(installation, ["fold", "sink"]) == []


def test_a_part_that_has_said_nothing_yet_has_no_row(tmp_path: Path) -> None:
    assert sink_rows(Installation(Settings(data=tmp_path)), ["sink"]) == []
