"""Turnaround rebuilt from archived files, in the real engine: the tables that the fold's rows make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from zlib import crc32

import pytest
from clickhouse_connect.driver.client import Client

from processors.clock_bounds import DEFAULT_BOUNDS
from processors.fold import fold
from processors.turnaround import turnaround_row
from runtime.fast_rebuild.partition import KeyAndValue
from runtime.fast_rebuild.run import Plan, Rebuilt, Workplace, rebuild
from schemas.events import (
    AcquisitionCompleted,
    AcquisitionStarted,
    Event,
    ExamReconciled,
    FinalReportPublished,
    OrderCancelled,
    PatientMerged,
    PatientRegistered,
    ReportCancelled,
    SeriesStored,
    StudyStored,
)
from schemas.topics import EVENTS
from sinks.archive.chain import ChainEnd
from sinks.archive.errors import ArchiveBroken
from sinks.archive.names import FILES, Place
from sinks.archive.record import ArchivedMessage
from sinks.clickhouse.bulk.filling import BulkFill, TurnaroundTables
from sinks.clickhouse.client import connect
from sinks.clickhouse.columns import Placed
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.rows import TURNAROUND, to_arrow
from sinks.history.errors import HistoryGap
from tests.archiving import KEYS, Bucket, archive_on, feed
from tests.clickhouse_running import PASSWORD, USER, clickhouse_server
from tests.exam_events import ANNA, BERTA, order, said
from tests.producing import offline_codec

PLACES = (Place(EVENTS, 0), Place(EVENTS, 1))
TABLES = TurnaroundTables.generation("test")
LIVE = TurnaroundTables("turnaround_exams", "turnaround")
_DATABASE = "fast"
_EXAMS, _ONE_IN = 240, 8
_STORED = {"study_instance_uid": "1.2", "size_bytes": 1, "completed_by": "association"}
_STUDY = {**_STORED, "series_count": 1}


def _exam(number: int) -> list[Event]:
    exam_id = f"GENERAL|A{number}"
    start = 10 + number * 7
    return [
        order(start, ANNA, exam_id, modality="CT", priority="STAT" if number % 3 else "ROUTINE"),
        said(exam_id, start + 30, AcquisitionStarted, ANNA, station_ae_title=f"CT{number % 4}"),
        said(exam_id, start + 45 + number % 9, AcquisitionCompleted, ANNA),
        said(exam_id, start + 60, StudyStored, ANNA, instance_count=4, **_STUDY),
        said(exam_id, start + 90 + number, FinalReportPublished, ANNA, reported_by=f"reader-{number % 5}"),
        *_twists(exam_id, start + 400)[number % _ONE_IN],
    ]


def _twists(exam_id: str, at: int) -> Sequence[Sequence[Event]]:
    """What makes one exam in two peculiar: what is behind it, is the fold's to say."""
    report = said(exam_id, at, FinalReportPublished, ANNA, reported_by="reader-9")
    pair = {"from_exam_id": "GENERAL|study|1.2", "into_exam_id": exam_id}
    merged = {"merged_patient_key": ANNA, "surviving_patient_key": BERTA}
    return (
        [],
        [report, report],
        [said(exam_id, at, ReportCancelled), said(exam_id, at + 5, FinalReportPublished)],
        [said(exam_id, at, ExamReconciled, **pair, first_image_at=report.envelope.occurred_at)],
        [said(exam_id, at, PatientMerged, **merged)],
        [said(exam_id, at, OrderCancelled)],
        [said(exam_id, at, SeriesStored, ANNA, series_instance_uid="1", instance_count=9, **_STORED)],
        [said("patient|" + ANNA, at, PatientRegistered, ANNA), _misdated(report)],
    )


def _misdated(event: Event) -> Event:
    year = timedelta(days=365)
    return replace(event, envelope=replace(event.envelope, occurred_at=event.envelope.occurred_at + year))


