"""What a listener counts by sender: bounded, whatever calls itself anew."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from producers.hl7.counts import Counts

SENDERS = st.lists(st.sampled_from([f"APP{number}|NORTH" for number in range(400)]), max_size=600)


@given(SENDERS)
def test_every_repetition_is_counted_and_the_senders_are_bounded(senders: list[str]) -> None:
    counts = Counts()
    for sender in senders:
        counts.count_repeated(sender)
    assert counts.repeated == counts.repeated_by.total() == len(senders)
    assert len(counts.repeated_by) <= 201
    first = list(dict.fromkeys(senders))[:200]
    assert all(counts.repeated_by[sender] == senders.count(sender) for sender in first)


def test_the_log_has_no_senders_and_the_metrics_do() -> None:
    counts = Counts()
    counts.count_rejected("RIS|NORTH")
    assert "rejected_by" not in counts.as_log()
    assert counts.as_metrics()["rejected_by"] == {"RIS|NORTH": 1}
    assert counts.as_metrics()["rejected"] == 1
