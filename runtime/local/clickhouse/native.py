"""Blocks of the Native format as newer clients want them.

The engine writes them as of protocol version 0. clickhouse-go, and with it Grafana, asks for a later one
(`client_protocol_version`) and cannot read these: it wants an info before each block, and before the data of
each column a byte that says how they are serialised. To see where a column ends, its data are walked through.
"""

from __future__ import annotations

from typing import Final, Protocol

from runtime.local.clickhouse.errors import refused
from runtime.local.clickhouse.native_types import Incomplete, end_of, prefix_bytes, text, varint

# ClickHouse, src/Core/ProtocolDefines.h: DBMS_MIN_REVISION_WITH_CUSTOM_SERIALIZATION.
CUSTOM_SERIALIZATION: Final = 54454
# Fields 1 (no overflow rows), 2 (bucket -1), end: src/Core/BlockInfo.h.
_BLOCK_INFO: Final = b"\x01\x00\x02\xff\xff\xff\xff\x00"
_PLAIN: Final = b"\x00"


class Receiver(Protocol):
    """Where a result goes."""

    def write(self, data: bytes) -> None: ...
    def check(self) -> None: ...


class NativeBlocks:
    """Takes what the engine writes, and passes each block on as of a later protocol version."""

    def __init__(self, receiver: Receiver) -> None:
        """`receiver` gets the blocks."""
        self._receiver = receiver
        self._held = b""

    def write(self, data: bytes) -> None:
        """Take the next piece. Raises ClickHouseError 48 for a type that cannot be walked through."""
        self._held += data
        while self._held:
            try:
                end, block = _converted(self._held)
            except Incomplete:
                return
            self._receiver.write(block)
            self._held = self._held[end:]

    def check(self) -> None:
        """See Receiver."""
        self._receiver.check()

    def end(self) -> None:
        """The result is over. Raises ClickHouseError 33 where a block is not whole: never half an answer."""
        if self._held:
            raise refused(33, "CANNOT_READ_ALL_DATA", "The result ended inside a block")


def _converted(data: bytes) -> tuple[int, bytes]:
    """Where the first block ends, and the block as it is passed on."""
    columns, at = varint(data, 0)
    rows, at = varint(data, at)
    parts = [_BLOCK_INFO, data[:at]]
    for _ in range(columns):
        begin = at
        _, at = text(data, at)
        kind, at = text(data, at)
        # What says how nested data are serialised stands before all of them.
        end = end_of(kind, data, at + prefix_bytes(kind), rows) if rows else at
        parts += [data[begin:at], _PLAIN, data[at:end]]
        at = end
    return at, b"".join(parts)
