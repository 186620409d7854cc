"""A site's own history: rows of a file to events, and what is refused of them."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.derived_keys import DerivedKeys
from producers.history.own import files
from producers.history.own.files import UnreadableFile
from producers.history.own.loading import FileLoader, FileSummary, Report
from producers.history.own.mapping import FileMapping, InvalidMapping, load_mapping
from producers.history.own.milestones import EVENT_OF_MILESTONE
from producers.history.own.telling import RowTeller
from schemas.events import Event, OrderChanged
from schemas.intervals import MILESTONES
from schemas.phi import open_sealed

SECRET = bytes(32)
WIDE = """
layout = "wide"
system = "RIS-EXPORT"
facility = "NORTH"
[columns]
accession_number = "ACC"
patient_id = "MRN"
modality = "MOD"
priority = "PRIO"
reader = "RAD"
[priorities]
"1" = "STAT"
[milestones]
ordered = "ORDERED"
completed = "DONE"
final = "SIGNED"
"""
LONG = """
layout = "long"
system = "RIS-EXPORT"
zone = "Europe/Berlin"
time_format = "%d.%m.%Y %H:%M"
delimiter = ";"
encoding = "latin-1"
[columns]
accession_number = "ACC"
milestone = "WHAT"
at = "WHEN"
[milestones]
"Prüfung fertig" = "completed"
"Befund" = "final"
"""


def mapping(tmp_path: Path, text: str = WIDE, zone: str | None = None) -> FileMapping:
    path = tmp_path / "map.toml"
    path.write_text(text, "utf-8")
    return load_mapping(path, zone)


def teller(of: FileMapping) -> RowTeller:
    return RowTeller(of, "GENERAL", SECRET, DerivedKeys())


def loaded(tmp_path: Path, of: FileMapping, path: Path) -> tuple[FileSummary, list[dict[str, str]]]:
    report = tmp_path / "refused.csv"
    with Report(report) as refused:
        summary = FileLoader(teller(of), refused, None, None).load(path)
    return summary, list(csv.DictReader(StringIO(report.read_text("utf-8"))))


def row(**changes: Any) -> dict[str, Any]:
    told = {
        "ACC": "A1",
        "MRN": "4711",
        "MOD": "CT",
        "PRIO": "1",
        "RAD": "Dr. No",
        "ORDERED": "2024-03-01T08:00:00+01:00",
        "DONE": "2024-03-01T09:30:00+01:00",
        "SIGNED": "2024-03-01T11:00:00+01:00",
    }
    return {**told, **changes}


def by_name(events: list[Event]) -> dict[str, Any]:
    return {type(event).__name__: event for event in events}


def test_a_wide_row_is_an_event_for_each_of_its_times(tmp_path: Path) -> None:
    said = by_name(teller(mapping(tmp_path)).events_of(row()))
    assert set(said) == {"OrderPlaced", "AcquisitionCompleted", "FinalReportPublished"}
    order, final = said["OrderPlaced"], said["FinalReportPublished"]
    assert (order.modality, order.priority, order.accession_number) == ("CT", "STAT", "A1")
    assert final.envelope.occurred_at == final.envelope.recorded_at == datetime(2024, 3, 1, 10, tzinfo=UTC)
    assert final.reported_by.startswith("reader-")
    assert order.envelope.exam_id == "GENERAL|A1"
    source = order.envelope.source
    assert (source.system, source.facility, source.protocol) == ("RIS-EXPORT", "NORTH", "history")
    assert open_sealed(DerivedKeys(), order.envelope.event_id, order.envelope.phi).patient_id == "4711"


def test_the_same_row_has_the_same_ids_and_another_time_another(tmp_path: Path) -> None:
    telling = teller(mapping(tmp_path))

    def ids(of: dict[str, Any]) -> set[str]:
        return {event.envelope.event_id for event in telling.events_of(of)}

    assert ids(row()) == ids(row(ORDERED="2024-03-01T07:00:00Z"))
    assert len(ids(row()) & ids(row(SIGNED="2024-03-01T11:00:01+01:00"))) == 2
    assert ids(row()).isdisjoint(ids(row(ACC="A2")))


def test_what_is_known_of_an_order_that_nobody_timed_is_said_with_the_first_milestone(tmp_path: Path) -> None:
    events = teller(mapping(tmp_path)).events_of(row(ORDERED=""))
    (changed,) = (event for event in events if isinstance(event, OrderChanged))
    assert (changed.priority, changed.modality) == ("STAT", "CT")
    assert changed.envelope.occurred_at == datetime(2024, 3, 1, 8, 30, tzinfo=UTC)


def test_every_milestone_of_a_mapping_is_one_of_the_folds() -> None:
    assert set(EVENT_OF_MILESTONE) <= set(MILESTONES)


def test_a_csv_is_loaded_row_by_row_and_what_is_refused_is_in_the_report(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    head = "ACC,MRN,MOD,PRIO,RAD,ORDERED,DONE,SIGNED,MORE\n"
    rows = [
        "A1,1,CT,1,X,2024-03-01T08:00Z,2024-03-01T09:00Z,2024-03-01T10:00Z,",
        ",2,CT,1,X,2024-03-01T08:00Z,,,",
        "A3,3,CT,1,X,,,,",
        "A4,4,CT",
        "A5,5,CT,1,X,yesterday,,,",
        "A6,6,CT,1,X,2024-03-01T08:00,,,",
        "A7,7,CT,1,X,0001-01-01T00:00Z,,,",
        "A8,8,CT,1,X,2024-03-01T08:00Z,,,",
    ]
    path.write_text(head + "\n".join(rows) + "\n")
    summary, refused = loaded(tmp_path, mapping(tmp_path), path)
    assert (summary.rows, summary.events, sum(summary.refused.values())) == (8, 4, 6)
    assert {(one["row"], one["reason"]) for one in refused} == {
        ("3", "MissingAccession"),
        ("4", "NoMilestone"),
        ("5", "WrongColumns"),
        ("6", "InvalidTime"),
        ("7", "TimeWithoutZone"),
        ("8", "InvalidTime"),
    }
    assert (summary.first_at, summary.last_at) == (
        datetime(2024, 3, 1, 8, tzinfo=UTC),
        datetime(2024, 3, 1, 10, tzinfo=UTC),
    )
    assert "yesterday" not in (tmp_path / "refused.csv").read_text()


def test_a_long_file_in_a_zone_and_an_encoding_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    lines = (
        "ACC;WHAT;WHEN",
        "A1;Prüfung fertig;31.03.2024 01:30",
        "A1;Befund;31.03.2024 03:30",
        "A1;Kaffee;1.4.2024 1:00",
    )
    path.write_text("\n".join(lines), "latin-1")
    summary, refused = loaded(tmp_path, mapping(tmp_path, LONG), path)
    assert (summary.rows, summary.events) == (3, 2)
    # On that day the clocks went from 2 to 3: the exam was reported an hour after it was complete.
    assert summary.first_at is not None
    assert summary.last_at is not None
    assert (summary.last_at - summary.first_at).total_seconds() == 3600
    assert [(one["row"], one["reason"]) for one in refused] == [("4", "UnknownMilestone")]


def test_parquet_brings_times_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "export.parquet"
    naive, aware = (
        datetime(2024, 7, 1, 12, tzinfo=UTC).replace(tzinfo=None),
        datetime(2024, 7, 1, 12, tzinfo=UTC),
    )
    told = [row(ORDERED=naive, DONE=aware, SIGNED=None) | {"ACC": f"P{number}"} for number in range(3)]
    pq.write_table(pa.Table.from_pylist(told), path)
    summary, _ = loaded(tmp_path, mapping(tmp_path, zone="Europe/Berlin"), path)
    assert (summary.rows, summary.events) == (3, 6)
    assert (summary.first_at, summary.last_at) == (datetime(2024, 7, 1, 10, tzinfo=UTC), aware)


def test_a_large_csv_is_read_in_portions_with_its_rows_numbered_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_BLOCK_BYTES", 20_000)
    path = tmp_path / "export.csv"
    with path.open("w") as file:
        file.write("ACC,MRN,MOD,PRIO,RAD,ORDERED,DONE,SIGNED\n")
        for number in range(2, 4_002):
            good = f"A{number},{number},CT,1,X,2024-03-01T08:00Z,,\n"
            file.write(
                "short\n"
                if number % 500 == 0
                else f"A{number},1,CT,1,X,no,,\n"
                if number % 333 == 0
                else good
            )
    summary, refused = loaded(tmp_path, mapping(tmp_path), path)
    assert summary.rows == 4_000
    found = {(int(one["row"]), one["reason"]) for one in refused}
    assert found == {
        *((number, "WrongColumns") for number in range(2, 4_002) if number % 500 == 0),
        *((number, "InvalidTime") for number in range(2, 4_002) if number % 333 == 0 and number % 500),
    }


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('layout = "wide"', 'layout = "tall"', "wide, long"),
        ('accession_number = "ACC"', "", "accession_number"),
        ('modality = "MOD"', 'modelity = "MOD"', "modality"),
        ('final = "SIGNED"', 'finally = "SIGNED"', "final"),
        ('"1" = "STAT"', '"1" = "QUICK"', "STAT"),
        ('system = "RIS-EXPORT"', "", "system"),
        ('facility = "NORTH"', 'zone = "Mars/Olympus"', "Mars/Olympus"),
        ('facility = "NORTH"', "facility = ", "TOML"),
        ('facility = "NORTH"', 'faculty = "NORTH"', "facility"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_what_there_is(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    with pytest.raises(InvalidMapping, match=said):
        mapping(tmp_path, WIDE.replace(before, after))


def test_a_file_without_a_column_or_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("ACC,MRN\nA1,2\n")
    with pytest.raises(InvalidMapping, match="it has ACC, MRN"):
        loaded(tmp_path, mapping(tmp_path), path)
    path = tmp_path / "export.parquet"
    path.write_text("ACC,MRN\nA1,2\n")
    with pytest.raises(UnreadableFile):
        loaded(tmp_path, mapping(tmp_path), path)
