"""The data directory: what is wrong with it is said with what to do."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from runtime.stack.directory import lock_data_directory, prepare_data_directory
from runtime.stack.errors import AlreadyRunning, DataDirectoryError


class Usage(NamedTuple):
    """As `shutil.disk_usage` returns it."""

    total: int
    used: int
    free: int


def test_a_new_directory_is_private_and_marked_with_its_layout_version(tmp_path: Path) -> None:
    data = tmp_path / "deep" / "data"
    prepare_data_directory(data)
    prepare_data_directory(data)
    assert (data / "VERSION").read_text() == "1\n"
    assert {
        path.stat().st_mode & 0o777 for path in (data, data / "run", data / "logs", data / "secrets")
    } == {0o700}


def test_a_file_in_place_of_the_directory_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(
        DataDirectoryError, match=r"it is a file: choose another directory with RADSTREAM_DATA"
    ):
        prepare_data_directory(tmp_path / "data")
    with pytest.raises(DataDirectoryError, match="it is a file"):
        prepare_data_directory(tmp_path / "data" / "below")


def test_a_directory_that_cannot_be_written_is_an_error() -> None:
    # /proc refuses new files to everyone, root included.
    with pytest.raises(DataDirectoryError, match="RADSTREAM_DATA"):
        prepare_data_directory(Path("/proc/radstream"))


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EROFS, "read-only"),
        (errno.ENOSPC, "full"),
        (errno.EACCES, "not writable"),
        (errno.EDQUOT, "quota"),
    ],
)
def test_each_refusal_of_the_file_system_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def refuse(_path: Path, _data: bytes) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(DataDirectoryError, match=words):
        prepare_data_directory(tmp_path)


def test_a_nearly_full_disk_is_an_error_that_says_how_much_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10**12, 10**12, 123_000_000))
    with pytest.raises(DataDirectoryError, match="only 123 MB free"):
        prepare_data_directory(tmp_path)


@pytest.mark.parametrize(
    ("version", "words"), [("2\n", "newer radstream"), ("hello", "should hold a number")]
)
def test_a_directory_of_another_program_is_not_touched(tmp_path: Path, version: str, words: str) -> None:
    (tmp_path / "VERSION").write_text(version)
    with pytest.raises(DataDirectoryError, match=words):
        prepare_data_directory(tmp_path)
    assert (tmp_path / "VERSION").read_text() == version


def test_a_second_supervisor_is_told_who_holds_the_directory(tmp_path: Path) -> None:
    prepare_data_directory(tmp_path)
    with lock_data_directory(tmp_path):
        with pytest.raises(AlreadyRunning, match=f"process {os.getpid()} runs a stack") as caught:
            lock_data_directory(tmp_path).__enter__()
        assert caught.value.pid == os.getpid()
    with lock_data_directory(tmp_path):
        pass
