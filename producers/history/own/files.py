"""Rows of CSV and Parquet files, some at a time: millions need no more memory than thousands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from producers.history.own.mapping import FileMapping, InvalidMapping

_BLOCK_BYTES = 8 << 20
_ROWS_AT_ONCE = 20_000
_HEAD = 1


class UnreadableFile(ValueError):
    """The file is neither CSV nor Parquet, or is damaged; the message says which and where."""


@dataclass(frozen=True, slots=True)
class Portion:
    """Some rows by their numbers: as an editor counts lines, the head is 1; in Parquet the first row is 1.

    ragged: Numbers of those that are not as long as the head. share: Of the file that was read so far.
    """

    rows: list[tuple[int, dict[str, Any]]]
    ragged: list[int] = field(default_factory=list)
    share: float = 0.0


def portions(path: Path, mapping: FileMapping) -> Iterator[Portion]:
    """The rows of `path`, of the columns that `mapping` names.

    Raises UnreadableFile, InvalidMapping, OSError.
    """
    read = _parquet if path.suffix.lower() in {".parquet", ".pq"} else _csv
    try:
        yield from read(path, mapping)
    except pa.ArrowInvalid as error:
        # Arrow's message may quote a row.
        raise UnreadableFile(f"{path}: {str(error).partition(':')[0][:80]}") from None


def _parquet(path: Path, mapping: FileMapping) -> Iterator[Portion]:
    with pq.ParquetFile(path) as file:
        names = _columns(path, mapping, file.schema_arrow.names)
        total, number = max(1, file.metadata.num_rows), 1
        for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=names):
            rows = batch.to_pylist()
            numbered = list(enumerate(rows, start=number))
            number += len(rows)
            yield Portion(numbered, share=(number - 1) / total)


def _csv(path: Path, mapping: FileMapping) -> Iterator[Portion]:
    ragged: dict[int, None] = {}
    told: set[int] = set()
    size = max(1, path.stat().st_size)
    read, number = 0, _HEAD + 1
    with _opened_csv(path, mapping, ragged) as file:
        for batch in file:
            read += _BLOCK_BYTES
            numbered = []
            for row in batch.to_pylist():
                while number in ragged:
                    number += 1
                numbered.append((number, row))
                number += 1
            new = [one for one in ragged if one not in told]
            told.update(new)
            yield Portion(numbered, new, min(1.0, read / size))


def _opened_csv(path: Path, mapping: FileMapping, ragged: dict[int, None]) -> pa.csv.CSVStreamingReader:
    """`ragged` gets the numbers of rows that are left out, as it is read."""
    names = _columns(path, mapping, _head(path, mapping))

    def skip(row: pa.csv.InvalidRow) -> str:
        ragged[row.number] = None
        return "skip"

    # One thread: only then does Arrow know the number of a row that it leaves out.
    reading = pa.csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES, encoding=mapping.encoding)
    parsing = pa.csv.ParseOptions(delimiter=mapping.delimiter, invalid_row_handler=skip)
    converting = pa.csv.ConvertOptions(
        include_columns=names, column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
    )
    return pa.csv.open_csv(path, read_options=reading, parse_options=parsing, convert_options=converting)


def _head(path: Path, mapping: FileMapping) -> list[str]:
    with path.open(encoding=mapping.encoding, newline="") as file:
        return [name.strip('"\ufeff') for name in file.readline().rstrip("\r\n").split(mapping.delimiter)]


def _columns(path: Path, mapping: FileMapping, there: list[str]) -> list[str]:
    """Raises InvalidMapping where the file has no such column."""
    names = mapping.file_columns()
    if missing := [name for name in names if name not in there]:
        raise InvalidMapping(f"{path} has no column {', '.join(missing)}; it has {', '.join(there)}")
    return names
