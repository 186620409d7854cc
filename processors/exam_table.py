"""The fold's table: Faust's RocksDB store of each partition, read and written by the partition.

Faust opens, closes, recovers and wipes the stores. A flush writes states after Kafka has them, with the
offset of the last one in the same batch: so a store is never ahead of its changelog, and never half written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import rocksdict


class StoreClosed(Exception):
    """The partition is somebody else's now, or about to be."""


class ExamTable:
    """States by partition and key."""

    def __init__(self, table: Any) -> None:
        """`table`: a Faust table with a RocksDB store."""
        self._table = table

    def read(self, partition: int, key: bytes) -> bytes | None:
        """The state's bytes, or None. Raises StoreClosed."""
        raw: bytes | None = self._store(partition).get(key)
        return raw

    def write(self, partition: int, states: Sequence[tuple[bytes, bytes]], changelog_offset: int) -> None:
        """All or none of `states`; recovery then reads the changelog from `changelog_offset` on.

        Raises StoreClosed.
        """
        batch = rocksdict.WriteBatch(raw_mode=True)
        for key, raw in states:
            batch.put(key, raw)
        batch.put(self._table.data.offset_key, str(changelog_offset).encode())
        self._store(partition).write(batch)

    def _store(self, partition: int) -> Any:
        # Not `_db_for_partition`: it would open again what a rebalance has closed.
        store = self._table.data._dbs.get(partition)  # noqa: SLF001 - ADR 14
        if store is None:
            raise StoreClosed(f"the store of partition {partition} is closed")
        return store
