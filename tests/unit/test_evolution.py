"""Evolution of the contracts: each way to break a reader is refused, with the way to do it right."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemas import evolution, examples_writer
from schemas.compatibility import problems_between
from schemas.evolution import contracts_of_today, problems
from schemas.examples_writer import EXAMPLES
from schemas.manifest import read_manifest

ORDER = "radstream.events.OrderPlaced"
Change = Callable[[list[dict[str, Any]]], None]


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """The golden examples, to be tampered with."""
    return Path(shutil.copytree(EXAMPLES, tmp_path / "examples"))


def _changed(change: Change, name: str = ORDER) -> dict[str, Any]:
    """Today's contracts with the fields of one of them changed."""
    today: dict[str, Any] = copy.deepcopy(contracts_of_today())
    change(today[name]["fields"])
    return today


def _field(fields: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(field for field in fields if field["name"] == name)


def _without(name: str) -> Change:
    def change(fields: list[dict[str, Any]]) -> None:
        fields.remove(_field(fields, name))

    return change


def _with(**field: Any) -> Change:
    return lambda fields: fields.append({"doc": "Of a test.", **field})


def _typed(name: str, avro: Any) -> Change:
    return lambda fields: _field(fields, name).update(type=avro)


def _renamed(name: str, to: str, *, alias: bool) -> Change:
    def change(fields: list[dict[str, Any]]) -> None:
        _field(fields, name).update(name=to, **({"aliases": [name]} if alias else {}))

    return change


def _only(found: list[str]) -> str:
    assert len(found) == 1, found
    return found[0]


def test_the_contracts_as_they_stand_may_be_published() -> None:
    assert problems(contracts_of_today(), EXAMPLES) == []


@pytest.mark.parametrize(
    ("change", "what", "how"),
    [
        (_without("modality"), "modality was removed", "Restore it as it was"),
        (_without("envelope"), "envelope was removed", "Restore it as it was"),
        (_renamed("modality", "kind", alias=False), "was renamed to kind", "Restore modality, add kind"),
        (_renamed("modality", "kind", alias=True), "was renamed to kind", "let producers fill both"),
        (_typed("modality", ["null", "int"]), 'its type from ["null", "string"]', "add a new field"),
        (_typed("modality", "string"), "modality changed its type", "Restore the type"),
        (_typed("modality", ["string", "null"]), "modality changed its type", "Restore the type"),
        (_typed("modality", ["null", "string", "int"]), "modality changed its type", "Restore the type"),
        (_with(name="weight_kg", type="double"), "weight_kg is new and has no default", '["null", ...]'),
    ],
)  # fmt: skip
def test_a_change_that_breaks_a_reader_is_refused_with_the_right_way(
    change: Change, what: str, how: str
) -> None:
    found = _only(problems(_changed(change), EXAMPLES))
    assert what in found
    assert how in found
    assert "OrderPlaced.v1" in found


def test_a_change_within_a_shared_part_is_named_by_the_part() -> None:
    def change(fields: list[dict[str, Any]]) -> None:
        envelope = _field(fields, "envelope")["type"]
        _field(envelope["fields"], "occurred_at").update(type="long")

    found = _only(problems(_changed(change), EXAMPLES))
    assert found.startswith("radstream.parts.Envelope.occurred_at changed its type")
    assert "timestamp-micros" in found


def test_what_only_the_library_sees_is_refused_in_its_words() -> None:
    old = {
        "type": "record",
        "namespace": "r",
        "name": "A",
        "fields": [{"name": "kind", "type": {"type": "enum", "name": "K", "symbols": ["x", "y"]}}],
    }
    new = copy.deepcopy(old)
    new["fields"][0]["type"]["symbols"] = ["x"]  # type: ignore[index]  # a literal of mixed values
    found = _only(problems_between(old, new))
    assert "missing_enum_symbols" in found
    assert "Restore what was published" in found


def test_a_new_optional_field_needs_nothing_but_its_golden_example() -> None:
    added = _changed(_with(name="contrast", type=["null", "string"], default=None))
    assert _only(problems(added, EXAMPLES)) == (
        f"{ORDER} has no golden example of its contract as it stands: run "
        "`python -m schemas.examples_writer` and commit OrderPlaced.v2.* and MANIFEST"
    )


def test_better_documentation_is_no_new_version() -> None:
    today: dict[str, Any] = copy.deepcopy(contracts_of_today())
    today[ORDER]["doc"] = "An order was placed."
    today[ORDER]["fields"][1]["doc"] = "Its number."
    assert problems(today, EXAMPLES) == []


def test_a_version_must_go_with_all_that_were_published_and_not_the_last_alone(examples: Path) -> None:
    """BACKWARD_TRANSITIVE: v1 had the field with another type, v2 had not the field at all."""
    third = _changed(_with(name="weight", type=["null", "int"], default=None))[ORDER]
    first = copy.deepcopy(third)
    first["fields"][-1]["type"] = ["null", "string"]
    for file in examples.glob("OrderPlaced.*"):
        file.unlink()
    _write(examples, {1: first, 2: contracts_of_today()[ORDER]})
    found = problems({**contracts_of_today(), ORDER: third}, examples)
    assert [problem for problem in found if "weight changed its type" in problem and ".v1)" in problem]


def _write(examples: Path, versions: dict[int, Any]) -> None:
    for number, schema in versions.items():
        (examples / f"OrderPlaced.v{number}.avsc").write_text(json.dumps(schema), "utf-8")


def test_a_contract_that_was_published_cannot_go_away() -> None:
    today = contracts_of_today()
    del today[ORDER]
    found = _only(problems(today, EXAMPLES))
    assert found.startswith(f"{ORDER} was removed or renamed")
    assert "Restore OrderPlaced.avsc" in found


def test_a_contract_that_was_never_published_needs_its_first_golden_example() -> None:
    today: dict[str, Any] = copy.deepcopy(contracts_of_today())
    today["radstream.events.DogWalked"] = {**today[ORDER], "name": "DogWalked"}
    assert "commit DogWalked.v1.*" in _only(problems(today, EXAMPLES))


def test_an_event_stays_in_its_topic() -> None:
    today: dict[str, Any] = copy.deepcopy(contracts_of_today())
    today[ORDER]["topic"] = "radstream.orders.v1"
    found = _only(problems(today, EXAMPLES))
    assert "moved from topic radstream.events.v1 to radstream.orders.v1" in found
    assert "Restore its topic" in found


def test_a_changed_meaning_needs_its_upcaster_and_then_its_golden_example() -> None:
    today: dict[str, Any] = copy.deepcopy(contracts_of_today())
    today[ORDER]["meaning"] = 2
    found = _only(problems(today, EXAMPLES))
    assert "nothing turns records of meaning 1 into it" in found
    assert "UPCASTERS in schemas/upcasters.py" in found
    assert "no golden example" in _only(problems(today, EXAMPLES, upcasts={(ORDER, 1)}))


def test_a_meaning_never_goes_back(examples: Path) -> None:
    (examples / "OrderPlaced.v2.avsc").write_text(json.dumps({**contracts_of_today()[ORDER], "meaning": 2}))
    found = problems(contracts_of_today(), examples)
    assert [problem for problem in found if 'went back from "meaning" 2 to 1' in problem]


def test_a_golden_file_that_was_changed_is_to_be_restored(examples: Path) -> None:
    (examples / "OrderPlaced.v1.json").write_text("{}", "utf-8")
    found = _only(problems(contracts_of_today(), examples))
    assert found.startswith("schemas/examples/OrderPlaced.v1.json was changed")
    assert "restore it from the commit that added it" in found


def test_a_golden_file_that_was_deleted_is_to_be_restored(examples: Path) -> None:
    (examples / "OrderPlaced.v1.avro").unlink()
    found = _only(problems(contracts_of_today(), examples))
    assert found.startswith("schemas/examples/OrderPlaced.v1.avro was deleted")
    assert "git log -- schemas/examples/OrderPlaced.v1.avro" in found


def test_a_golden_file_that_was_slipped_in_is_to_be_written_by_the_command(examples: Path) -> None:
    (examples / "OrderPlaced.v2.avro").write_bytes(b"")
    assert "is not in MANIFEST" in _only(problems(contracts_of_today(), examples))


def test_the_writer_enters_what_it_writes_and_leaves_the_rest_of_the_list(
    examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read_manifest(examples)
    for file in examples.glob("DueRow.*"):
        file.unlink()
    manifest = examples / "MANIFEST"
    lines = manifest.read_text("utf-8").splitlines(keepends=True)
    manifest.write_text("".join(line for line in lines if "DueRow." not in line), "utf-8")
    (examples / "DelayRecorded.v1.json").write_text("{}", "utf-8")
    monkeypatch.setattr(examples_writer, "EXAMPLES", examples)
    examples_writer.main()
    assert read_manifest(examples) == before
    assert "DelayRecorded.v1.json was changed" in _only(problems(contracts_of_today(), examples))


def test_the_command_says_what_is_wrong_and_fails(
    examples: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evolution.main(["--check"]) == 0
    (examples / "OrderPlaced.v1.json").write_text("{}", "utf-8")
    monkeypatch.setattr(evolution, "EXAMPLES", examples)
    assert evolution.main(["--check"]) == 1
    assert capsys.readouterr().err.startswith("schemas/examples/OrderPlaced.v1.json was changed")
    assert evolution.main(["--fix"]) == 2
