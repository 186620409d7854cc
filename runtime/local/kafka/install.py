"""Puts Kafka on the machine: jars from the cache, else with mvn, else over HTTPS; a Java; the archive."""

from __future__ import annotations

import asyncio
import fcntl
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runtime.local.kafka.class_archive import is_settled, make_class_archive, with_class_archive
from runtime.local.kafka.config import KafkaInstallation
from runtime.local.kafka.jar_lock import Jar, JarLock, mismatch, read_lock, source_directory
from runtime.local.kafka.java import find_java
from runtime.local.kafka.maven import copy_jars, maven_on_path
from runtime.stack.errors import InstallError

OnProgress = Callable[[str, int, int], None]
"""What is being done, bytes done so far, bytes in all (0: not known)."""


@dataclass(frozen=True, kw_only=True)
class InstallConfig:
    """`maven_url` is the base address of the Maven repository for HTTPS, None for Maven's default."""

    cache: Path
    maven_url: str | None = None
    java_home: Path | None = None


def _silent(_what: str, _done: int, _total: int) -> None:
    """For callers who show nothing."""


def install_kafka(
    config: InstallConfig, on_progress: OnProgress = _silent, *, check_content: bool = False
) -> KafkaInstallation:
    """Everything that `kafka_part` needs. Quick if it is there already; may be called at every start.

    With `check_content` the cached jars' SHA-256 are computed again, else only their sizes are looked
    at. It blocks, up to minutes at the first call: call it in a thread where an event loop runs.
    Raises `InstallError` naming what to install or to set.
    """
    lock = read_lock()
    directory = lock.cache_directory(config.cache.absolute())
    jars = tuple(directory / jar.file_name for jar in lock.jars)
    installation = with_class_archive(KafkaInstallation(jars=jars, java=find_java(config.java_home)))
    if is_settled(installation) and not _missing(lock, directory, check_content=check_content):
        return installation
    with _only_one_at_a_time(config.cache):
        missing = _missing(lock, directory, check_content=check_content)
        if missing:
            _fetch(config, missing, directory, on_progress)
        on_progress("archiving Kafka's classes for quick starts", 0, 0)
        return make_class_archive(installation)


def _missing(lock: JarLock, directory: Path, *, check_content: bool) -> list[Jar]:
    fits = Jar.matches if check_content else Jar.has_size
    return [jar for jar in lock.jars if not fits(jar, directory / jar.file_name)]


def _fetch(config: InstallConfig, jars: Sequence[Jar], directory: Path, on_progress: OnProgress) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    mvn = maven_on_path()
    mvn_error = "mvn is not installed"
    if mvn is not None:
        try:
            _with_maven(mvn, jars, directory, on_progress)
        except _MavenUnavailable as error:
            mvn_error = str(error)
        else:
            return
    try:
        _over_https(config.maven_url, jars, directory, on_progress)
    except InstallError as error:
        raise InstallError(
            f"Kafka's jars could not be fetched. {mvn_error}; {error}. Install Maven (mvn), or allow HTTPS "
            "to a Maven repository (RADSTREAM_MAVEN_URL), or set RADSTREAM_KAFKA_BOOTSTRAP to use another "
            "broker"
        ) from error


class _MavenUnavailable(InstallError):
    """Maven is there but cannot resolve; HTTPS may still do."""


def _with_maven(mvn: str, jars: Sequence[Jar], directory: Path, on_progress: OnProgress) -> None:
    on_progress("resolving Kafka's jars with mvn", 0, 0)
    with tempfile.TemporaryDirectory(prefix=".mvn-", dir=directory) as draft:
        try:
            copy_jars(mvn, source_directory() / "pom.xml", Path(draft))
        except InstallError as error:
            raise _MavenUnavailable(str(error)) from error
        for jar in jars:
            copy = Path(draft) / jar.file_name
            if not copy.exists():
                raise _MavenUnavailable(f"mvn did not deliver {jar.file_name}")
            if not jar.matches(copy):
                raise InstallError(mismatch(jar, "mvn (its local repository, ~/.m2, or the one it uses)"))
            copy.replace(directory / jar.file_name)


def _over_https(base_url: str | None, jars: Sequence[Jar], directory: Path, on_progress: OnProgress) -> None:
    # Once on a machine: the starts after that need not load an HTTP client for it.
    from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415

    from runtime.local.kafka.download import download_jars  # noqa: PLC0415

    total, done = sum(jar.size for jar in jars), 0

    def on_bytes(count: int) -> None:
        nonlocal done
        done += count
        on_progress(f"downloading {len(jars)} jars of Kafka", done, total)

    asyncio.run(download_jars(base_url or MAVEN_CENTRAL_URL, jars, directory, on_bytes))


@contextmanager
def _only_one_at_a_time(cache: Path) -> Iterator[None]:
    """Two first starts at once: the second waits and finds everything done."""
    try:
        (cache / "kafka").mkdir(parents=True, exist_ok=True)
        lock = (cache / "kafka" / "lock").open("a", encoding="ascii")
    except OSError as error:
        raise InstallError(
            f"the cache {cache} cannot be written ({error.strerror}): "
            "set RADSTREAM_CACHE to another directory"
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
