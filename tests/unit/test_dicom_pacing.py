"""The archiver's pace: bursts are received first, and what waits does not become old."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.dicom.archiver.pacing import Pace, PaceConfig, share_of_time
from producers.dicom.spool.reader import SpoolReader
from producers.dicom.spool.spool import Spool, SpoolConfig

_BYTES = 1000
AGES_S = st.floats(0, 1e6)


class _Spool:
    """A spool, a reader of it, and a clock that the test sets."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.reader = SpoolReader(directory)
        self.spool = Spool(SpoolConfig(directory=directory, reserve_bytes=0))
        self.now_s = 100.0

    def pace(self, **config: float) -> Pace:
        return Pace(PaceConfig(**config), self.reader, lambda: self.now_s)  # type: ignore[arg-type]  # of any type

    def append(self, age_s: float = 0.0) -> None:
        """An image that was written so long ago, and yet is new to who watches."""
        self.spool.append_image(_BYTES, [bytes(_BYTES)], {})
        written_s = time.time() - age_s
        os.utime(self.directory / self.reader.names()[-1], (written_s, written_s))
        os.utime(self.directory, ns=(time.time_ns(), time.time_ns()))

    @property
    def oldest(self) -> str | None:
        """The first entry's name."""
        return next(iter(self.reader.names()), None)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[_Spool]:
    """An empty spool."""
    made = _Spool(tmp_path)
    yield made
    made.spool.close()


def test_an_empty_spool_is_looked_at_at_once(spool: _Spool) -> None:
    assert spool.pace().is_due(None)


def test_what_just_came_waits_until_no_more_comes(spool: _Spool) -> None:
    pace = spool.pace(delay_s=2.0)
    spool.append()
    assert not pace.is_due(spool.oldest)
    spool.now_s += 0.2
    spool.append()
    assert not pace.is_due(spool.oldest)
    spool.now_s += 0.2
    assert not pace.is_due(spool.oldest)
    spool.now_s += 0.2
    assert pace.is_due(spool.oldest)


def test_without_a_delay_nothing_waits(spool: _Spool) -> None:
    pace = spool.pace(delay_s=0.0)
    spool.append()
    assert pace.is_due(spool.oldest)


def test_while_images_come_the_share_of_work_is_that_of_the_oldest_ones_age(spool: _Spool) -> None:
    pace, worked_s, step_s = spool.pace(delay_s=2.0), 0.0, 0.01
    spool.append(age_s=6.0)
    share, began_s = share_of_time(6.0, 2.0), spool.now_s
    while spool.now_s - began_s < 10:
        os.utime(spool.directory, ns=(0, int(spool.now_s * 1e9)))  # another image was begun
        if pace.is_due(spool.oldest):
            spool.now_s += 0.1
            worked_s += 0.1
            pace.worked(0.1)
        spool.now_s += step_s
    assert share == 0.5
    assert abs(worked_s / 10 - share) < 0.1


def test_what_is_old_is_archived_while_images_come(spool: _Spool) -> None:
    pace = spool.pace(delay_s=2.0)
    spool.append(age_s=10.0)
    assert pace.is_due(spool.oldest)


def test_a_spool_that_fills_is_emptied_while_images_come(spool: _Spool) -> None:
    pace = spool.pace(delay_s=2.0, full_bytes=_BYTES)
    spool.now_s += 1.0
    spool.append()
    assert pace.is_due(spool.oldest)


def test_its_own_work_is_no_new_image(spool: _Spool) -> None:
    pace = spool.pace(delay_s=2.0)
    spool.append()
    assert not pace.is_due(spool.oldest)
    spool.now_s += 0.5
    assert pace.is_due(spool.oldest)
    spool.append()  # in the place of its own work: the directory has changed
    pace.worked(0.1)
    assert pace.is_due(spool.oldest)


@given(AGES_S, AGES_S, st.floats(0, 60))
def test_the_older_the_more(one_s: float, other_s: float, delay_s: float) -> None:
    less, more = sorted((one_s, other_s))
    assert 0 <= share_of_time(less, delay_s) <= share_of_time(more, delay_s) <= 1


@given(st.floats(0.01, 60))
def test_the_share_goes_from_the_delay_to_five_times_of_it(delay_s: float) -> None:
    assert share_of_time(delay_s, delay_s) == 0
    assert share_of_time(5.001 * delay_s, delay_s) == 1


def test_an_entry_that_is_gone_has_no_age(spool: _Spool) -> None:
    assert spool.reader.age_s("00000000000000000001.image") == 0.0
