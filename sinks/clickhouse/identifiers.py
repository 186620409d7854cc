"""Whether a text is a UUID (RFC 9562, section 4), one by one or many at once."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sinks.clickhouse.errors import NotAnId

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_UUID_LENGTH = 36
_HYPHENS = (8, 13, 18, 23)
_IS_HEX = np.isin(np.arange(256), np.frombuffer(b"0123456789abcdefABCDEF", np.uint8))


def checked_id(value: str) -> str:
    """`value`, which is an id. Raises NotAnId."""
    if not _UUID.fullmatch(value):
        raise NotAnId
    return value


def check_ids(ids: pa.Array) -> None:
    """As `checked_id`, of texts that are all there."""
    if not len(ids):
        return
    if not pc.all(pc.equal(pc.binary_length(ids), _UUID_LENGTH)).as_py():
        raise NotAnId
    first, last = np.frombuffer(ids.buffers()[1], np.int32)[[ids.offset, ids.offset + len(ids)]]
    letters = np.frombuffer(ids.buffers()[2], np.uint8)[first:last].reshape(-1, _UUID_LENGTH)
    hyphens = letters[:, _HYPHENS] == ord("-")
    if not (hyphens.all() and _IS_HEX[np.delete(letters, _HYPHENS, axis=1)].all()):
        raise NotAnId
