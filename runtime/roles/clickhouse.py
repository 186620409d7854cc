"""The local ClickHouse server."""

from __future__ import annotations

from runtime.installation import Installation
from runtime.local.clickhouse.config import Analyst, ClickHouseConfig
from runtime.local.clickhouse.server import serve


def run(installation: Installation) -> None:
    """Run until SIGTERM or SIGINT."""
    settings = installation.settings
    serve(
        ClickHouseConfig(
            host=settings.host,
            port=settings.clickhouse_port,
            directory=installation.data / "clickhouse",
            user=settings.clickhouse_user,
            password=installation.secret("clickhouse_password"),
            analyst=Analyst(
                user=settings.clickhouse_analyst_user,
                password=installation.secret("clickhouse_analyst_password"),
            ),
            database=settings.clickhouse_database,
        )
    )
