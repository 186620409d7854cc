"""Resolves Kafka's jars with `mvn`, where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from runtime.stack.errors import InstallError

TIMEOUT_S = 600.0
ERROR_LINES = 5


def maven_on_path() -> str | None:
    """The `mvn` to use, None where it is not installed."""
    return shutil.which("mvn")


def copy_jars(mvn: str, pom: Path, target: Path, *, repository_layout: bool = False) -> None:
    """Copies the jars of the pom's runtime scope into `target`, flat or as a repository lays them out.

    Raises `InstallError` with Maven's own words if it fails.
    """
    command = [
        *(mvn, "--quiet", "--batch-mode", "--file", str(pom)),
        *("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={target}"),
        *(["-Dmdep.useRepositoryLayout=true"] if repository_layout else []),
    ]
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments, no shell
            command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InstallError(f"mvn failed: {error}") from error
    if done.returncode != 0:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if "ERROR" in line]
        raise InstallError(f"mvn failed (exit code {done.returncode}): " + " ".join(lines[:ERROR_LINES]))
