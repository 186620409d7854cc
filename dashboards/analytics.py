"""Questions to ClickHouse. It may be away: then every answer is AnalyticsUnavailable, at once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import clickhouse_connect
import structlog
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, Error

from dashboards.config import DashboardConfig
from dashboards.questions import BadQuestion

log = structlog.get_logger("dashboard")

_CONNECT_TIMEOUT_S = 2
_ANSWER_TIMEOUT_S = 10
_ASK_AGAIN_AFTER_S = 2.0
_QUESTIONS_AT_ONCE = 4
_BAD_VALUE = "BAD_QUERY_PARAMETER"

Row = Mapping[str, Any]


class AnalyticsUnavailable(Exception):
    """ClickHouse does not answer.

    since: When it was first found away, by the wall clock, UTC.
    """

    def __init__(self, since: datetime, reason: str) -> None:
        """`reason`: the name of ClickHouse's error, or that there is no connection."""
        super().__init__(f"ClickHouse gives no answer since {since:%Y-%m-%d %H:%M:%S} UTC: {reason}")
        self.since = since
        self.reason = reason


class Asks(Protocol):
    """Who answers questions of ClickHouse's views."""

    async def ask(self, sql: str, parameters: Mapping[str, object]) -> Sequence[Row]:
        """Rows by column name. Raises AnalyticsUnavailable."""


class Analytics:
    """A client of one ClickHouse. One event loop owns it; the questions run in threads."""

    def __init__(self, config: DashboardConfig) -> None:
        """Nothing is connected before the first question."""
        self._config = config
        self._client: Client | None = None
        self._limit: anyio.CapacityLimiter | None = None
        self._away_since: datetime | None = None
        self._reason = ""
        self._ask_again_s = 0.0

    @property
    def away_since(self) -> datetime | None:
        """Since when ClickHouse is known to be away; None as far as it is known to be there."""
        return self._away_since

    async def ask(
        self, sql: str, parameters: Mapping[str, object], settings: Mapping[str, object] | None = None
    ) -> Sequence[Row]:
        """Rows by column name. Raises AnalyticsUnavailable; BadQuestion where a parameter's value is none.

        settings: ClickHouse's, for this question.
        """
        if self._away_since is not None and time.monotonic() < self._ask_again_s:
            raise AnalyticsUnavailable(self._away_since, self._reason)
        self._limit = self._limit or anyio.CapacityLimiter(_QUESTIONS_AT_ONCE)
        try:
            rows = await anyio.to_thread.run_sync(
                partial(self._ask, sql, parameters, settings), limiter=self._limit, abandon_on_cancel=True
            )
        except (ClickHouseError, OSError) as error:
            if isinstance(error, Error) and error.name == _BAD_VALUE:
                # It is there, and what one reader asked must not stand in the way of the others.
                raise BadQuestion("a value is none that ClickHouse can compare with") from None
            raise self._found_away(error) from None
        if self._away_since is not None:
            log.info("clickhouse_back", away_since=self._away_since.isoformat())
            self._away_since = None
        return rows

    def close(self) -> None:
        """End the connection."""
        if self._client is not None:
            self._client.close()

    def _ask(
        self, sql: str, parameters: Mapping[str, object], settings: Mapping[str, object] | None
    ) -> Sequence[Row]:
        client = self._client or self._connect()
        asked = client.query(sql, parameters=dict(parameters), settings=dict(settings or {}))
        return list(asked.named_results())

    def _connect(self) -> Client:
        url = urlsplit(self._config.clickhouse_url)
        secure = url.scheme == "https"
        self._client = clickhouse_connect.get_client(
            host=url.hostname or "localhost",
            port=url.port or (8443 if secure else 8123),
            interface="https" if secure else "http",
            username=self._config.clickhouse_user,
            password=self._config.clickhouse_password,
            database=self._config.clickhouse_database,
            connect_timeout=_CONNECT_TIMEOUT_S,
            send_receive_timeout=_ANSWER_TIMEOUT_S,
            # Without a session questions may run beside one another.
            autogenerate_session_id=False,
            query_retries=0,
        )
        return self._client

    def _found_away(self, error: Exception) -> AnalyticsUnavailable:
        # The message repeats the question and its parameters: the error's name alone says enough.
        reason = (error.name if isinstance(error, Error) else None) or "no connection"
        if self._away_since is None:
            self._away_since = datetime.now(UTC)
            log.warning("clickhouse_away", reason=reason)
        self._reason = reason
        self._ask_again_s = time.monotonic() + _ASK_AGAIN_AFTER_S
        return AnalyticsUnavailable(self._away_since, reason)


def utc(value: datetime) -> datetime:
    """ClickHouse's UTC columns come without a zone where the client's tz mode says so."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
