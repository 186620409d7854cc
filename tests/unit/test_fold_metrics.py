"""What a fold worker tells of itself."""

from __future__ import annotations

from pathlib import Path

import orjson
from structlog.testing import capture_logs

from processors.exam_state import ExamState
from processors.fold import Folded, LogMessage, Rejected
from processors.fold_metrics import FoldMetrics, MetricsFile


def test_batches_are_counted_and_the_largest_is_remembered(tmp_path: Path) -> None:
    metrics = FoldMetrics("fold-0", wiped=["partition 0: why"])
    folded = Folded(states={(0, b"A"): ExamState("A")}, unreadable=["A"], unknown_events=1)
    folded.rejected.append(Rejected(LogMessage(0, 1, b"B", b""), "TruncatedRecord", "0 bytes"))
    metrics.record_batch(7, folded)
    metrics.record_batch(3, Folded())
    file = MetricsFile(tmp_path / "metrics" / "fold.json", metrics)
    file.write()
    said = orjson.loads((tmp_path / "metrics" / "fold.json").read_bytes())
    assert (said["batches"], said["events"], said["last_batch_events"], said["largest_batch_events"]) == (
        2,
        10,
        3,
        7,
    )
    assert (said["rejected"], said["unreadable"], said["unknown_events"]) == (1, 1, 1)
    assert said["wiped"] == ["partition 0: why"]


def test_a_disk_that_does_not_take_it_does_not_stop_the_fold(tmp_path: Path) -> None:
    (tmp_path / "metrics").write_text("a file, where a directory should be")
    with capture_logs() as logs:
        MetricsFile(tmp_path / "metrics" / "fold.json", FoldMetrics("fold-0")).write()
    assert [entry["event"] for entry in logs] == ["metrics_not_written"]
