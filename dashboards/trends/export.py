"""The same rows as files for other programs. Pure."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from io import BytesIO, StringIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
# What a spreadsheet would take for a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_file(rows: Sequence[Mapping[str, Any]], kind: str) -> bytes:
    """`rows` as `csv` (RFC 4180, with a head) or `parquet`; columns in the order of the first row."""
    return _csv(rows) if kind == "csv" else _parquet(rows)


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


def _parquet(rows: Sequence[Mapping[str, Any]]) -> bytes:
    written = BytesIO()
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), written, compression="zstd")
    return written.getvalue()
