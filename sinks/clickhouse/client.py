"""A connection to ClickHouse over its HTTP interface."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client

_CONNECT_TIMEOUT_S = 5
# Well below Kafka's max.poll.interval.ms, so that a hanging server does not cost us the partitions.
_ANSWER_TIMEOUT_S = 30


def connect(
    url: str, user: str, password: str, database: str, answer_timeout_s: int = _ANSWER_TIMEOUT_S
) -> Client:
    """A client for `database` (which need not exist yet) at `url`, http(s)://host[:port].

    answer_timeout_s: How long the server may be silent before a statement is given up.
    Raises clickhouse_connect.driver.exceptions.Error where nobody answers or the password is wrong.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    client = clickhouse_connect.get_client(
        host=parts.hostname or "",
        port=parts.port or (8443 if secure else 8123),
        secure=secure,
        username=user,
        password=password,
        connect_timeout=_CONNECT_TIMEOUT_S,
        send_receive_timeout=answer_timeout_s,
        # What does not leave the machine is sooner sent whole: for the sink it was a fifth of its work.
        compress=not _is_loopback(parts.hostname or ""),
        # A session would serialise what several threads ask, and does not survive the server's restart.
        autogenerate_session_id=False,
    )
    client.database = database
    return client


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:  # a name
        return host == "localhost"
