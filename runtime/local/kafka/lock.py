"""Rewrites `deploy/kafka/jars.lock` from the pom: `python -m runtime.local.kafka.lock` (needs mvn)."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path

from runtime.local.kafka.jar_lock import Jar, source_directory
from runtime.local.kafka.maven import copy_jars, maven_on_path

HEADER = "# group:artifact:version[:classifier] sha256 size; written by python -m runtime.local.kafka.lock\n"


def write_lock(mvn: str, directory: Path) -> int:
    """Resolves the pom in `directory` and writes its lock; the number of jars."""
    with tempfile.TemporaryDirectory() as draft:
        root = Path(draft)
        copy_jars(mvn, directory / "pom.xml", root, repository_layout=True)
        jars = sorted(
            (_describe(root, path) for path in root.rglob("*.jar")), key=lambda jar: jar.coordinates
        )
    lines = [f"{jar.coordinates} {jar.sha256} {jar.size}\n" for jar in jars]
    (directory / "jars.lock").write_text(HEADER + "".join(lines), "ascii")
    return len(jars)


def _describe(root: Path, path: Path) -> Jar:
    *group, artifact, version, file_name = path.relative_to(root).parts
    classifier = file_name.removesuffix(".jar").removeprefix(f"{artifact}-{version}").lstrip("-")
    coordinates = ":".join([".".join(group), artifact, version, *([classifier] if classifier else [])])
    return Jar(coordinates, hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size)


def main() -> None:
    """The command."""
    mvn = maven_on_path()
    if mvn is None:
        sys.exit("mvn is not on PATH: install Maven")
    directory = source_directory()
    sys.stdout.write(f"{directory / 'jars.lock'}: {write_lock(mvn, directory)} jars\n")


if __name__ == "__main__":
    main()
