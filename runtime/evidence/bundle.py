"""The bundle: a zip archive with an exam's events, their proofs, and what checks and shows them."""

from __future__ import annotations

import base64
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import orjson

from runtime.evidence.readable import Readable
from runtime.evidence.timeline import timeline_page
from schemas.contracts import contracts, self_contained
from sinks.archive.exam_search import Found

_README = """Evidence of one exam, made by radstream.

timeline.html   what happened, for people
events.json     the events, decoded
evidence.json   each event's bytes as Kafka had them, and its path up to the root of its partition
seal.json       the signed root over all partitions
keys/           public keys
schemas/        the contracts of the events (Avro)
check.py        checks all of it: python check.py THIS.zip --key PUBLIC_KEY
                (needs Python 3.9 or newer and the package cryptography, nothing else, no network)

What check.py prints is proven. timeline.html and events.json are for reading.
Proven is that these events stood so in the log when the seal was signed. That there were no others of this
exam is not proven by the bundle; radstream verify, run where the archive is, reads all of it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What goes into a bundle. seal: the signed document; keys: signed documents by id; found: proven
    events.
    """

    exam_id: str
    made_at: datetime
    seal: bytes
    keys: Mapping[str, bytes]
    found: Sequence[Found]
    readable: Sequence[Readable]


def write_bundle(evidence: Evidence, target: Path) -> None:
    """Write the bundle, mode 0600, whole or not at all. Raises OSError."""
    draft = target.with_name(f".{target.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in _entries(evidence).items():
            bundle.writestr(name, content)
    draft.replace(target)


def _entries(evidence: Evidence) -> dict[str, bytes | str]:
    checker = resources.files("runtime.evidence").joinpath("check.py").read_text("utf-8")
    return {
        "README.txt": _README,
        "check.py": checker,
        "seal.json": evidence.seal,
        "evidence.json": orjson.dumps(_proofs(evidence)),
        "events.json": orjson.dumps(
            [one.document() for one in evidence.readable], option=orjson.OPT_INDENT_2
        ),
        "timeline.html": timeline_page(evidence.exam_id, evidence.made_at, evidence.readable),
        **{f"keys/{name}.json": document for name, document in evidence.keys.items()},
        **_schemas(evidence.readable),
    }


def _proofs(evidence: Evidence) -> dict[str, Any]:
    return {
        "format": 1,
        "exam": evidence.exam_id,
        "made_at": evidence.made_at.astimezone(UTC).isoformat(),
        "events": [
            {
                "topic": one.place.topic,
                "partition": one.place.partition,
                "index": one.index,
                "record": base64.b64encode(one.record).decode(),
                "path": [sibling.hex() for sibling in one.proof.path],
            }
            for one in evidence.found
            if one.proof is not None
        ],
    }


def _schemas(readable: Sequence[Readable]) -> dict[str, bytes | str]:
    names = sorted({one.type_name for one in readable} & set(contracts()))
    return {
        f"schemas/{name}.avsc": orjson.dumps(self_contained(name), option=orjson.OPT_INDENT_2)
        for name in names
    }
