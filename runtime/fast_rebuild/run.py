"""A generation of turnaround filled from the archive: a process for each core, a partition at a time."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from clickhouse_connect.driver.client import Client

from processors.clock_bounds import ClockBounds
from runtime.fast_rebuild.partition import Counts, KeyAndValue, partition_rows
from runtime.fast_rebuild.reading import PartitionFiles
from schemas.codec import Codec
from sinks.archive.chain import Objects
from sinks.archive.names import Place
from sinks.archive.signing import PublicKeys
from sinks.clickhouse.bulk.filling import BulkFill, TurnaroundTables
from sinks.history.errors import HistoryGap
from sinks.history.reading import archived_of

_LOOK_EVERY_S = 0.2
Tell = Callable[[str, int, int], None]
"""What is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """What a process needs to rebuild a partition.

    newer: key and value of what the log has behind an offset, where the archive ends; may raise HistoryGap.
    """

    store: Objects
    keys: PublicKeys
    codec: Codec
    client: Client
    newer: Callable[[Place, int], Iterator[KeyAndValue]]


class Workplaces(Protocol):
    """Makes a workplace in whichever process it is asked; goes to other processes."""

    def open(self) -> AbstractContextManager[Workplace]:
        """One for the caller alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is rebuilt: which partitions of the event log, into which tables, under which clock bounds.

    verify: whether each file's digest is held against its signed manifest. versions: by partition, that of
    its rows; 0 where none is said: whatever the fold says of an exam counts more.
    """

    places: Sequence[Place]
    tables: TurnaroundTables
    bounds: ClockBounds
    verify: bool = True
    versions: Mapping[int, int] = field(default_factory=dict)
    processes: int = os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was made, and how long its two parts took: exams' rows from files, the rest in the engine."""

    counts: Counts
    exams_s: float
    engine_s: float


def rebuild(workplaces: Workplaces, fill: BulkFill, plan: Plan, tell: Tell) -> Rebuilt:
    """Fill the tables of `fill`, which are there and empty.

    Raises ArchiveError, HistoryGap, SchemaError, or the driver's error.
    """
    began_s = time.monotonic()
    counts = _exams(workplaces, plan, tell)
    exams_s = time.monotonic() - began_s
    tell("intervals", 0, 1)
    fill.fill_intervals()
    tell("intervals", 1, 1)
    return Rebuilt(counts, exams_s, time.monotonic() - began_s - exams_s)


def _exams(workplaces: Workplaces, plan: Plan, tell: Tell) -> Counts:
    # Started afresh: a process that is forked would share this one's connections and the libraries' threads.
    context = multiprocessing.get_context("spawn")
    processes = min(plan.processes, len(plan.places))
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        waiting: set[Future[Counts]] = {
            pool.submit(rebuild_partition, workplaces, plan, place) for place in plan.places
        }
        total = Counts()
        tell("partitions", 0, len(plan.places))
        try:
            while waiting:
                done, waiting = wait(waiting, _LOOK_EVERY_S, FIRST_COMPLETED)
                for one in done:
                    total += one.result()
                tell("partitions", len(plan.places) - len(waiting), len(plan.places))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return total


def rebuild_partition(workplaces: Workplaces, plan: Plan, place: Place) -> Counts:
    """The exams of one partition into their table; in a process of its own."""
    counts = Counts()
    with workplaces.open() as here:
        archived = archived_of(here.store, place, here.keys)
        for first, last in archived.lost:
            raise HistoryGap(f"{place}: Kafka had deleted {first} to {last} before they were archived")
        files = PartitionFiles(here.store, archived.files, verify=plan.verify)
        fill = BulkFill(here.client, plan.tables)
        newer = here.newer(place, archived.next_offset)
        for rows in partition_rows(
            files,
            here.codec,
            plan.bounds,
            version=plan.versions.get(place.partition, 0),
            counts=counts,
            newer=newer,
        ):
            fill.insert_exams(rows)
    return counts
