"""Whatever the order and number of facts, what is complete in the end is the same."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from producers.dicom.completeness.completeness import Completeness
from producers.dicom.completeness.facts import (
    AssociationEnded,
    Complete,
    CompletenessConfig,
    CompleteSeries,
    Fact,
    ImageArchived,
    InstancesAvailable,
)
from tests.completeness_facts import CT, DOSE, NOON, STUDY, at, image, said, step, uids

ASSOCIATIONS = ("a", "b")
images = st.builds(
    image,
    st.integers(1, 4),
    st.sampled_from((CT, DOSE)),
    association=st.sampled_from(ASSOCIATIONS),
    seconds=st.integers(0, 300),
)
names = st.dictionaries(st.sampled_from((CT, DOSE)), st.lists(st.integers(1, 4), max_size=4), min_size=1).map(
    lambda named: {series: uids(*numbers, series=series) for series, numbers in named.items()}
)
facts = st.one_of(
    images,
    st.builds(AssociationEnded, st.sampled_from(ASSOCIATIONS), st.just(NOON)),
    names.map(step),
    names.map(lambda named: InstancesAvailable(STUDY, named, NOON)),
)
configs = st.permutations(("mpps", "availability", "association", "quiet")).flatmap(
    lambda rules: st.integers(1, 4).map(lambda count: CompletenessConfig(rules=tuple(rules[:count])))
)


def stands(machine: Completeness, before: Sequence[Complete] = ()) -> dict[tuple[str, str], tuple[int, int]]:
    """What was said last of each series and study, by exam."""
    last: dict[tuple[str, str], tuple[int, int]] = {}
    for one in [*before, *said(machine, now=at(1000))]:
        uid = one.series_instance_uid if isinstance(one, CompleteSeries) else one.study_instance_uid
        last[(uid, one.exam.exam_id)] = (one.instance_count, one.size_bytes)
    return last


@given(
    configs,
    st.lists(facts, max_size=14).flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))),
)
def test_the_order_of_facts_does_not_change_what_is_complete_in_the_end(
    config: CompletenessConfig, orders: tuple[list[Fact], list[Fact]]
) -> None:
    there, back = (Completeness(config) for _ in orders)
    for machine, order in zip((there, back), orders, strict=True):
        for fact in order:
            machine.told(fact)
    assert set(there.complete(at(1000))) == set(back.complete(at(1000)))


@given(st.lists(facts, max_size=14).flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_whatever_was_said_in_between_the_last_word_is_the_same(
    orders: tuple[list[Fact], list[Fact]],
) -> None:
    last = []
    for order in orders:
        machine = Completeness(CompletenessConfig())
        before = [one for fact in order for one in said(machine, fact)]
        last.append(stands(machine, before))
    assert last[0] == last[1]


@given(configs, st.lists(facts, max_size=14), st.data())
def test_facts_that_come_again_change_nothing(
    config: CompletenessConfig, some: list[Fact], data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(some), max_size=10)) if some else []
    machine = Completeness(config)
    said(machine, *some, now=at(1000))
    record = machine.to_record()
    assert said(machine, *again, now=at(1000)) == []
    assert machine.to_record() == record


@given(configs, st.lists(facts, max_size=14), st.lists(facts, max_size=6))
def test_a_restart_in_between_changes_nothing(
    config: CompletenessConfig, before: list[Fact], after: list[Fact]
) -> None:
    running = Completeness(config)
    said(running, *before)
    restarted = Completeness(config, json.loads(json.dumps(running.to_record())))
    assert restarted.to_record() == running.to_record()
    assert said(restarted, *after, now=at(1000)) == said(running, *after, now=at(1000))


@given(st.lists(st.tuples(images, st.integers(0, 300)), max_size=14))
def test_each_study_is_said_with_all_its_images_when_all_is_quiet(
    arrivals: list[tuple[ImageArchived, int]],
) -> None:
    machine = Completeness(CompletenessConfig(rules=("quiet",)))
    complete: list[Complete] = []
    for one, now_s in sorted(arrivals, key=lambda arrival: arrival[1]):
        complete += said(machine, one, now=at(now_s))
    last = stands(machine, complete)
    by_series: dict[str, set[str]] = defaultdict(set)
    for one, _ in arrivals:
        by_series[one.series_instance_uid].add(one.sop_instance_uid)
    counts = {series: len(found) for series, found in by_series.items()}
    expected = {**counts, STUDY: sum(counts.values())} if counts else {}
    assert {uid: count for (uid, _), (count, _) in last.items()} == expected
