"""The bound on what all connections together hold."""

from __future__ import annotations

from producers.hl7.in_flight import InFlight
from producers.hl7.recent import RecentMessages, Seen


def test_who_waits_is_woken_once_when_there_is_room_again() -> None:
    in_flight = InFlight(2, 100)
    woken: list[str] = []
    in_flight.add(2, 10)
    assert in_flight.is_full
    in_flight.wait(lambda: woken.append("a"))
    in_flight.add(0, 5)
    assert not woken
    in_flight.add(-1, -5)
    in_flight.add(-1, -5)
    assert woken == ["a"]


def test_bytes_count_as_well() -> None:
    in_flight = InFlight(2, 100)
    in_flight.add(1, 100)
    assert in_flight.is_full
    in_flight.add(0, -1)
    assert not in_flight.is_full


def test_who_is_forgotten_is_not_woken() -> None:
    in_flight = InFlight(1, 100)
    woken: list[str] = []

    def wake() -> None:
        woken.append("a")

    in_flight.add(1, 0)
    in_flight.wait(wake)
    in_flight.forget(wake)
    in_flight.add(-1, 0)
    assert not woken


def identity(control_id: str, content: str) -> tuple[str, str, str, str]:
    """As `identity_of` gives it."""
    return "RIS", "NORTH", control_id, (content * 64)[:64]


def test_a_repetition_and_a_control_id_used_again_are_told_apart() -> None:
    recent = RecentMessages()
    assert recent.look(identity("1", "a")) is Seen.NEW
    recent.accepted(identity("1", "a"))
    assert recent.look(identity("1", "a")) is Seen.SAME
    assert recent.look(identity("1", "b")) is Seen.OTHER
    assert recent.look(("RIS", "SOUTH", *identity("1", "a")[2:])) is Seen.NEW


def test_a_message_without_a_control_id_is_always_new() -> None:
    recent = RecentMessages()
    recent.accepted(identity("", "a"))
    assert recent.look(identity("", "a")) is Seen.NEW


def test_the_oldest_are_forgotten_and_the_latest_half_is_kept() -> None:
    recent = RecentMessages(kept=10)
    for number in range(1000):
        recent.accepted(identity(str(number), "a"))
        assert len(recent) <= 10
    assert recent.look(identity("989", "a")) is Seen.NEW
    assert all(recent.look(identity(str(number), "a")) is Seen.SAME for number in range(995, 1000))


def test_a_message_that_was_accepted_before_and_now_again_is_no_older_than_the_last_time() -> None:
    recent = RecentMessages(kept=10)
    recent.accepted(identity("first", "a"))
    for number in range(6):
        recent.accepted(identity(str(number), "a"))
    recent.accepted(identity("first", "a"))
    for number in range(6, 10):
        recent.accepted(identity(str(number), "a"))
    assert recent.look(identity("first", "a")) is Seen.SAME
