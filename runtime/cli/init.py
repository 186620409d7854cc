"""`radstream init`: topics, contracts, tables and the bucket, once per installation."""

from __future__ import annotations

import clickhouse_connect.driver.exceptions

from runtime.cli.output import Json, console, fail, print_json
from runtime.cli.settings_of import Data, read_settings
from runtime.installation import Installation
from runtime.readiness import prepare
from runtime.stack.errors import StackError
from schemas.errors import SchemaError
from sinks.clickhouse.errors import SinkError


def init(*, data: Data = None, json: Json = False) -> None:
    """Create topics, register contracts, migrate ClickHouse and make the bucket, where missing.

    `up` does this by itself; containers run it once before the pipeline.
    """
    installation = Installation(read_settings(data))
    try:
        prepare(installation)
    except (
        StackError,
        SchemaError,
        SinkError,
        clickhouse_connect.driver.exceptions.Error,
        OSError,
    ) as error:
        fail(str(error), as_json=json)
    if json:
        print_json({"prepared": True, "endpoints": dict(installation.endpoints())})
    else:
        console.print("topics, contracts, tables and the bucket are there")
