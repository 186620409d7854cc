"""The newest golden message of a record, as JSON: the example in the documents."""

from __future__ import annotations

import json
from typing import Any

from schemas.documents.errors import Undocumented
from schemas.examples_writer import EXAMPLES


def example_of(name: str) -> dict[str, Any]:
    """What the newest golden message of the record called `name` says; instants ISO 8601, bytes base64.

    Raises Undocumented where it has none.
    """
    short = name.rpartition(".")[2]
    versions = {int(path.stem.rpartition(".v")[2]): path for path in EXAMPLES.glob(f"{short}.v*.json")}
    if not versions:
        raise Undocumented(f"{name} has no golden message: run `python -m schemas.examples_writer`")
    example: dict[str, Any] = json.loads(versions[max(versions)].read_text("utf-8"))
    return example
