"""Questions to ClickHouse as its analyst, who only reads: over its HTTP interface, in any of its formats."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import httpx

from runtime.installation import Installation

_DEFAULT: Final = re.compile(r"^--\s*param\s+(\w+)\s*=\s*(.*?)\s*$", re.MULTILINE)
_TIMEOUT: Final = httpx.Timeout(5.0, read=120.0)
_CODE: Final = "X-ClickHouse-Exception-Code"
_ESCAPES: Final = {"\\": "\\\\", "\t": "\\t", "\n": "\\n"}
_USERS: Final = (
    "see RADSTREAM_CLICKHOUSE_ANALYST_USER and _PASSWORD; on a ClickHouse server of your own, "
    "deploy/clickhouse/analyst.sql makes the user"
)
# What to do next, by ClickHouse's error code.
_ADVICE: Final[Mapping[str, str]] = {
    "60": "`radstream sql 'SHOW TABLES'` lists what there is",
    "47": "`radstream sql 'DESCRIBE v_exams'` lists the columns of a view",
    "62": "ClickHouse's dialect of SQL is wanted; choose the form of the answer by --format",
    "159": "it took too long: ask for fewer days, or of a rollup (v_turnaround_daily)",
    "164": "the analyst reads only: SELECT, SHOW, DESCRIBE, EXPLAIN",
    "192": _USERS,
    "194": _USERS,
    "241": "it took too much memory: ask for fewer days or columns",
    "456": "give it by --param NAME=VALUE, or a default by a line `-- param NAME = VALUE`",
    "457": "see the type that stands at the parameter",
    "497": "`radstream sql 'SHOW TABLES'` lists what there is: views are read, tables are not",
    "516": _USERS,
}


class QuestionFailed(Exception):
    """No answer. The text says why, and what to do."""


def defaults_in(sql: str) -> dict[str, str]:
    """The values that lines `-- param NAME = VALUE` give to the statement's parameters."""
    return dict(_DEFAULT.findall(sql))


@contextmanager
def answered(
    installation: Installation, sql: str, parameters: Mapping[str, str], output_format: str
) -> Iterator[Iterator[bytes]]:
    """The answer's bytes, once it is whole on the server. Raises QuestionFailed."""
    settings = installation.settings
    query = {
        "database": settings.clickhouse_database,
        "default_format": output_format,
        "wait_end_of_query": "1",
    }
    bound = {f"param_{name}": _escaped(value) for name, value in {**defaults_in(sql), **parameters}.items()}
    headers = {
        "X-ClickHouse-User": settings.clickhouse_analyst_user,
        "X-ClickHouse-Key": installation.secret("clickhouse_analyst_password"),
    }
    url = installation.clickhouse_url
    try:
        with httpx.stream(
            "POST", url, params=query | bound, content=sql.encode(), headers=headers, timeout=_TIMEOUT
        ) as answer:
            if answer.status_code != httpx.codes.OK:
                raise _refusal(answer)
            yield answer.iter_bytes()
    except httpx.HTTPError as error:
        raise QuestionFailed(
            f"ClickHouse at {url} does not answer ({type(error).__name__}): see `radstream status`"
        ) from error


def _escaped(value: str) -> str:
    """As ClickHouse reads a parameter's value: backslash, tab and line feed are escaped."""
    return "".join(_ESCAPES.get(character, character) for character in value)


def _refusal(answer: httpx.Response) -> QuestionFailed:
    said = answer.read().decode(errors="replace").strip().removeprefix("Code: ")
    advice = _ADVICE.get(answer.headers.get(_CODE, ""))
    return QuestionFailed(f"ClickHouse: {said}" + (f"\nNext: {advice}" if advice else ""))
