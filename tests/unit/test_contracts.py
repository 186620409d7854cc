"""The Avro contracts: well formed for two libraries, documented, and the source of the classes."""

from __future__ import annotations

import json
import re

import avro.schema
import fastavro
import pytest

from processors.milestones import MILESTONE_OF_STEP
from schemas import generate
from schemas.codec import CLASS_BY_NAME
from schemas.contracts import (
    AVRO_DIR,
    EVENTS_NAMESPACE,
    contracts,
    event_contracts,
    full_name,
    self_contained,
)
from schemas.events import EVENT_CLASSES, Event
from schemas.topics import topic_of

NAMES = sorted(contracts())
EVENT_NAMES = [full_name(contract) for contract in event_contracts()]
_IRREGULAR = {"Left", "Held", "Sent", "Set", "Went", "Came"}
SWIM_CODE = re.compile(r"RID4[56]\d{3}")


@pytest.mark.parametrize("name", NAMES)
def test_fastavro_reads_the_contract_with_every_type_written_out(name: str) -> None:
    parsed = fastavro.parse_schema(json.loads(json.dumps(self_contained(name))))
    assert isinstance(parsed, dict)
    assert parsed["name"] == name


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_library_reads_the_contract_with_every_type_written_out(name: str) -> None:
    parsed = avro.schema.parse(json.dumps(self_contained(name)))
    assert isinstance(parsed, avro.schema.RecordSchema)
    assert parsed.fullname == name


@pytest.mark.parametrize("name", NAMES)
def test_the_contract_and_each_of_its_fields_say_what_they_mean(name: str) -> None:
    contract = contracts()[name]
    undocumented = [field["name"] for field in contract["fields"] if not field.get("doc", "").strip()]
    assert contract["doc"].strip()
    assert undocumented == []


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_named_as_the_contract_it_holds(name: str) -> None:
    assert len(list(AVRO_DIR.rglob(f"{contracts()[name]['name']}.avsc"))) == 1


@pytest.mark.parametrize("name", NAMES)
def test_what_may_be_missing_is_null_by_default(name: str) -> None:
    """So that a field can be dropped, or added, and old and new readers go on (BACKWARD_TRANSITIVE)."""
    for field in contracts()[name]["fields"]:
        optional = isinstance(field["type"], list)
        assert optional == ("default" in field), field["name"]
        if optional:
            assert field["type"][0] == "null", field["name"]
            assert field["default"] is None, field["name"]


@pytest.mark.parametrize("name", NAMES)
def test_instants_are_utc_microseconds_and_named_so(name: str) -> None:
    for field in contracts()[name]["fields"]:
        is_instant = "timestamp-micros" in json.dumps(field["type"]) and "items" not in json.dumps(
            field["type"]
        )
        assert is_instant == field["name"].endswith("_at"), field["name"]


@pytest.mark.parametrize("name", EVENT_NAMES)
def test_every_event_begins_with_its_envelope(name: str) -> None:
    first = contracts()[name]["fields"][0]
    assert (first["name"], first["type"]) == ("envelope", "radstream.parts.Envelope")


@pytest.mark.parametrize("name", EVENT_NAMES)
def test_an_event_is_named_in_the_past_tense(name: str) -> None:
    words = re.findall(r"[A-Z][a-z]+", name)
    assert any(word.endswith("ed") or word in _IRREGULAR for word in words)


@pytest.mark.parametrize("cls", EVENT_CLASSES, ids=lambda cls: cls.__name__)
def test_swim_codes_have_the_form_of_the_lexicon(cls: type[Event]) -> None:
    code = contracts()[cls.AVRO_NAME].get("swim_code")
    assert code is None or SWIM_CODE.fullmatch(code)
    assert code == cls.SWIM_CODE


def test_the_milestones_of_turnaround_all_have_their_code_of_the_lexicon() -> None:
    without = {contract["name"] for contract in event_contracts() if "swim_code" not in contract}
    assert without.isdisjoint(set(MILESTONE_OF_STEP) - {"PatientRegistered"})


@pytest.mark.parametrize("name", EVENT_NAMES)
def test_the_contract_names_the_topic_that_the_code_sends_it_to(name: str) -> None:
    assert contracts()[name].get("topic", "radstream.events.v1") == topic_of(name)


def test_every_contract_of_an_event_or_view_has_a_class_that_the_codec_knows() -> None:
    spoken = {name for name in NAMES if not name.startswith("radstream.parts.")}
    assert set(CLASS_BY_NAME) == spoken
    assert {cls.AVRO_NAME for cls in EVENT_CLASSES} == {n for n in NAMES if n.startswith(EVENTS_NAMESPACE)}


def test_the_classes_are_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, capsys.readouterr().err


def test_a_stale_class_is_named_with_the_command_that_renews_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, text = next(iter(generate.modules().items()))
    monkeypatch.setattr(generate, "modules", lambda: {path: text + "\nSTALE = True\n"})
    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().err == f"stale: {path.name}; run `python -m schemas.generate`\n"
