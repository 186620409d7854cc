"""The same rows as files for other programs. Pure."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from io import BytesIO, StringIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
_SYNTHETIC = "synthetic"
_SYNTHETIC_METADATA = {"radstream.data": _SYNTHETIC}
# What a spreadsheet would take for a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_file(rows: Sequence[Mapping[str, Any]], kind: str, *, is_synthetic: bool = False) -> bytes:
    """`rows` as `csv` (RFC 4180, with a head) or `parquet`; columns in the order of the first row.

    `is_synthetic`: invented events may be behind them. A CSV then has it in a column, for it can say nothing
    beside its rows; Parquet has it in its metadata.
    """
    if kind == "parquet":
        return _parquet(rows, _SYNTHETIC_METADATA if is_synthetic else {})
    return _csv([{**row, "data": _SYNTHETIC} for row in rows] if is_synthetic else rows)


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    written = StringIO()
    writer = csv.writer(written)
    if rows:
        writer.writerow(rows[0])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return written.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return value.isoformat() if hasattr(value, "isoformat") else value


def _parquet(rows: Sequence[Mapping[str, Any]], metadata: Mapping[str, str]) -> bytes:
    written = BytesIO()
    table = pa.Table.from_pylist([dict(row) for row in rows])
    if metadata:
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), **metadata})
    pq.write_table(table, written, compression="zstd")
    return written.getvalue()
