"""The short form of `make fuzz-dicom`, on the running pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from minio import Minio

from runtime.stack.state import read_state
from tests.fuzz_dicom import Found, Target, fuzz
from tests.running_stack import RunningStack

pytestmark = pytest.mark.stack


def test_mutated_data_sets_and_pdus_cost_no_more_than_their_own_association(pipeline: RunningStack) -> None:
    def no_progress(_found: Found) -> None:
        """The test is short."""

    found = fuzz(target(pipeline), numbers=range(400), seed=20261124, progress=no_progress)
    assert found.outcomes.problems == []
    assert found.outcomes.sent == 400
    outcomes = {outcome for _, outcome in found.outcomes.by_kind}
    assert {"0x0000", "0xC000", "it closed"} <= outcomes


def target(stack: RunningStack) -> Target:
    """The listener of the running pipeline."""
    state = read_state(stack.data)
    assert state is not None
    pids = {name: part.pid for name, part in state.parts.items() if part.pid is not None}
    return Target(stack.dicom_port, "RADSTREAM", pids, stack.data, lambda: keys(stack))


def keys(stack: RunningStack) -> Iterator[str]:
    """Of the objects of its images."""
    address = urlsplit(stack.s3_endpoint).netloc
    client = Minio(address, access_key=stack.s3_access_key, secret_key=stack.s3_secret_key, secure=False)
    for found in client.list_objects("radstream-images", recursive=True):
        yield found.object_name or ""
