"""The history of an installation's topics: from its archive, and from its Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from runtime.archive import archive_store_config, trusted_keys
from runtime.installation import Installation
from runtime.lag import ARCHIVE_GROUP
from sinks.archive.keys import trusted
from sinks.archive.log_reader import LogReader
from sinks.archive.store import ArchiveStore
from sinks.history.reading import History

# Kafka insists on a name. Nobody is a member of it.
_GROUP = f"{ARCHIVE_GROUP}-history"
# Partitions may be read side by side, each over a connection of its own.
_QUEUED_KB = 8 * 1024


@contextmanager
def history_of(installation: Installation) -> Iterator[History]:
    """What is read of it may raise ArchiveError. Raises ArchiveError, ValueError, StackError."""

    def connect() -> LogReader:
        return LogReader(installation.kafka_bootstrap, _GROUP, tells_ends=True, queued_kb=_QUEUED_KB)

    with closing(ArchiveStore(archive_store_config(installation))) as store:
        keys = trusted(store, trusted_keys(installation))
        with closing(History(connect, store, keys)) as history:
            yield history
