"""The events page, and who says and hears an event: as the contracts and the source have it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from processors.config import APP_ID
from processors.milestones import MILESTONE_OF_STEP
from processors.reconciler.config import CONSUMED_TOPICS, GROUP_ID
from processors.reconciler.derived import PATIENT_EVENTS
from producers.hl7 import merges, order_steps, profile_fields, report_steps, visit_steps
from runtime.lag import SINK_GROUP
from schemas.contracts import contracts
from schemas.documents.__main__ import DOCS, main
from schemas.documents.avro_words import type_in_words
from schemas.documents.golden import example_of
from schemas.documents.listeners import LISTENERS, listeners_of_event
from schemas.documents.mentions import modules, named, offered
from schemas.documents.speakers import SPEAKERS, speakers_of_event
from schemas.events import EVENT_CLASSES, Event
from schemas.examples_writer import EXAMPLES
from schemas.topics import EVENTS, INSTANCES
from sinks.clickhouse.rows import TABLE_BY_TOPIC
from sinks.dicom.destinations import group_of as dicom_group_of
from sinks.dicom.index import INDEXED
from sinks.dicom.rules import AHEAD, STORED
from sinks.hl7.destinations import group_of
from sinks.hl7.steps import OUTBOUND

PAGE = (DOCS / "events.md").read_text("utf-8")
HL7, HL7_BY_PROFILE = SPEAKERS[0].name, SPEAKERS[1].name
every_event = pytest.mark.parametrize("cls", EVENT_CLASSES, ids=lambda cls: cls.__name__)


def _section(cls: type[Event]) -> str:
    return PAGE.partition(f"\n### {cls.__name__}\n")[2].partition("\n## ")[0].partition("\n### ")[0]


def test_a_stale_document_is_named_and_then_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(DOCS / "events.md", tmp_path)
    (tmp_path / "asyncapi.yaml").write_text("asyncapi: 3.0.0\n")
    assert main(["--check"], tmp_path) == 1
    said = capsys.readouterr().err
    assert "asyncapi.yaml" in said
    assert "events.md" not in said
    assert "python -m schemas.documents" in said
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    assert (tmp_path / "asyncapi.yaml").read_bytes() == (DOCS / "asyncapi.yaml").read_bytes()


def test_an_unknown_argument_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--chek"], tmp_path) == 2
    assert "--chek" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@every_event
def test_the_page_says_of_an_event_what_its_contract_says(cls: type[Event]) -> None:
    contract, section = contracts()[cls.AVRO_NAME], _section(cls)
    assert contract["doc"] in section
    assert f"`{cls.AVRO_NAME}`" in section
    assert f"| SWIM | {contract.get('swim_code', 'no code')} |" in section
    for field in contract["fields"][1:]:
        meaning = field["doc"].replace("|", "&#124;")
        assert f"| `{field['name']}` | {type_in_words(field['type'])} | {meaning} |" in section


@every_event
def test_the_example_of_an_event_is_its_newest_golden_message(cls: type[Event]) -> None:
    newest = len(list(EXAMPLES.glob(f"{cls.__name__}.v*.json")))
    golden = json.loads((EXAMPLES / f"{cls.__name__}.v{newest}.json").read_text("utf-8"))
    shown = re.search(r"```json\n(.*?)\n```", _section(cls), re.DOTALL)
    assert shown is not None
    assert json.loads(shown[1]) == golden == example_of(cls.AVRO_NAME)


@every_event
def test_the_index_leads_to_an_event(cls: type[Event]) -> None:
    assert PAGE.count(f"[{cls.__name__}](#{cls.__name__.lower()})") == 1


def test_every_link_of_the_page_leads_somewhere() -> None:
    anchors = {re.sub(r"\W+", "-", title.lower()) for title in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)}
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        file, _, anchor = target.partition("#")
        assert (DOCS / file).exists()
        assert file or anchor in anchors


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    for table in re.findall(r"(?:^\|.*\|$\n)+", PAGE, re.MULTILINE):
        assert len({row.count("|") for row in table.splitlines()}) == 1


def _classes(value: Any) -> set[str]:
    if isinstance(value, type):
        return {value.__name__} if issubclass(value, Event) else set()
    if isinstance(value, Mapping):
        return {name for item in value.values() for name in _classes(item)}
    return {name for item in value for name in _classes(item)} if isinstance(value, tuple) else set()


def test_what_the_tables_of_hl7_state_is_said_by_the_hl7_listener() -> None:
    stated = _classes(tuple(vars(tables) for tables in (order_steps, report_steps, visit_steps))) - {
        "Event"
    } | _classes(merges.MERGE_TRIGGERS)
    assert len(stated) > 20
    assert {name for name in stated if HL7 not in speakers_of_event()[name]} == set()


def test_what_only_a_profile_can_state_is_said_to_need_one() -> None:
    by_profile = {name for name, who in speakers_of_event().items() if HL7_BY_PROFILE in who}
    assert by_profile < _classes(profile_fields.STEPS)
    assert "ExamOpened" in by_profile
    assert HL7 in speakers_of_event()["PatientArrived"]
    assert "PatientArrived" not in by_profile


def test_every_speaker_owns_what_is_there() -> None:
    for speaker in SPEAKERS:
        assert any(offered(module) for module in modules() if module.startswith(speaker.owns)), speaker


def test_who_hears_an_event_is_who_takes_it_in_the_code() -> None:
    taken_by: Mapping[str, set[str]] = {
        "fold, as a milestone of the exam": set(MILESTONE_OF_STEP),
        "reconciler": _classes(PATIENT_EVENTS),
        "HL7 out, where a destination asks for it": set(OUTBOUND),
        "DICOM out, where a destination asks for it": _classes((*STORED.values(), *AHEAD.values(), *INDEXED)),
    }
    for name, taken in taken_by.items():
        assert {cls.__name__ for cls in EVENT_CLASSES if name in listeners_of_event(cls.AVRO_NAME)} == taken


def test_the_topics_and_groups_of_the_listeners_are_those_of_the_code() -> None:
    by_operation = {listener.operation: listener for listener in LISTENERS}
    assert by_operation["fold"].group == APP_ID
    assert by_operation["store"].group == SINK_GROUP
    assert by_operation["reconcile"].group == GROUP_ID
    assert by_operation["deliver"].group == group_of("{destination}")
    assert by_operation["send"].group == dicom_group_of("{destination}")
    assert by_operation["send"].topics == (EVENTS, INSTANCES)
    assert set(by_operation["store"].topics) == set(TABLE_BY_TOPIC)
    assert by_operation["reconcile"].topics == CONSUMED_TOPICS
    assert by_operation["fold"].topics == by_operation["deliver"].topics == (EVENTS,)


def test_a_variable_that_is_gone_is_an_error_and_not_an_empty_answer() -> None:
    with pytest.raises(Exception, match=r"milestones\.py has no STAGES"):
        named("processors/milestones.py", "STAGES")
