"""What a cell of the rollup by the day holds: bytes on disk, and the processor time of the pages' questions.

The same values in cells of day, modality, priority, class and site, held in several ways: our own, the values
themselves, beside states of ClickHouse's percentiles and, by the month, counts of buckets that are 2 % wide.
By the end of a figure's name: `bytes` of a value on disk; the engine's processor time in ms of a `year` by
the day, of a year of an exam's five `steps`, and both over ten years (`decade`, `decadesteps`), of a large
department: eighteen million values. `--quick`: one year.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import structlog
from clickhouse_connect.driver.client import Client

from benchmarks.engine_alone import cpu_ms, engine_alone
from benchmarks.harness import Result, parse_options, progress, report
from benchmarks.query_rows import merged

_YEARS, _VALUES_OF_A_YEAR = 10, 1_800_000
_LEVELS = "(0.25, 0.5, 0.75, 0.9, 0.95)"
_OF_DD = "(0.01, 0.25, 0.5, 0.75, 0.9, 0.95)"
_CELL = "modality LowCardinality(String), priority LowCardinality(String), class LowCardinality(String)"
_VALUES = """
SELECT number % 6 AS interval, toDate('2017-01-01') + intDiv(number * 365, 1800000) AS day,
    ['CR', 'CR', 'CR', 'CR', 'CR', 'CR', 'US', 'US', 'CT', 'MR'][cityHash64(1, number) % 10 + 1] AS modality,
    ['ROUTINE', 'ROUTINE', 'ROUTINE', 'ASAP', 'STAT'][cityHash64(2, number) % 5 + 1] AS priority,
    ['O', 'O', 'I', 'E'][cityHash64(3, number) % 4 + 1] AS class,
    ['GENERAL', 'GENERAL', 'NORTH', 'SOUTH'][cityHash64(4, number) % 4 + 1] AS site,
    toFloat32(exp(5 + cityHash64(5, number) % 10000 / 2500)) AS s
FROM numbers({first}, {count})
"""
_BUCKETS = """
SELECT interval, toStartOfMonth(day) AS day, modality, priority, class, site,
    toUInt16(ceil(log(s) / log(1.02))) AS bucket, count() AS exams
FROM ({values}) GROUP BY ALL ORDER BY bucket
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """How a cell holds its values. column: type; made: from the values; read: percentiles of many cells."""

    column: str
    made: str
    read: str
    array_join: str = ""
    values: str = "{values}"


def _state(function: str, levels: str) -> Candidate:
    kind = f"AggregateFunction({function}{levels}, Float32)"
    return Candidate(kind, f"{function}State{levels}(s)", f"{function}Merge{levels}(cell)")


_ARRAY = "Array(Float32) CODEC(ZSTD(1))"
CANDIDATES = {
    "ours": Candidate(_ARRAY, "groupArray(s)", f"quantilesExactInclusiveArray{_LEVELS}(cell)"),
    "values_as_digest": Candidate(_ARRAY, "groupArray(s)", f"quantilesTDigestArray{_LEVELS}(cell)"),
    "values_as_bfloat16": Candidate(_ARRAY, "groupArray(s)", f"quantilesBFloat16Array{_LEVELS}(cell)"),
    "tdigest": _state("quantilesTDigest", _LEVELS),
    "bfloat16": _state("quantilesBFloat16", _LEVELS),
    "dd_1_percent": _state("quantilesDD", _OF_DD),
    "months_of_buckets": Candidate(
        "Array(Tuple(UInt16, UInt32)) CODEC(ZSTD(1))",
        "groupArray((bucket, toUInt32(exams)))",
        f"quantilesExactWeighted{_LEVELS}(one.1, one.2)",
        "ARRAY JOIN cell AS one",
        _BUCKETS,
    ),
}


def measure(
    client: Client, engine: psutil.Process, name: str, candidate: Candidate, years: int
) -> Iterator[tuple[str, float]]:
    """Each figure of one candidate."""
    yield f"{name}_bytes", _fill(client, candidate, years)
    for question, where in _questions(years).items():
        by = "interval" if "steps" in question else "day"
        sql = f"SELECT {by}, {candidate.read} FROM cells FINAL {candidate.array_join} WHERE {where} GROUP BY {by}"  # noqa: S608, E501
        yield f"{name}_{question}", _cpu_of(client, engine, sql)


def _questions(years: int) -> dict[str, str]:
    whole = {"decade": "interval = 5", "decadesteps": "interval < 5"} if years > 1 else {}
    last_year = f"day >= toDate('2017-01-01') + {365 * (years - 1)}"
    return {"year": f"interval = 5 AND {last_year}", "steps": f"interval < 5 AND {last_year}", **whole}


def _fill(client: Client, candidate: Candidate, years: int) -> float:
    """Bytes of a value."""
    client.command("DROP TABLE IF EXISTS cells SYNC")
    client.command(
        f"CREATE TABLE cells (interval UInt8, day Date, {_CELL}, site LowCardinality(String),"
        f" cell {candidate.column}) ENGINE = ReplacingMergeTree PARTITION BY toYear(day)"
        " ORDER BY (interval, day, modality, priority, class, site) SETTINGS index_granularity = 1024"
    )
    for year in range(years):
        values = _VALUES.format(first=year * _VALUES_OF_A_YEAR, count=_VALUES_OF_A_YEAR)
        client.command(
            f"INSERT INTO cells SELECT interval, day, modality, priority, class, site, {candidate.made}"  # noqa: S608
            f" FROM ({candidate.values.format(values=values)}) GROUP BY ALL"
        )
    merged(client)
    size = "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'cells'"
    return round(float(client.query(size).result_rows[0][0]) / (years * _VALUES_OF_A_YEAR), 2)


def _cpu_of(client: Client, engine: psutil.Process, sql: str, times: int = 10) -> float:
    client.query(sql)
    before_ms = cpu_ms(engine)
    for _ in range(times):
        client.query(sql)
    return round((cpu_ms(engine) - before_ms) / times, 1)


def main() -> None:
    """Run."""
    options = parse_options(__doc__)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    found: dict[str, float] = {}
    with (
        tempfile.TemporaryDirectory(prefix="radstream-bench-") as directory,
        engine_alone(Path(directory)) as (_, client, engine),
    ):
        for name, candidate in CANDIDATES.items():
            progress(name)
            found |= measure(client, engine, name, candidate, 1 if options.quick else _YEARS)
    columns = ("bytes", "year", "steps", *(() if options.quick else ("decade", "decadesteps")))
    report(Result(benchmark="day_cells", ours=found, peers={}, columns=columns), options)


if __name__ == "__main__":
    main()
