"""A file of milestones to Kafka, portion by portion; what is refused goes to a report, row by row."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from producers.history.keys import make_keys
from producers.history.own.files import Portion, portions
from producers.history.own.refusals import RefusedRow, WrongColumns
from producers.history.own.telling import RowTeller
from producers.history.publishing import BulkPublisher
from producers.records import event_record
from schemas.codec import Codec
from schemas.events import Event

Progress = Callable[["FileSummary"], None]


@dataclass(slots=True)
class FileSummary:
    """What became of a file. `share`: of it that was read; `refused`: rows by reason; times UTC."""

    rows: int = 0
    events: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    by_event: Counter[str] = field(default_factory=Counter)
    first_at: datetime | None = None
    last_at: datetime | None = None
    share: float = 0.0

    def add(self, event: Event) -> None:
        """Count `event`."""
        at = event.envelope.occurred_at
        self.events += 1
        self.by_event[type(event).__name__] += 1
        self.first_at = at if self.first_at is None else min(self.first_at, at)
        self.last_at = at if self.last_at is None else max(self.last_at, at)


class Report(AbstractContextManager["Report"]):
    """A CSV with a row for each row that is not loaded: its number, why, and in which column."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._file = path.open("w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file)
        self._writer.writerow(("row", "reason", "detail"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def refuse(self, number: int, error: RefusedRow) -> None:
        """Row `number` is not loaded."""
        self._writer.writerow((number, type(error).__name__, str(error)))


class FileLoader:
    """Loads files with one mapping. Without `publisher` it only tries: nothing is published, no key made."""

    def __init__(
        self, teller: RowTeller, report: Report, publisher: BulkPublisher | None, codec: Codec | None
    ) -> None:
        self._teller = teller
        self._report = report
        self._publisher = publisher
        self._codec = codec

    def load(self, path: Path, tell: Progress = lambda _so_far: None) -> FileSummary:
        """Load `path`; what became of it. Once more doubles nothing: the same row has the same ids.

        Raises UnreadableFile, InvalidMapping, PublishFailed, OSError, and what the key ring raises.
        """
        summary = FileSummary()
        for portion in portions(path, self._teller.mapping):
            self._load(portion, summary)
            summary.share = portion.share
            tell(summary)
        return summary

    def _load(self, portion: Portion, summary: FileSummary) -> None:
        summary.rows += len(portion.rows) + len(portion.ragged)
        for number in portion.ragged:
            self._refuse(number, WrongColumns("row"), summary)
        if self._teller.ring is not None:
            patients = (self._teller.patient_of(row) for _, row in portion.rows)
            make_keys(self._teller.ring, (one for one in patients if one is not None))
        for event in self._events(portion, summary):
            summary.add(event)
            if self._publisher is not None and self._codec is not None:
                self._publisher.send([event_record(event, self._codec)])
        if self._publisher is not None:
            self._publisher.flush()

    def _events(self, portion: Portion, summary: FileSummary) -> Iterator[Event]:
        for number, row in portion.rows:
            try:
                yield from self._teller.events_of(row)
            except RefusedRow as error:
                self._refuse(number, error, summary)

    def _refuse(self, number: int, error: RefusedRow, summary: FileSummary) -> None:
        summary.refused[type(error).__name__] += 1
        self._report.refuse(number, error)
