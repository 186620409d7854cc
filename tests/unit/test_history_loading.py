"""Loading a history: keys in bulk, a manifest that survives, and a load that goes on where it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.derived_keys import DerivedKeys
from producers.history.keys import make_keys
from producers.history.loading import HistoryLoader
from producers.history.manifest import Manifest, ManifestDamaged, read_manifests, write_manifest
from producers.history.publishing import BulkPublisher, bulk_publisher_config
from producers.history.synthetic import SyntheticHistory
from producers.kafka_connection import PublishFailed, Record
from schemas.codec import RECORD_CLASSES, Codec
from schemas.errors import KeyDestroyed
from schemas.keyring import FileKeyRing

ENDS_AT = datetime(2026, 3, 30, tzinfo=UTC)
HISTORY = SyntheticHistory(begins_at=ENDS_AT - timedelta(days=3), ends_at=ENDS_AT)
CODEC = Codec({cls.AVRO_NAME: number for number, cls in enumerate(RECORD_CLASSES)}, str)


class Log(BulkPublisher):
    """Keeps records in the place of Kafka; `breaks_after`: how many it takes before it fails."""

    def __init__(self, breaks_after: int | None = None) -> None:
        self.records: list[Record] = []
        self._breaks_after = breaks_after

    def send(self, records: list[Record]) -> None:  # type: ignore[override]  # always a list here
        self.records += records

    def flush(self) -> None:
        if self._breaks_after is not None and len(self.records) > self._breaks_after:
            raise PublishFailed("the broker is away")


def ids(log: Log) -> list[bytes]:
    return [dict(record.headers)["ce_id"] for record in log.records]


def loader(log: Log, kept: Path) -> HistoryLoader:
    return HistoryLoader(log, CODEC, DerivedKeys(), bytes(32), lambda so_far: write_manifest(kept, so_far))


def test_a_load_that_was_interrupted_goes_on_with_the_exam_after_the_last_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("producers.history.loading._EXAMS_AT_ONCE", 100)
    whole, kept = Log(), tmp_path / "histories.json"
    complete = loader(whole, kept).load(Manifest(HISTORY, 1.0))
    assert complete.is_complete
    assert complete.events == len(whole.records) == len(set(ids(whole)))
    kept.unlink()
    broken = Log(breaks_after=2_000)
    with pytest.raises(PublishFailed):
        loader(broken, kept).load(Manifest(HISTORY, 1.0))
    (interrupted,) = read_manifests(kept)
    assert not interrupted.is_complete
    assert 0 < interrupted.exams < complete.exams
    rest = Log()
    assert loader(rest, kept).load(interrupted) == complete
    assert ids(broken)[: interrupted.events] + ids(rest) == ids(whole)
    assert read_manifests(kept) == [complete]


def test_all_that_an_exam_has_stands_together_in_the_log(tmp_path: Path) -> None:
    log = Log()
    loader(log, tmp_path / "histories.json").load(Manifest(HISTORY, 1.0))
    keys = [record.key for record in log.records if not record.key.startswith(b"patient|")]
    changes = sum(one != other for one, other in pairwise(keys))
    assert changes + 1 == len(set(keys))


def test_several_histories_of_one_installation_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "simulator" / "histories.json"
    first = Manifest(HISTORY, 1.0, 10, 100)
    second = Manifest(replace(HISTORY, seed=2, exams_per_year=70_000), 1.2)
    for manifest in (first, second, first.at(20, 200, is_complete=True)):
        write_manifest(path, manifest)
    assert read_manifests(path) == [second, first.at(20, 200, is_complete=True)]


def test_a_damaged_manifest_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "histories.json"
    path.write_text('[{"seed": 1}]')
    with pytest.raises(ManifestDamaged, match="move it away"):
        read_manifests(path)


def test_keys_made_in_bulk_are_the_keys_that_one_by_one_would_find(tmp_path: Path) -> None:
    ring = FileKeyRing(tmp_path / "keys", bytes(32))
    known = ring.current_key("early")
    subjects = [f"patient-{number}" for number in range(200)]
    assert ring.make_keys([*subjects, "early", *subjects]) == 200
    assert ring.make_keys(subjects) == 0
    assert ring.current_key("early") == known
    found = {FileKeyRing(tmp_path / "keys", bytes(32)).current_key(subject) for subject in subjects}
    assert {key_id for key_id, _ in found} == {f"{subject}/1" for subject in subjects}
    assert len({key for _, key in found}) == 200
    assert not list((tmp_path / "keys").rglob("*.new"))


def test_a_destroyed_key_is_not_made_again_in_bulk(tmp_path: Path) -> None:
    ring = FileKeyRing(tmp_path / "keys", bytes(32))
    ring.make_keys(["gone"])
    ring.destroy("gone")
    make_keys(ring, ["gone"])
    with pytest.raises(KeyDestroyed):
        ring.key("gone/1")
    assert ring.current_key("gone")[0] == "gone/2"


def test_what_kafka_never_acknowledges_is_an_error_that_says_so() -> None:
    config = replace(bulk_publisher_config("127.0.0.1:1"), delivery_timeout_s=1.0)
    publisher = BulkPublisher(config)
    publisher.send(Record("radstream.events.v1", b"k", b"v", []) for _ in range(3))
    with pytest.raises(PublishFailed):
        publisher.flush()
