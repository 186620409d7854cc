"""Rows on their way to bytes: the same bytes as those of the row that subscribers read."""

from __future__ import annotations

import pytest
from hypothesis import given

from processors.fold import fold
from processors.turnaround import turnaround_draft, turnaround_row
from processors.view import view_of
from processors.worklist import worklist_draft, worklist_row
from schemas import drafts
from schemas.codec import encode_body
from schemas.contracts import contracts
from schemas.events import Event
from tests.histories import histories

CLASSES = [cls for name, cls in vars(drafts).items() if name.endswith("Draft")]


@given(histories(max_size=12))
def test_a_draft_and_the_row_that_is_read_of_it_have_the_same_bytes(events: list[Event]) -> None:
    for state in fold(events).values():
        view = view_of(state)
        assert encode_body(worklist_draft(view)) == encode_body(worklist_row(state))
        assert encode_body(turnaround_draft(view)) == encode_body(turnaround_row(state))


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_a_draft_has_the_fields_of_its_contract(cls: type[drafts.WorklistRowDraft]) -> None:
    assert set(cls.__slots__) == {field["name"] for field in contracts()[cls.AVRO_NAME]["fields"]}
