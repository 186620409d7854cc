"""Kafka's jars: pinned, fetched over HTTP when there is no Maven, each checked."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from runtime.local.kafka.download import download_jars
from runtime.local.kafka.jar_lock import Jar, read_lock
from runtime.local.kafka.java import find_java
from runtime.stack.errors import InstallError


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Not into the test's output."""


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address and the root of a small Maven repository."""
    root = tmp_path / "repository"
    root.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(root))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", root
        server.shutdown()
        thread.join()


def publish(root: Path, name: str, content: bytes) -> Jar:
    jar = Jar(f"org.example:{name}:1.0", hashlib.sha256(content).hexdigest(), len(content))
    path = root / jar.repository_path
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return jar


def test_the_committed_lock_pins_every_jar_of_the_broker() -> None:
    lock = read_lock()
    assert lock.version == "4.4.0"
    assert len({jar.file_name for jar in lock.jars}) == len(lock.jars) > 40
    assert all(len(bytes.fromhex(jar.sha256)) == 32 and jar.size > 0 for jar in lock.jars)


@pytest.mark.parametrize(
    ("coordinates", "path"),
    [
        ("org.apache.kafka:kafka_2.13:4.4.0", "org/apache/kafka/kafka_2.13/4.4.0/kafka_2.13-4.4.0.jar"),
        ("a.b:c:1:linux-x86_64", "a/b/c/1/c-1-linux-x86_64.jar"),
    ],
)
def test_coordinates_map_to_the_layout_of_a_maven_repository(coordinates: str, path: str) -> None:
    assert Jar(coordinates, "", 0).repository_path == path


@pytest.mark.parametrize("text", ["", "a:b:1 123 4\n", "a:b:1\n", f"a:b:1 {'0' * 64} many\n"])
def test_a_damaged_lock_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "jars.lock").write_text(text)
    with pytest.raises(InstallError, match="reinstall"):
        read_lock(tmp_path)


def test_downloaded_jars_are_whole_checked_and_nothing_else_is_left(
    repository: tuple[str, Path], tmp_path: Path
) -> None:
    address, root = repository
    jars = [publish(root, f"part{number}", bytes([number]) * 100_000) for number in range(20)]
    target = tmp_path / "jars"
    target.mkdir()
    sizes: list[int] = []
    asyncio.run(download_jars(address + "/", jars, target, sizes.append))
    assert sorted(path.name for path in target.iterdir()) == sorted(jar.file_name for jar in jars)
    assert all(jar.matches(target / jar.file_name) for jar in jars)
    assert sum(sizes) == 2_000_000


def test_a_jar_with_another_content_is_an_error_that_names_it_and_is_not_kept(
    repository: tuple[str, Path], tmp_path: Path
) -> None:
    address, root = repository
    jar = publish(root, "forged", b"genuine")
    (root / jar.repository_path).write_bytes(b"forgery")
    target = tmp_path / "jars"
    target.mkdir()
    with pytest.raises(InstallError, match=r"forged-1\.0\.jar .* does not have the SHA-256"):
        asyncio.run(download_jars(address, [jar], target, lambda _: None))
    assert list(target.iterdir()) == []


def test_a_jar_that_the_repository_does_not_have_is_an_error_with_its_address(
    repository: tuple[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(InstallError, match=r"absent-1\.jar: HTTP 404"):
        asyncio.run(download_jars(repository[0], [Jar("g:absent:1", "0" * 64, 1)], tmp_path, lambda _: None))


def java_that_says(home: Path, banner: str) -> Path:
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '{banner}' >&2\n")
    program.chmod(0o755)
    return program


def test_the_java_asked_for_is_taken_if_new_enough(tmp_path: Path) -> None:
    program = java_that_says(tmp_path, 'openjdk version "21.0.2" 2024-01-16')
    java = find_java(tmp_path)
    assert (java.program, java.major) == (program, 21)


def test_a_java_asked_for_that_is_too_old_is_an_error_that_says_what_to_install(tmp_path: Path) -> None:
    java_that_says(tmp_path, 'java version "1.8.0_402"')
    with pytest.raises(InstallError, match=r"is Java 8: install Java 17 or newer.*RADSTREAM_KAFKA_BOOTSTRAP"):
        find_java(tmp_path)


def test_an_old_java_on_path_gives_way_to_the_bundled_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java_that_says(tmp_path, 'openjdk version "11.0.22" 2024-01-16')
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    assert find_java(None).major >= 17
    assert find_java(None).program != tmp_path / "bin" / "java"


def test_a_java_home_without_java_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="RADSTREAM_JAVA_HOME"):
        find_java(tmp_path)
