"""An exam differs where it stood still between two looks and is still not alike."""

from __future__ import annotations

from collections.abc import Set

from runtime.replay.settling import ROUNDS, Look, Settled, settled


def looking(*looks: tuple[set[str], set[str]]) -> tuple[Settled, list[Set[str] | None]]:
    """What comes of looks, each with the exams that moved and those that differ; and what was asked for."""
    asked: list[Set[str] | None] = []
    left = list(looks)

    def look(among: Set[str] | None) -> Look:
        asked.append(among)
        return Look(*(left.pop(0) if len(left) > 1 else left[0]))

    return settled(look, lambda: None), asked


def test_what_is_alike_is_looked_at_once() -> None:
    assert looking(({"a", "b"}, set())) == (Settled(set(), set()), [None])


def test_what_was_only_late_is_no_difference() -> None:
    assert looking((set(), {"a"}), (set(), set()))[0] == Settled(set(), set())


def test_what_stands_still_and_is_not_alike_differs() -> None:
    found, asked = looking((set(), {"a", "b"}), ({"b"}, {"a", "b"}), (set(), {"a"}))
    assert found == Settled({"a"}, set())
    assert asked == [None, {"a", "b"}, {"a", "b"}]


def test_what_moves_all_the_time_is_undecided() -> None:
    found, asked = looking(({"a"}, {"a"}))
    assert found == Settled(set(), {"a"})
    assert len(asked) == ROUNDS + 1


def test_what_came_to_differ_while_it_was_looked_at_is_looked_at_again() -> None:
    found, _ = looking((set(), {"a"}), (set(), {"a", "b"}), (set(), {"a", "b"}))
    assert found == Settled({"a", "b"}, set())
