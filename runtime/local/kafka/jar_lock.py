"""The lock of Kafka's jars: which files, their SHA-256 and size, and where they are cached."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from runtime.stack.errors import InstallError

_IN_WHEEL = Path(__file__).parent / "jars"
_IN_CHECKOUT = Path(__file__).parents[3] / "deploy" / "kafka"


@dataclass(frozen=True)
class Jar:
    """One line of the lock: `group:artifact:version[:classifier] sha256 size`."""

    coordinates: str
    sha256: str
    size: int

    @property
    def file_name(self) -> str:
        """`artifact-version[-classifier].jar`, as Maven names it."""
        return "-".join(self.coordinates.split(":")[1:]) + ".jar"

    @property
    def repository_path(self) -> str:
        """The path below the base address of a Maven repository (its default layout)."""
        group, artifact, version = self.coordinates.split(":")[:3]
        return f"{group.replace('.', '/')}/{artifact}/{version}/{self.file_name}"

    def matches(self, path: Path) -> bool:
        """True if the file has exactly the locked content."""
        if not self.has_size(path):
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256

    def has_size(self, path: Path) -> bool:
        """The cheap check, for files whose content was checked when they were fetched."""
        return path.is_file() and path.stat().st_size == self.size


def mismatch(jar: Jar, source: str) -> str:
    """What to say of a jar whose content is not the locked one."""
    return (
        f"{jar.file_name} from {source} does not have the SHA-256 of the lock ({jar.sha256}): the "
        "repository or a proxy in between serves another file; remove it there, or set RADSTREAM_MAVEN_URL "
        "to another Maven repository"
    )


@dataclass(frozen=True)
class JarLock:
    """All jars of one broker version; `digest` changes with any of them."""

    version: str
    digest: str
    jars: tuple[Jar, ...]

    def cache_directory(self, cache: Path) -> Path:
        """Where these jars, and no others, are kept."""
        return cache / "kafka" / f"{self.version}-{self.digest[:12]}"


def source_directory() -> Path:
    """The directory of `pom.xml` and `jars.lock`: in the wheel, else in the checkout."""
    return _IN_WHEEL if (_IN_WHEEL / "jars.lock").is_file() else _IN_CHECKOUT


def read_lock(directory: Path | None = None) -> JarLock:
    """Reads `jars.lock`; `InstallError` if it is missing or damaged."""
    path = (directory or source_directory()) / "jars.lock"
    try:
        text = path.read_text("ascii")
        jars = tuple(_parse(line) for line in text.splitlines() if line and not line.startswith("#"))
    except (OSError, ValueError) as error:
        raise InstallError(f"{path} is missing or damaged ({error}): reinstall radstream") from error
    version = next((jar.coordinates.split(":")[2] for jar in jars if ":kafka_2.13:" in jar.coordinates), None)
    if version is None:
        raise InstallError(f"{path} does not list Kafka's broker: reinstall radstream")
    return JarLock(version, hashlib.sha256(text.encode()).hexdigest(), jars)


def _parse(line: str) -> Jar:
    coordinates, sha256, size = line.split()
    if len(sha256) != 64 or coordinates.count(":") not in (2, 3):
        raise ValueError(f"not a lock line: {line!r}")
    return Jar(coordinates, sha256, int(size))
