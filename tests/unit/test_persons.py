"""Which numbers are one person, by the merges that stand: for the views, and for an erasure."""

from __future__ import annotations

from processors.patients import MERGED, UNMERGED, MergeSaid, Persons


def _merge(
    one: str, other: str, merged_us: int | None = 1, unmerged_us: int | None = None
) -> list[MergeSaid]:
    said = ((MERGED, merged_us), (UNMERGED, unmerged_us))
    return [MergeSaid(step, one, other, at) for step, at in said if at is not None]


def _keys_of(key: str, *merges: list[MergeSaid]) -> set[str]:
    return Persons(said for merge in merges for said in merge).keys_of(key)


def test_numbers_that_were_merged_are_one_person_over_any_chain() -> None:
    merges = [_merge("c", "b"), _merge("a", "b"), _merge("x", "y"), _merge("c", "d")]
    for key in "abcd":
        assert _keys_of(key, *merges) == {"a", "b", "c", "d"}
    assert _keys_of("x", *merges) == {"x", "y"}


def test_numbers_that_were_parted_again_are_not() -> None:
    assert _keys_of("a", _merge("a", "b", 1, 2), _merge("a", "c", 3, 2)) == {"a", "c"}
    assert _keys_of("a", _merge("a", "b", None, 2)) == {"a"}