DEPARTMENT = [event for number in range(_EXAMS) for event in _exam(number)]
# Not archived yet: what a running department has said last.
NEWER = [
    order(9_000, ANNA, "GENERAL|B1", priority="STAT"),
    said("GENERAL|A0", 9_001, AcquisitionCompleted, ANNA),
]


@dataclass(frozen=True, slots=True)
class Archive:
    """Goes to the processes as it is: its objects, and the engine's address."""

    objects: dict[str, bytes]
    server: str

    @contextmanager
    def open(self) -> Iterator[Workplace]:
        with closing(connect(self.server, USER, PASSWORD, _DATABASE)) as client:
            yield Workplace(Bucket(self.objects), KEYS, offline_codec(), client, self.newer)

    def newer(self, place: Place, offset: int) -> Iterator[KeyAndValue]:
        assert offset > 0
        return (message for message in _encoded(NEWER) if _partition(message) == place.partition)


def _encoded(events: Sequence[Event]) -> list[tuple[bytes, bytes]]:
    codec = offline_codec()
    return [(event.envelope.exam_id.encode(), codec.encode(event)) for event in events]


def _partition(message: tuple[bytes, bytes]) -> int:
    return crc32(message[0]) % len(PLACES)


def _archived(low: int = 0) -> dict[str, bytes]:
    bucket = Bucket()
    for place in PLACES:
        mine = [message for message in _encoded(DEPARTMENT) if _partition(message) == place.partition]
        messages = [ArchivedMessage(at, 1_000 * at, *message) for at, message in enumerate(mine, low)]
        feed(archive_on(bucket, ChainEnd(), low=low, events=100, place=place), messages)
    return bucket.objects


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with clickhouse_server(tmp_path_factory.mktemp("clickhouse")) as running:
        with closing(running.client()) as client:
            migrate(client, _DATABASE)
            rows = [turnaround_row(state) for state in fold([*DEPARTMENT, *NEWER]).values()]
            client.insert_arrow(
                "turnaround_exams", to_arrow(TURNAROUND, [Placed(row, "", 0, 7) for row in rows])
            )
        yield running.url


@pytest.fixture
def client(server: str) -> Iterator[Client]:
    with closing(connect(server, USER, PASSWORD, _DATABASE)) as client:
        yield client


def _rebuilt(client: Client, server: str, objects: dict[str, bytes], *, verify: bool = True) -> Rebuilt:
    fill = BulkFill(client, TABLES)
    fill.make()
    plan = Plan(places=PLACES, tables=TABLES, bounds=DEFAULT_BOUNDS, verify=verify)
    return rebuild(Archive(objects, server), fill, plan, lambda _what, _done, _total: None)


def test_the_rebuilt_tables_are_those_that_the_fold_fills(client: Client, server: str) -> None:
    told = _rebuilt(client, server, _archived()).counts
    assert told.events == len(DEPARTMENT) + len(NEWER)
    assert told.exams == _EXAMS + 1
    assert 0 < told.folded < told.exams  # both ways were gone
    for sql in (
        "SELECT * EXCEPT version FROM {0.turnaround_exams} FINAL ORDER BY exam_id",
        "SELECT * EXCEPT (version, is_deleted) FROM {0.turnaround} FINAL ORDER BY exam_id, interval",
    ):
        rows = client.query(sql.format(TABLES)).result_rows
        assert len(rows) > _EXAMS
        assert rows == client.query(sql.format(LIVE)).result_rows


def test_a_changed_file_stops_the_rebuild(client: Client, server: str) -> None:
    objects = _archived()
    name = next(name for name in sorted(objects) if name.startswith(FILES))
    objects[name] = objects[name][:-1] + bytes([objects[name][-1] ^ 1])
    with pytest.raises(ArchiveBroken, match="not the file that its manifest names"):
        _rebuilt(client, server, objects)


def test_what_was_lost_before_it_was_archived_stops_the_rebuild(client: Client, server: str) -> None:
    with pytest.raises(HistoryGap, match="Kafka had deleted 0 to 4"):
        _rebuilt(client, server, _archived(low=5))
