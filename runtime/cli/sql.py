"""`radstream sql "SELECT …"`: ask ClickHouse."""

from __future__ import annotations

from typing import Annotated

import clickhouse_connect.driver.exceptions
import typer

from runtime.analytics import analytics_client
from runtime.cli.output import Json, fail, print_json, print_table
from runtime.cli.settings_of import Data, running_installation


def sql(
    query: Annotated[str, typer.Argument(help="A SELECT, in ClickHouse's dialect.")],
    *,
    data: Data = None,
    json: Json = False,
) -> None:
    """Run a read-only query on the analytics store and print its rows."""
    installation, _ = running_installation(data, as_json=json)
    try:
        client = analytics_client(installation)
        result = client.query(query, settings={"readonly": "1"})
    except clickhouse_connect.driver.exceptions.ClickHouseError as error:
        fail(str(error), as_json=json)
    rows = [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]
    if json:
        print_json(rows)
    else:
        print_table(f"{len(rows)} rows", rows)
