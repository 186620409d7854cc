"""What is replayed, and how it is marked and gone on with: the parts that need no Kafka."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.cli.replay_options import Choice, choice_of, selection_of
from runtime.replay.generation import KEPT, SWAPPED, Generation, Generations
from schemas.topics import EVENTS, topic_specs
from sinks.clickhouse.cluster import on_cluster
from sinks.history.selection import Selection
from sinks.history.times import Times, times_of
from sinks.republishing.errors import ReplayRefused
from sinks.republishing.marks import ORIGIN, RUN, Origin, marked, origin_in
from sinks.republishing.run import Run, RunFile
from sinks.republishing.target import require_foreign
from tests.finished_exam import finished_exam
from tests.unit.test_fold_batches import CODEC

HEADER = st.tuples(st.text(max_size=8), st.none() | st.binary(max_size=8))


@given(st.lists(HEADER, max_size=6), st.integers(0, 99), st.integers(0, 10**12))
def test_a_mark_is_read_back_by_its_own_run_alone_and_leaves_the_headers_as_they_were(
    headers: list[tuple[str, bytes | None]], partition: int, offset: int
) -> None:
    said = marked(headers, "this-run", EVENTS, Origin(partition, offset))
    assert said[:-2] == headers
    assert origin_in(said, "this-run") == Origin(partition, offset)
    assert origin_in(said, "another-run") is None
    assert origin_in(headers, "this-run") is None
    # CloudEvents 1.0, 3.1: names of extensions are lowercase letters and digits.
    assert all(name.removeprefix("ce_").isalnum() and name.islower() for name in (RUN, ORIGIN))


@pytest.mark.parametrize(
    "topic", [*(spec.name for spec in topic_specs(1)), "radstream.x", "__transaction_state"]
)
def test_no_topic_of_ours_is_written_to(topic: str) -> None:
    with pytest.raises(ReplayRefused, match="own"):
        require_foreign(topic)


@pytest.mark.parametrize("name", ["", "..", "../../elsewhere", "a b", "x" * 250])
def test_what_is_no_name_for_a_topic_is_refused(name: str) -> None:
    with pytest.raises(ReplayRefused, match="no name for a topic"):
        require_foreign(name)


def test_a_run_is_noted_held_by_one_and_forgotten(tmp_path: Path) -> None:
    file = RunFile(tmp_path, "theirs")
    run = Run(
        run_id="1", source=EVENTS, target="theirs", asked={"exam": "A"}, positions={0: 7}, offsets={0: 3}
    )
    with file.held():
        assert file.read() is None
        file.write(run)
        assert file.read() == run
        with pytest.raises(ReplayRefused, match="another replay"), RunFile(tmp_path, "theirs").held():
            pass
        file.remove()
    assert not file.exists()
    (tmp_path / "theirs.json").write_text("[]")
    with pytest.raises(ReplayRefused, match="remove it"):
        file.read()


def test_a_generation_is_found_again_by_what_was_asked_until_it_is_live(tmp_path: Path) -> None:
    generations = Generations(tmp_path)
    part = {"exam": "A"}
    whole = Generation(number=3, views=["worklist"], asked={}, state=KEPT, ends={"topic": {0: 4, 1: 9}})
    other = Generation(number=10, views=["worklist"], asked=part)
    for one in (whole, other):
        generations.save(one)
    assert generations.all() == [whole, other]
    assert generations.unfinished(["worklist"], {}) == whole
    assert generations.unfinished(["worklist", "turnaround"], {}) is None
    whole.state = SWAPPED
    generations.save(whole)
    assert generations.unfinished(["worklist"], {}) is None
    generations.remove(whole)
    assert generations.all() == [other]


def test_an_events_times_are_its_envelopes_and_those_of_what_is_no_event_are_kafkas() -> None:
    event = finished_exam()[0]
    times = times_of(CODEC, CODEC.encode(event), 5)
    assert times.recorded_us == int(event.envelope.recorded_at.timestamp()) * 1_000_000 + (
        event.envelope.recorded_at.microsecond
    )
    assert times_of(CODEC, b"no event", 5) == times_of(CODEC, None, 5) == Times(5000, 5000)


def test_what_is_wanted_is_chosen_by_exam_and_by_either_of_the_two_times() -> None:
    late = Times(occurred_us=10, recorded_us=100)
    assert Selection(from_us=100).is_in_time(late)
    assert not Selection(until_us=100).is_in_time(late)
    assert Selection(until_us=11, sense="occurred").is_in_time(late)
    assert Selection(exam="7").is_of_exam(b"ISS|7")
    assert not Selection(exam="7").is_of_exam(b"ISS|17")
    assert not Selection(exam="7").is_of_exam(None)
    assert Selection().asked() == {}
    assert Selection(until_us=11, sense="occurred").asked() == {"until_us": "11", "sense": "occurred"}


def test_options_say_which_part_and_what_goes_together() -> None:
    as_of = selection_of(None, None, "2026-03-01T08:00", "recorded", None)
    assert as_of == selection_of(None, "2026-03-01T08:00:00.000001+00:00", None, "recorded", None)
    assert selection_of(None, None, None, "recorded", None).is_everything
    for from_, until, as_of_, sense in (
        ("x", None, None, "recorded"),
        (None, "2026-01-01", "2026-01-01", "recorded"),
        (None, None, None, ""),
    ):
        with pytest.raises(ValueError, match=r"instants as|--as-of|--sense"):
            selection_of(from_, until, as_of_, sense, None)
    assert choice_of(swap=False, keep=False, discard=False) is Choice.KEEP
    assert choice_of(swap=True, keep=False, discard=False) is Choice.SWAP
    with pytest.raises(ValueError, match="one of them"):
        choice_of(swap=True, keep=True, discard=False)


def test_an_exchange_reaches_every_replica() -> None:
    said = on_cluster("EXCHANGE TABLES worklist AND worklist__gen_1", "hospital")
    assert said == "EXCHANGE TABLES worklist AND worklist__gen_1 ON CLUSTER `hospital`"
    made = on_cluster("CREATE TABLE IF NOT EXISTS worklist__gen_1", "hospital")
    assert made == "CREATE TABLE IF NOT EXISTS worklist__gen_1 ON CLUSTER `hospital`"
