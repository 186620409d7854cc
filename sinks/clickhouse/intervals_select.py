"""How the live view makes the rows of intervals from the rows of exams, for tables beside the live ones."""

from __future__ import annotations

import re

from clickhouse_connect.driver.client import Client

INTERVALS_VIEW = "turnaround_from_exams"
_SELECT = "SELECT as_select FROM system.tables WHERE database = currentDatabase() AND name = {name:String}"
_EXAMS = re.compile(r"\bturnaround_exams\b")


def intervals_select(client: Client, exams: str) -> str:
    """The view's own select, of the table `exams`.

    Raises ValueError where the live tables are of another version, or the driver's error.
    """
    found = client.query(_SELECT, parameters={"name": INTERVALS_VIEW}).result_rows
    select, count = _EXAMS.subn(exams, str(found[0][0]) if found else "")
    if not count:
        raise ValueError(f"{INTERVALS_VIEW} reads no turnaround_exams: the tables are of another version")
    return select
