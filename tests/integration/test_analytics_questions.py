"""The twenty questions of docs/analytics.md give the right numbers on a quarter whose answers are known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from runtime.installation import Installation
from runtime.questions import answered
from runtime.settings import Settings
from sinks.clickhouse.migrate import migrate
from tests.clickhouse_running import ANALYST, ANALYST_PASSWORD, DATABASE, clickhouse_server
from tests.quarter import quarter
from tests.quarter_answers import ANSWERS
from tests.quarter_events import load
from tests.quarter_story import Quarter

_PAGE = Path(__file__).parents[2] / "docs" / "analytics.md"
_BLOCKS = re.findall(r"^```sql\n(.*?)^```", _PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
_QUESTIONS = {found[1]: sql for sql in _BLOCKS if (found := re.match(r"-- question: (\w+)\n", sql))}
# The statements round to one or two places.
_ROUNDED = 0.0501


@pytest.fixture(scope="module")
def told() -> Quarter:
    return quarter()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, told: Quarter) -> Iterator[Installation]:
    """A ClickHouse that has the quarter, and its analyst."""
    with clickhouse_server(tmp_path_factory.mktemp("clickhouse")) as server:
        client = server.client()
        migrate(client, DATABASE)
        load(client, told)
        client.close()
        yield Installation(
            Settings(
                data=tmp_path_factory.mktemp("data"),
                clickhouse_url=server.url,
                clickhouse_analyst_user=ANALYST,
                clickhouse_analyst_password=ANALYST_PASSWORD,
            )
        )


def ask(installation: Installation, sql: str, **parameters: str) -> list[dict[str, Any]]:
    with answered(installation, sql, parameters, "JSON") as pieces:
        rows: list[dict[str, Any]] = orjson.loads(b"".join(pieces))["data"]
    return rows


def test_there_are_twenty_questions_and_each_is_answered_here() -> None:
    assert len(_BLOCKS) == len(_QUESTIONS) == 20
    assert list(_QUESTIONS) == list(ANSWERS)


def test_the_quarter_has_all_that_is_asked_for(told: Quarter) -> None:
    for name in ("missed", "cancelled", "critical_notified", "delay_code", "corrected", "reconciled"):
        assert sum(getattr(story, name) is not None for story in told.stories) > 10, name
    for name in ("clock_fault", "addended"):
        assert sum(bool(getattr(story, name)) for story in told.stories) > 10, name
    assert told.unmatched


@pytest.mark.parametrize("name", list(_QUESTIONS))
def test_the_answer_is_what_happened(installation: Installation, told: Quarter, name: str) -> None:
    given, expected = ask(installation, _QUESTIONS[name]), ANSWERS[name](told)
    assert len(expected) >= 1
    assert [list(row) for row in given] == [list(row) for row in expected]
    for row, known in zip(given, expected, strict=True):
        for column, value in known.items():
            close = pytest.approx(value, abs=_ROUNDED) if isinstance(value, float) else value
            assert row[column] == close, (column, row, known)


def test_a_period_without_exams_is_no_error(installation: Installation) -> None:
    for name, sql in _QUESTIONS.items():
        rows = ask(installation, sql, **{"from": "2031-01-01", "to": "2031-01-03"})
        assert len(rows) <= 24, name
