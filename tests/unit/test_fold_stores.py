"""A worker's local stores beside the changelog: which go, and whose states are made again."""

from __future__ import annotations

from pathlib import Path

import faust
from faust.stores.rocksdb import Store
from rocksdict import Options, Rdict

from processors.config import TABLE_NAME
from processors.rebuild.stores import (
    Changelog,
    Remake,
    findings,
    known_topic_id,
    persisted_offset,
    remember_topic_id,
    store_path,
    wipe,
)


def _store(directory: Path, partition: int, offset: int | None) -> Path:
    path = store_path(directory, partition)
    path.mkdir(parents=True)
    store = Rdict(str(path), options=Options(raw_mode=True))
    if offset is not None:
        store[Store.offset_key] = str(offset).encode()
    store.close()
    return path


def _found(directory: Path, changelog: Changelog, committed: dict[int, int]) -> list[tuple[int, Remake]]:
    return [(one.partition, one.remake) for one in findings(directory, changelog, committed)]


def test_faust_keeps_a_partition_where_it_is_looked_for(tmp_path: Path) -> None:
    app = faust.App("stores", datadir=tmp_path, store="rocksdb://")
    table = app.Table(TABLE_NAME, partitions=1)
    assert table.data.partition_path(3) == store_path(tmp_path, 3)  # type: ignore[attr-defined]


def test_a_store_that_its_changelog_reaches_stays(tmp_path: Path) -> None:
    assert persisted_offset(_store(tmp_path, 0, 41)) == 41
    assert persisted_offset(_store(tmp_path, 1, None)) is None
    assert not _found(tmp_path, Changelog("one", {0: 42, 1: 0, 2: 7}), {0: 99})
    remember_topic_id(tmp_path, "one")
    assert not _found(tmp_path, Changelog("one", {0: 42, 1: 0, 2: 7}), {0: 99, 1: 99})


def test_a_store_that_is_newer_than_its_changelog_goes_and_is_made_again(tmp_path: Path) -> None:
    path = _store(tmp_path, 0, 42)
    assert _found(tmp_path, Changelog("one", {0: 42}), {}) == [(0, Remake.ALWAYS)]
    wipe(tmp_path, 0)
    assert not path.exists()
    assert not _found(tmp_path, Changelog("one", {0: 42}), {})


def test_of_another_changelog_nothing_stays(tmp_path: Path) -> None:
    _store(tmp_path, 0, 3)
    remember_topic_id(tmp_path, "one")
    assert known_topic_id(tmp_path) == "one"
    found = _found(tmp_path, Changelog("two", {0: 42, 1: 0}), {})
    assert found == [(0, Remake.UNLESS_WHOLE), (1, Remake.UNLESS_WHOLE)]


def test_a_new_machine_makes_the_states_of_a_changelog_that_is_empty_though_events_were_folded(
    tmp_path: Path,
) -> None:
    changelog = Changelog("two", {0: 0, 1: 0, 2: 5})
    assert _found(tmp_path, changelog, {0: 9, 1: -1001, 2: 9}) == [(0, Remake.UNLESS_WHOLE)]


def test_a_store_that_rocksdb_cannot_open_comes_back_from_the_changelog(tmp_path: Path) -> None:
    path = _store(tmp_path, 0, 3)
    (path / "CURRENT").write_text("no manifest\n")
    assert _found(tmp_path, Changelog("one", {0: 42}), {}) == [(0, Remake.NEVER)]
