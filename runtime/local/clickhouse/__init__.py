"""The ClickHouse engine as a server of ClickHouse's HTTP interface, for one machine without Docker."""

from runtime.local.clickhouse.config import ClickHouseConfig
from runtime.local.clickhouse.errors import StartError
from runtime.local.clickhouse.server import serve

__all__ = ["ClickHouseConfig", "StartError", "serve"]
