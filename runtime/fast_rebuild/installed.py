"""What a rebuild's processes need of an installation."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass

import structlog
from clickhouse_connect.driver.client import Client

from processors.clock_bounds import ClockBounds
from runtime.archive import archive_store_config, trusted_keys
from runtime.fast_rebuild.partition import KeyAndValue
from runtime.fast_rebuild.run import Plan, Workplace
from runtime.history import history_of
from runtime.installation import Installation
from schemas.registry import connect_codec
from schemas.topics import EVENTS
from sinks.archive.keys import trusted
from sinks.archive.names import Place
from sinks.archive.store import ArchiveStore
from sinks.clickhouse.bulk.filling import TurnaroundTables
from sinks.clickhouse.client import connect
from sinks.history.reading import History

# The intervals of all exams are one statement.
_LONGEST_STATEMENT_S = 3600


@dataclass(frozen=True, slots=True)
class InstalledWorkplaces:
    """The archive, the registry, ClickHouse and Kafka of an installation."""

    installation: Installation

    @contextmanager
    def open(self) -> Iterator[Workplace]:
        """One for the caller. Raises ArchiveError, SchemaError, StackError, the driver's error."""
        # Standard output is the command's.
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        here = self.installation
        with (
            closing(ArchiveStore(archive_store_config(here))) as store,
            closing(bulk_client(here)) as client,
            history_of(here) as history,
        ):
            keys, codec = trusted(store, trusted_keys(here)), connect_codec(here.registry_url)
            yield Workplace(store, keys, codec, client, lambda place, offset: _newer(history, place, offset))


def plan_of(
    installation: Installation, tables: TurnaroundTables, *, versions: Mapping[int, int], verify: bool
) -> Plan:
    """All partitions of the event log, under the installation's clock bounds. Raises ArchiveError."""
    settings = installation.settings
    with history_of(installation) as history:
        places = history.places(EVENTS)
    bounds = ClockBounds.of(settings.clock_ahead_s, settings.clock_behind_days)
    return Plan(places=places, tables=tables, bounds=bounds, versions=versions, verify=verify)


def bulk_client(installation: Installation) -> Client:
    """A client that waits for long statements; the caller closes it. Raises the driver's error."""
    settings = installation.settings
    return connect(
        installation.clickhouse_url,
        settings.clickhouse_user,
        installation.secret("clickhouse_password"),
        settings.clickhouse_database,
        answer_timeout_s=_LONGEST_STATEMENT_S,
    )


def _newer(history: History, place: Place, offset: int) -> Iterator[KeyAndValue]:
    """What the log has from `offset` on until now."""
    _, end = history.ends(place)
    for messages in history.read(place, offset, end):
        for message in messages:
            yield message.key, message.value
