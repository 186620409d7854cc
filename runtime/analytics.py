"""The ClickHouse client of an installation, whichever server it uses."""

from __future__ import annotations

from clickhouse_connect.driver.client import Client

from runtime.installation import Installation
from sinks.clickhouse.client import connect


def analytics_client(installation: Installation) -> Client:
    """A client with the installation's credentials, in its database. The caller closes it.

    Raises clickhouse_connect.driver.exceptions.Error where nobody answers.
    """
    return connect(
        installation.clickhouse_url,
        installation.settings.clickhouse_user,
        installation.secret("clickhouse_password"),
        installation.settings.clickhouse_database,
    )
