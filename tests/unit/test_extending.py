"""docs/extending.md, done in a copy of the repository: a new event touches the files that the page names."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "extending.md").read_text("utf-8")
COPIED = ("schemas", "producers", "processors", "sinks", "dashboards", "runtime", "docs", "tests")

ENVELOPE = {
    "name": "envelope",
    "type": "radstream.parts.Envelope",
    "doc": "What every event says about itself.",
}
TEXT = {"type": ["null", "string"], "default": None}
INSTANT = {"type": "long", "logicalType": "timestamp-micros"}
ORDER_LINKED = {
    "type": "record",
    "name": "OrderLinked",
    "namespace": "radstream.events",
    "doc": "An order was linked to a problem of the patient (ORC-1 LI).",
    "swim_code": "RID45813",
    "fields": [
        ENVELOPE,
        {"name": "accession_number", **TEXT, "doc": "Accession number without its issuer."},
        {"name": "reason", **TEXT, "doc": "Code of the reason."},
    ],
}
# All that a contract may hold: bytes, arrays of plain values and of records, parts old and new.
REGION = {
    "type": "record",
    "name": "Region",
    "namespace": "radstream.parts",
    "doc": "A region of an image.",
    "fields": [
        {"name": "outline", "type": "bytes", "doc": "Run-length encoded mask."},
        {"name": "frames", "type": {"type": "array", "items": "int"}, "doc": "Frames that it is on."},
    ],
}
REGION_OUTLINED = {
    "type": "record",
    "name": "RegionOutlined",
    "namespace": "radstream.events",
    "doc": "A region was outlined.",
    "fields": [
        ENVELOPE,
        {"name": "labels", "type": {"type": "array", "items": "string"}, "doc": "What it shows."},
        {"name": "seen", "type": {"type": "array", "items": INSTANT}, "doc": "When it was looked at, UTC."},
        {"name": "region", "type": "radstream.parts.Region", "doc": "The region."},
        {
            "name": "others",
            "type": {"type": "array", "items": "radstream.parts.Region"},
            "doc": "Other regions of it.",
        },
        {"name": "thumbnail", "type": ["null", "bytes"], "default": None, "doc": "PNG."},
        {
            "name": "reading",
            "type": ["null", "radstream.parts.Interval"],
            "default": None,
            "doc": "How long.",
        },
        {
            "name": "remarks",
            "type": ["null", {"type": "array", "items": "string"}],
            "default": None,
            "doc": "Codes of remarks.",
        },
    ],
}


class Copy:
    """A copy of the repository that is worked in as its own: what is installed does not win over it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in COPIED:
            shutil.copytree(REPOSITORY / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        for file in ("pyproject.toml", "README.md", "CHANGELOG.md"):
            shutil.copy(REPOSITORY / file, root)

    def contract(self, folder: str, contract: Mapping[str, Any]) -> str:
        """Write a contract; its path."""
        path = f"schemas/avro/{folder}/{contract['name']}.avsc"
        (self.root / path).write_text(json.dumps(contract, indent=2), "utf-8")
        return path

    def edit(self, path: str, *changes: tuple[str, str]) -> str:
        """Replace texts that stand in the file once; its path."""
        text = (self.root / path).read_text("utf-8")
        for old, new in changes:
            assert text.count(old) == 1, f"{path}: {old}"
            text = text.replace(old, new)
        (self.root / path).write_text(text, "utf-8")
        return path

    def run(self, arguments: Sequence[str], given: bytes = b"") -> bytes:
        """Run a module of the copy; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1"},
            input=given,
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, (done.stderr + done.stdout).decode(errors="replace")[-4000:]
        return done.stdout

    def contents(self) -> dict[str, bytes]:
        """Every file by its path."""
        files = (path for path in self.root.rglob("*") if path.is_file())
        found = {path.relative_to(self.root).as_posix(): path for path in files}
        # Folders with a dot are the tools' caches.
        return {name: path.read_bytes() for name, path in found.items() if not name.startswith(".")}


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path / "copy")


def _section() -> str:
    return PAGE.partition("\n## An event\n")[2].partition("\n## ")[0]


def _table(heading: str) -> list[str]:
    """What stands in backquotes in the first column of the table under a heading of the section."""
    text = _section().partition(f"| {heading} |")[2].partition("\n\n")[0]
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


def _matches(path: str, patterns: Sequence[str]) -> bool:
    return any(re.fullmatch(re.escape(p).replace("NAME", r"\w+"), path) for p in patterns)


def test_an_event_touches_the_five_files_of_the_page_and_is_said_read_and_shown(copy: Copy) -> None:
    before = copy.contents()
    by_hand = {
        copy.contract("events", ORDER_LINKED),
        copy.edit(
            "schemas/documents/workflow.py", ('"OrderReplaced",', '"OrderReplaced",\n        "OrderLinked",')
        ),
        copy.edit(
            "producers/hl7/order_steps.py",
            ("    OrderHeld,\n    OrderPlaced,", "    OrderHeld,\n    OrderLinked,\n    OrderPlaced,"),
            (
                'patient care problem", _always()),\n    "UN"',
                'patient care problem", _always(OrderLinked)),\n    "UN"',
            ),
        ),
        copy.edit(
            "processors/milestones.py",
            ('    "ExamScheduled":', '    "OrderLinked": "ordered",\n    "ExamScheduled":'),
        ),
    }
    message = (
        (copy.root / "tests/data/hl7/orm_accepted_without_event.hl7")
        .read_bytes()
        .replace(b"ORC|OK|", b"ORC|LI|")
    )
    golden = copy.root / "tests/data/hl7/orm_linked.hl7"
    golden.write_bytes(message)
    by_hand.add("tests/data/hl7/orm_linked.hl7")
    for command in _table("command"):
        copy.run(command.removeprefix("python -m ").split())
    said = json.loads(copy.run(["tests.new_events", "OrderLinked"], message))
    assert [event["event"] for event in said] == ["OrderLinked"]
    after = copy.contents()
    changed = {path for path in after if after[path] != before.get(path)}
    assert len(by_hand) <= 5
    assert all(_matches(path, _table("file")) for path in by_hand), by_hand
    generated = re.findall(r"`([^`]+)`", _section().partition("| command |")[2].partition("\n\n")[0])
    assert all(_matches(path, generated) for path in changed - by_hand), changed - by_hand
    assert "schemas/examples/OrderLinked.v1.avro" in changed
    assert b'"OrderLinked"' in after["tests/data/hl7/orm_linked.json"]
    assert b"OrderLinked" in after["docs/events.md"]
    assert b"OrderLinked" in after["docs/hl7.md"]


def test_an_event_may_hold_bytes_arrays_and_records_of_its_own(copy: Copy) -> None:
    copy.contract("parts", REGION)
    copy.contract("events", REGION_OUTLINED)
    copy.edit("schemas/documents/workflow.py", ('"AnalysisFailed")', '"AnalysisFailed", "RegionOutlined")'))
    for command in _table("command"):
        copy.run(command.removeprefix("python -m ").split())
    message = (copy.root / "tests/data/hl7/orm_placed_when_completed.hl7").read_bytes()
    assert json.loads(copy.run(["tests.new_events", "RegionOutlined"], message))
    copy.run(["mypy", "--strict", "schemas/events.py", "schemas/parts.py"])
