"""Questions on the quality of data: what they take, and that each SQL has what it asks for."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.analytics import Analytics, AnalyticsUnavailable, Row
from dashboards.quality import sql
from dashboards.quality.behind import BEHIND
from dashboards.quality.definitions import FAULTS, PARTS
from dashboards.quality.question import FILTERS, QualityQuestion, read_question
from dashboards.quality.shared import SharedQuestions
from dashboards.questions import BadQuestion
from dashboards.trends.question import Period

TODAY = date(2026, 3, 9)
DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))
TEXTS = {name: text for name, text in vars(sql).items() if name.startswith("BY_")} | {"CHOICES": sql.CHOICES}


@given(DAYS, st.integers(0, 400), st.one_of(st.none(), st.integers(1, 100_000)), st.text(max_size=5))
def test_what_is_asked_is_what_is_read(first: date, days: int, bound_s: int | None, system: str) -> None:
    last = first + timedelta(days=days)
    asked = {"from": first.isoformat(), "to": last.isoformat(), "system": system}
    if bound_s is not None:
        asked["bound_s"] = str(bound_s)
    found = read_question(asked, TODAY, UTC)
    assert (found.period, found.system) == (Period(first, last), system)
    assert found.bound_s == (300 if bound_s is None else bound_s)
    parameters = found.parameters()
    assert parameters["end"] > parameters["start"]  # type: ignore[operator]  # both are times


def test_an_empty_source_asks_for_what_names_none_and_a_missing_one_for_all() -> None:
    none = read_question({"facility": ""}, TODAY, UTC).parameters()
    every = read_question({}, TODAY, UTC).parameters()
    assert (none["any_facility"], every["any_facility"]) == (False, True)
    assert none["facility"] == every["facility"] == ""


@pytest.mark.parametrize(
    "asked",
    [
        {"bound_s": "0"},
        {"bound_s": "-1"},
        {"bound_s": "1.5"},
        {"bound_s": "9" * 30},
        {"from": "2026-03-10", "to": "2026-03-09"},
        {"from": "yesterday"},
    ],
)
def test_what_makes_no_sense_is_refused(asked: dict[str, str]) -> None:
    with pytest.raises(BadQuestion):
        read_question(asked, TODAY, UTC)


@pytest.mark.parametrize("text", [*TEXTS.values(), *BEHIND.values()], ids=[*TEXTS, *map("-".join, BEHIND)])
def test_each_question_is_given_every_value_that_it_asks_for(text: str) -> None:
    given_values = QualityQuestion(period=Period(TODAY, TODAY), zone=UTC).parameters().keys()
    place = {"after_at", "after_id", "limit", "station"}
    assert set(re.findall(r"{(\w+):", text)) <= given_values | place
    assert text.count("(") == text.count(")")


def test_every_figure_is_explained_and_each_fault_leads_to_what_is_behind_it() -> None:
    for part, faults in FAULTS.items():
        assert {fault for of, fault in BEHIND if of == part} == faults.keys()
        assert all(fault.label and fault.meaning for fault in faults.values())
    assert {part for part, _ in BEHIND} == PARTS.keys()
    assert set(FILTERS) == {"site", "system", "facility", "protocol"}


class CountedAnalytics:
    """ClickHouse as far as the questions see it: it counts, and is away when the test says so."""

    def __init__(self) -> None:
        self.asked = 0
        self.away = False

    async def ask(self, text: str, _: Mapping[str, object]) -> Sequence[Row]:
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise AnalyticsUnavailable(datetime.now(UTC), "no connection")
        return [{"text": text}]


def test_what_many_ask_at_once_is_asked_once_and_a_failure_is_not_kept() -> None:
    async def go() -> None:
        analytics = CountedAnalytics()
        shared = SharedQuestions(cast("Analytics", analytics))
        answers = await asyncio.gather(*(shared.ask("SELECT 1", {"a": 1}) for _ in range(5)))
        assert answers == [[{"text": "SELECT 1"}]] * 5
        assert analytics.asked == 1
        await shared.ask("SELECT 1", {"a": 2})
        assert analytics.asked == 2
        analytics.away = True
        for _ in range(2):
            with pytest.raises(AnalyticsUnavailable):
                await shared.ask("SELECT 2", {})
        analytics.away = False
        assert await shared.ask("SELECT 2", {}) == [{"text": "SELECT 2"}]

    asyncio.run(go())
