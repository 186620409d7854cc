"""`python -m schemas.documents [--check]`: `docs/events.md`, `asyncapi.yaml` and `intervals.md` there.

In a checkout, with the development tools. `--check` writes nothing and fails where a document is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from schemas.documents.asyncapi import asyncapi_text
from schemas.documents.errors import Undocumented
from schemas.documents.events_page import events_page
from schemas.documents.intervals_page import intervals_page
from schemas.documents.mentions import ROOT

DOCS = ROOT / "docs"


def documents() -> Mapping[str, str]:
    """File name and text of every generated document. Raises Undocumented."""
    return {
        "events.md": events_page(),
        "asyncapi.yaml": asyncapi_text(),
        "intervals.md": intervals_page(),
    }


def stale(folder: Path) -> Mapping[str, str]:
    """Those of the documents that are not in `folder` as they have to be. Raises Undocumented."""
    return {name: text for name, text in documents().items() if _read(folder / name) != text}


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None


def main(arguments: list[str], folder: Path = DOCS) -> int:
    """Write the documents, or with `--check` only say which are stale. Returns the exit code."""
    if unknown := [argument for argument in arguments if argument != "--check"]:
        sys.stderr.write(f"unknown argument {unknown[0]}: `python -m schemas.documents [--check]`\n")
        return 2
    try:
        found = stale(folder)
    except Undocumented as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if "--check" in arguments:
        if found:
            sys.stderr.write(
                f"stale: {', '.join(found)}; run `python -m schemas.documents` and commit them\n"
            )
        return 1 if found else 0
    for name, text in found.items():
        (folder / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
