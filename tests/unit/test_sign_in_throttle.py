"""Who guesses passwords is slowed down; who knows theirs is not kept out by a stranger."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dashboards.access.throttle import Throttle


class Time:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_few_typing_errors_cost_nothing_and_then_each_costs_twice_as_long() -> None:
    time = Time()
    throttle = Throttle(time)
    assert [throttle.attempt("ada", "a") for _ in range(4)] == [0.0] * 4
    waits = []
    for _ in range(12):
        waits.append(wait_s := throttle.attempt("ada", "a"))
        time.now_s += wait_s
        assert throttle.attempt("ada", "a") == 0.0
    assert waits[:4] == [1.0, 2.0, 4.0, 8.0]
    assert waits[-1] == 900.0


def test_who_signs_in_begins_anew() -> None:
    throttle = Throttle(Time())
    for _ in range(10):
        for _ in range(4):
            assert throttle.attempt("ada", "a") == 0.0
        throttle.succeeded("ada", "a")


def test_a_stranger_elsewhere_does_not_lock_someone_out() -> None:
    time = Time()
    throttle = Throttle(time)
    for _ in range(10):
        time.now_s += throttle.attempt("ada", "stranger")
    assert throttle.attempt("ada", "home") == 0.0


def test_one_address_cannot_try_many_names() -> None:
    throttle = Throttle(Time())
    tried = [throttle.attempt(f"user{number}", "a") for number in range(30)]
    assert tried[:20] == [0.0] * 20
    assert all(wait_s > 0 for wait_s in tried[20:])
    assert throttle.attempt("ada", "b") == 0.0


def test_many_addresses_cannot_try_one_name() -> None:
    throttle = Throttle(Time())
    tried = [throttle.attempt("ada", f"10.0.0.{number}") for number in range(60)]
    assert all(wait_s > 0 for wait_s in tried[50:])


def test_it_is_forgotten_after_an_hour() -> None:
    time = Time()
    throttle = Throttle(time)
    for _ in range(4):
        throttle.attempt("ada", "a")
    assert throttle.attempt("ada", "a") > 0
    time.now_s += 3_600
    assert throttle.attempt("ada", "a") == 0.0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.floats(0, 100)), max_size=300))
def test_in_an_hour_nobody_tries_one_name_more_often_than_a_hundred_times(
    attempts: list[tuple[str, str, float]],
) -> None:
    time = Time()
    throttle, made = Throttle(time), {"a": 0, "b": 0, "c": 0}
    for name, address, pause_s in attempts:
        time.now_s += pause_s
        if time.now_s > 4_600:
            break
        made[name] += throttle.attempt(name, address) == 0.0
    assert max(made.values()) <= 100
