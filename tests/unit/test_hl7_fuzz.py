"""The short form of `make fuzz-hl7`."""

from __future__ import annotations

from pathlib import Path

from schemas.topics import EVENTS
from tests.fuzz_hl7 import Found, fuzz
from tests.producing import mock_kafka, offline_codec, read_all


def test_mutated_messages_are_accepted_with_events_refused_or_dropped_and_cost_nothing_else(
    tmp_path: Path,
) -> None:
    def no_progress(_found: Found) -> None:
        """The test is short."""

    with mock_kafka() as bootstrap:
        found = fuzz(bootstrap, tmp_path, messages=2_000, seed=20261124, progress=no_progress)
        published = read_all(bootstrap, offline_codec(), EVENTS)
    assert not found.problems()
    assert found.sent == 2_000
    assert {b"AA", b"AE", b"AR"} <= set(found.codes)
    assert found.logged["junk outside a block"]
    assert len(published) >= found.counts.accepted - found.counts.repeated - found.counts.silent
