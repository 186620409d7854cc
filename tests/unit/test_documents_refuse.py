"""What the documents cannot know is refused, with where to enter it: on a changed copy of the source."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.documents.mentions import ROOMS, ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the source, to be changed."""
    for room in (*ROOMS, "schemas", "docs"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__", "*.png"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def _new_speaker(checkout: Path) -> None:
    (checkout / "producers/beds.py").write_text(
        "from schemas.events import ExamAssigned\n\n\ndef said() -> object:\n    return ExamAssigned()\n"
    )


def _unlisted_table(checkout: Path) -> None:
    (checkout / "producers/beds.py").write_text(
        "from schemas import events\n\nSTEPS = {'A': events.ExamAssigned}\n"
    )


def _new_event(checkout: Path) -> None:
    contract = {
        "type": "record",
        "name": "BedCleaned",
        "namespace": "radstream.events",
        "doc": "A bed.",
        "fields": [],
    }
    (checkout / "schemas/avro/events/BedCleaned.avsc").write_text(json.dumps(contract))


def _without_milestones(checkout: Path) -> None:
    path = checkout / "processors/milestones.py"
    path.write_text(path.read_text("utf-8").replace("MILESTONE_OF_STEP", "MILESTONES"), "utf-8")


def _without_arrival(checkout: Path) -> None:
    path = checkout / "producers/hl7/profiles/ihe.toml"
    path.write_text(path.read_text("utf-8").replace('AR = "PatientArrived"\n', ""), "utf-8")


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        (_new_speaker, "producers/beds.py says ExamAssigned: enter who that is in SPEAKERS"),
        (_unlisted_table, "producers/beds.py says ExamAssigned: enter who that is in SPEAKERS"),
        (_new_event, "BedCleaned: it has no step yet; see WORKFLOW in schemas/documents/workflow.py"),
        (_without_milestones, "processors/milestones.py has no MILESTONE_OF_STEP"),
        (_without_arrival, "stale: events.md, asyncapi.yaml"),
    ],
)
def test_a_change_that_the_documents_do_not_know_fails_the_check(
    checkout: Path, change: Callable[[Path], None], answer: str
) -> None:
    change(checkout)
    command = [sys.executable, "-m", "schemas.documents", "--check"]
    ended = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert answer in ended.stderr
    assert "Traceback" not in ended.stderr
