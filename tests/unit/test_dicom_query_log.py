"""Who asked by C-FIND stands in the audit topic before they are answered."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydicom.dataset import Dataset

from producers.dicom.catalogue.catalogue import Catalogue
from producers.dicom.catalogue.store import open_to_write
from producers.dicom.query.recording import QueryLog
from producers.dicom.query.service import QueryConfig, QueryService
from producers.dicom.worklist.rows import OpenExams
from producers.dicom.worklist.service import WorklistConfig, WorklistService
from producers.publishing import PublishFailed
from schemas.events import AccessRecorded, Event
from schemas.keyring import FileKeyRing
from tests.producing import SITE, SITE_KEY, SITE_SECRET

NOW = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)


class Kafka:
    """Takes events, or is away."""

    def __init__(self) -> None:
        self.said: list[Event] = []
        self.tries = 0
        self.is_away = False

    def publish(self, events: Sequence[Event]) -> None:
        self.tries += 1
        if self.is_away:
            raise PublishFailed("away")
        self.said += events


class Clock:
    """Seconds that pass when the test says so."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def asked(identifier: Dataset, ae_title: str = "CT1") -> Any:
    """A C-FIND as the library hands it over."""
    requestor = SimpleNamespace(ae_title=ae_title, address="192.0.2.9")
    association = SimpleNamespace(requestor=requestor)
    return SimpleNamespace(identifier=identifier, assoc=association, is_cancelled=False)


def study_query() -> Dataset:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "STUDY"
    identifier.PatientName = "SECRET^NAME"
    return identifier


def statuses(found: Any) -> list[int]:
    return [status if isinstance(status, int) else int(status.Status) for status, _ in found]


@pytest.fixture
def kafka() -> Kafka:
    return Kafka()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queries(kafka: Kafka, clock: Clock) -> QueryLog:
    return QueryLog(SITE, kafka.publish, lambda: NOW, clock)


def find(directory: Path, queries: QueryLog) -> QueryService:
    path = directory / "catalogue.sqlite"
    with closing(open_to_write(path)):
        catalogue = Catalogue(path)
    catalogue.set_read(is_read=True)
    config = QueryConfig(ae_title="TESTED", site=SITE, site_secret=SITE_SECRET)
    return QueryService(config, catalogue, FileKeyRing(directory / "ring", SITE_KEY), queries)


def test_a_query_is_said_once_in_five_minutes_without_what_was_asked_for(
    kafka: Kafka, clock: Clock, queries: QueryLog, tmp_path: Path
) -> None:
    service = find(tmp_path, queries)
    for ae_title in ("CT1", "CT1", "MR1"):
        assert statuses(service.on_find(asked(study_query(), ae_title))) == []
    clock.now_s = 301
    assert statuses(service.on_find(asked(study_query()))) == []
    said = [event for event in kafka.said if isinstance(event, AccessRecorded)]
    assert [event.user for event in said] == ["CT1", "MR1", "CT1"]
    assert len({event.envelope.event_id for event in said}) == 3
    first = said[0]
    assert (first.event_code, first.action, first.outcome) == ("110112", "E", "0")
    assert (first.network_address, first.object) == ("192.0.2.9", "C-FIND, study root, STUDY")
    assert "SECRET" not in repr(said)


def test_a_study_query_that_cannot_be_recorded_is_refused_and_asked_again_later(
    kafka: Kafka, clock: Clock, queries: QueryLog, tmp_path: Path
) -> None:
    service = find(tmp_path, queries)
    kafka.is_away = True
    assert statuses(service.on_find(asked(study_query()))) == [0xA700]
    assert statuses(service.on_find(asked(study_query()))) == [0xA700]
    assert kafka.tries == 1
    kafka.is_away, clock.now_s = False, 16
    assert statuses(service.on_find(asked(study_query()))) == []
    assert len(kafka.said) == 1


def test_a_scanner_gets_its_worklist_though_nobody_can_record_it(
    kafka: Kafka, queries: QueryLog, tmp_path: Path
) -> None:
    exams = OpenExams(10)
    exams.set_read()
    ring = FileKeyRing(tmp_path / "ring", SITE_KEY)
    service = WorklistService(WorklistConfig(), exams, ring, queries)
    identifier = Dataset()
    identifier.PatientName = ""
    kafka.is_away = True
    assert statuses(service.on_find(asked(identifier))) == []
    kafka.is_away = False
    assert kafka.said == []
