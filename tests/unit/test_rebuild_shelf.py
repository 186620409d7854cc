"""The shelf of a rebuild, and what differs from it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from processors.fold import fold
from processors.rebuild.config import WRITTEN, RebuildConfig
from processors.rebuild.event_log import KafkaEventLog
from processors.rebuild.partition import PartitionRebuild
from processors.rebuild.shelf import Shelf
from processors.rebuild.spans import SpanReader
from processors.state_codec import encode_state
from processors.turnaround import turnaround_row
from processors.worklist import worklist_row
from schemas.topics import FOLD_CHANGELOG, TURNAROUND, WORKLIST
from tests.finished_exam import finished_exam
from tests.unit.test_fold_batches import CODEC

(EXAM_ID, STATE), *_ = fold(list(finished_exam())).items()
KEY, RAW = EXAM_ID.encode(), encode_state(STATE)
DUE = {
    FOLD_CHANGELOG: RAW,
    WORKLIST: CODEC.encode(worklist_row(STATE)),
    TURNAROUND: CODEC.encode(turnaround_row(STATE)),
}


def _part(shelf: Shelf, directory: Path) -> PartitionRebuild:
    config = RebuildConfig("127.0.0.1:1", directory)
    with closing(SpanReader("127.0.0.1:1", 1)) as reader:
        return PartitionRebuild(0, KafkaEventLog(reader), reader, shelf, CODEC, config)


def test_what_kafka_has_as_the_log_has_it_is_no_difference(tmp_path: Path) -> None:
    with closing(Shelf(tmp_path / "0", WRITTEN)) as shelf:
        shelf.put_states({KEY: RAW})
        for topic, value in DUE.items():
            shelf.put_seen(topic, {KEY: value})
        part = _part(shelf, tmp_path)
        assert not list(part.differences(part.all_keys(), WRITTEN))


def test_what_is_missing_stale_or_of_no_exam_differs(tmp_path: Path) -> None:
    with closing(Shelf(tmp_path / "0", WRITTEN)) as shelf:
        shelf.put_states({KEY: RAW})
        shelf.put_seen(FOLD_CHANGELOG, {KEY: b"stale"})
        shelf.put_seen(TURNAROUND, {KEY: DUE[TURNAROUND]})
        shelf.put_seen(WORKLIST, {KEY: DUE[WORKLIST], b"GHOST": DUE[WORKLIST]})
        shelf.put_seen(WORKLIST, {KEY: None})
        part = _part(shelf, tmp_path)
        found = [(one.topic, one.key, one.value) for one in part.differences(part.all_keys(), WRITTEN)]
        assert found == [
            (FOLD_CHANGELOG, KEY, RAW),
            (WORKLIST, KEY, DUE[WORKLIST]),
            (WORKLIST, b"GHOST", None),
        ]
        assert not list(part.differences(part.all_keys(), [TURNAROUND]))
    assert not (tmp_path / "0").exists()


def test_a_shelf_that_is_kept_goes_on_where_it_was_left_and_looks_at_kafka_anew(tmp_path: Path) -> None:
    for place in range(2):
        with closing(Shelf(tmp_path / "0", WRITTEN, keep=True)) as shelf:
            assert (shelf.offset(), shelf.seen(WORKLIST, KEY)) == (7 * place, None)
            shelf.put_states({KEY: RAW, b"other": RAW}, 7)
            shelf.put_seen(WORKLIST, {KEY: b"row"})
            assert list(shelf.unwritten()) == [KEY, b"other"]
            shelf.note_written([KEY])
            assert list(shelf.unwritten()) == [b"other"]
            assert list(shelf.keys()) == [KEY, b"other"]


@given(st.dictionaries(st.binary(min_size=1, max_size=6), st.binary(min_size=1)), st.binary(max_size=3))
def test_every_state_is_found_and_nothing_else(states: dict[bytes, bytes], stray: bytes) -> None:
    with (
        TemporaryDirectory() as place,
        closing(Shelf(Path(place) / "s", [WORKLIST, TURNAROUND])) as shelf,
    ):
        shelf.put_states(states)
        shelf.put_seen(TURNAROUND, {stray: b"row"})
        assert list(shelf.keys()) == sorted(states)
        assert all(shelf.state(key) == value for key, value in states.items())
        assert list(shelf.strays()) == ([] if stray in states else [stray])
