"""The list of golden files with their SHA-256, `schemas/examples/MANIFEST`: what is in it never changes.

One line a file, in the form of `sha256sum`, by name. Only `python -m schemas.examples_writer` adds to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

NAME = "MANIFEST"


def read_manifest(examples: Path) -> dict[str, str]:
    """SHA-256 by file name, empty where there is no list yet."""
    path = examples / NAME
    if not path.exists():
        return {}
    lines = (line.split(maxsplit=1) for line in path.read_text("utf-8").splitlines() if line.strip())
    return {name: digest for digest, name in lines}


def enter(examples: Path, names: Iterable[str]) -> None:
    """Add the files called `names`; lines that are there already stay as they are."""
    entered = {name: _digest(examples / name) for name in names} | read_manifest(examples)
    text = "".join(f"{digest}  {name}\n" for name, digest in sorted(entered.items()))
    (examples / NAME).write_text(text, "utf-8")


def tampering(examples: Path) -> list[str]:
    """What was changed, deleted or slipped in since the list was written, each with the way back."""
    manifest = read_manifest(examples)
    present = {path.name: path for path in examples.iterdir() if path.name != NAME}
    return [*_lost(manifest, present), *_changed(manifest, present), *_unlisted(manifest, present)]


def _lost(manifest: Mapping[str, str], present: Mapping[str, Path]) -> Iterable[str]:
    for name in sorted(manifest.keys() - present.keys()):
        yield f"schemas/examples/{name} was deleted, but messages like it are in the logs: {_restore(name)}"


def _changed(manifest: Mapping[str, str], present: Mapping[str, Path]) -> Iterable[str]:
    for name in sorted(manifest.keys() & present.keys()):
        if _digest(present[name]) != manifest[name]:
            yield (
                f"schemas/examples/{name} was changed, but what was written once stays so: {_restore(name)}; "
                "change the contract in schemas/avro, then run `python -m schemas.examples_writer`"
            )


def _unlisted(manifest: Mapping[str, str], present: Mapping[str, Path]) -> Iterable[str]:
    for name in sorted(present.keys() - manifest.keys()):
        yield (
            f"schemas/examples/{name} is not in {NAME}: golden files are written by "
            "`python -m schemas.examples_writer` only; delete it, then run that"
        )


def _restore(name: str) -> str:
    return f"restore it from the commit that added it (`git log -- schemas/examples/{name}`)"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
