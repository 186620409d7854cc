"""Golden messages: every version that was ever published is read by today's classes, for ever."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path
from typing import Any

import fastavro
import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.schema import parse

from schemas import examples_writer
from schemas.codec import CLASS_BY_NAME, Codec, Record, encode_body
from schemas.contracts import self_contained
from schemas.errors import KeyNotFound
from schemas.examples_writer import EXAMPLES, KEY, as_json
from schemas.parts import Phi, SealedPhi
from schemas.phi import Generations, open_sealed

GOLDEN = sorted(EXAMPLES.glob("*.avro"))
MESSAGES = [path for path in GOLDEN if not path.name.startswith("Phi.")]


class ExampleKey:
    """The key ring of the examples' patient, who is nobody."""

    def current_key(self, subject: str) -> tuple[str, bytes]:
        return f"{subject}/1", KEY

    def key(self, key_id: str) -> bytes:
        if not key_id.endswith("/1"):
            raise KeyNotFound(key_id)
        return KEY

    def destroy(self, subject: str) -> int:
        raise NotImplementedError

    def generations(self, subject: str) -> Generations:  # noqa: ARG002 - the protocol's
        return Generations(living=1, destroyed=0)


def _name(path: Path) -> str:
    written = json.loads(path.with_suffix(".avsc").read_text("utf-8"))
    return f"{written['namespace']}.{written['name']}"


def _decoded(path: Path) -> Record:
    codec = Codec({}, lambda _: path.with_suffix(".avsc").read_text("utf-8"))
    return codec.decode(struct.pack(">bI", 0, 1) + path.read_bytes())


def _said(path: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(path.with_suffix(".json").read_text("utf-8"))
    return said


def _of_both(one: Any, other: Any) -> Any:
    """`one`, without the fields that `other` does not have, in every part of it."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: _of_both(value, other[name]) for name, value in one.items() if name in other}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [_of_both(*pair) for pair in zip(one, other, strict=True)]
    return one


def test_every_record_has_an_example_of_its_contract_as_it_stands() -> None:
    assert sorted(path.name for path in examples_writer.missing()) == [], (
        "run `python -m schemas.examples_writer`"
    )


def test_an_example_has_its_three_files() -> None:
    files = {path.name for path in EXAMPLES.iterdir()} - {"MANIFEST"}
    stems = {name.rpartition(".")[0] for name in files}
    assert files == {f"{stem}.{kind}" for stem in stems for kind in ("avsc", "avro", "json")}


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: path.stem)
def test_todays_class_reads_what_was_said_then(path: Path) -> None:
    decoded, said = as_json(_decoded(path).to_record()), _said(path)
    assert _of_both(decoded, said) == _of_both(said, decoded)
    assert decoded.keys() & said.keys(), "nothing in common with the contract of then"


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: path.stem)
def test_what_was_written_by_todays_contract_is_written_so_still(path: Path) -> None:
    if json.loads(path.with_suffix(".avsc").read_text("utf-8")) == self_contained(_name(path)):
        assert encode_body(_decoded(path)) == path.read_bytes()


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_the_contract_of_today_goes_with_that_of_then(path: Path) -> None:
    reader = parse(json.dumps(self_contained(_name(path))))
    writer = parse(path.with_suffix(".avsc").read_text("utf-8"))
    checker = ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]  # the library's
    answer = checker.get_compatibility(reader, writer)
    assert answer.compatibility is SchemaCompatibilityType.compatible, answer.messages


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: path.stem)
def test_what_was_sealed_then_opens_today(path: Path) -> None:
    record: Any = _decoded(path)
    carrier = getattr(record, "envelope", record)
    sealed = getattr(carrier, "phi", None) or getattr(carrier, "payload", None)
    if sealed is None:
        assert "ciphertext" not in path.with_suffix(".json").read_text("utf-8")
        return
    assert isinstance(sealed, SealedPhi)
    bound_to = getattr(carrier, "event_id", None) or getattr(carrier, "phi_event_id", None)
    opened = open_sealed(ExampleKey(), bound_to or carrier.dead_letter_id, sealed)
    assert opened.patient_name == "Lindqvist^Maja"
    assert opened.text == "Fraktur des distalen Radius, links.\nKeine Gefäßverletzung."


def test_the_plaintext_of_then_is_read_as_it_was_written() -> None:
    for path in (path for path in GOLDEN if path.name.startswith("Phi.")):
        writer = fastavro.parse_schema(json.loads(path.with_suffix(".avsc").read_text("utf-8")))
        reader = fastavro.parse_schema(dict(self_contained(Phi.AVRO_NAME)))
        read = fastavro.schemaless_reader(io.BytesIO(path.read_bytes()), writer, reader)
        assert isinstance(read, dict)
        assert as_json(Phi.from_record(read).to_record()).items() >= _said(path).items()


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_subscriber_of_then_reads_what_is_written_today(path: Path) -> None:
    """Forward: the newest golden message, read with the schema of a version before it, is what it says."""
    newest = _newest(_name(path))
    said = _said(newest)
    then = fastavro.parse_schema(json.loads(path.with_suffix(".avsc").read_text("utf-8")))
    writer = fastavro.parse_schema(json.loads(newest.with_suffix(".avsc").read_text("utf-8")))
    read = fastavro.schemaless_reader(io.BytesIO(newest.read_bytes()), writer, then)
    assert isinstance(read, dict)
    assert isinstance(then, dict)
    assert as_json(read) == _of_both(said, as_json(read))
    assert read.keys() == {field["name"] for field in then["fields"]}


def _newest(name: str) -> Path:
    versions = (path for path in GOLDEN if path.name.split(".")[0] == name.rpartition(".")[2])
    return max(versions, key=lambda path: int(path.stem.rpartition(".v")[2]))


def test_what_was_written_once_is_never_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples_writer, "EXAMPLES", tmp_path / "examples")
    assert examples_writer.main() == 0
    written = {path.name: path.read_bytes() for path in (tmp_path / "examples").iterdir()}
    assert len(written) == 3 * (len(CLASS_BY_NAME) + 1) + len(["MANIFEST"])
    assert examples_writer.missing() == {}
    monkeypatch.setattr(examples_writer, "_EVENT_ID", "another")
    assert examples_writer.main() == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "examples").iterdir()} == written


def test_a_changed_contract_gets_the_next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples_writer, "EXAMPLES", tmp_path / "examples")
    examples_writer.main()
    first = tmp_path / "examples" / "OrderPlaced.v1.avsc"
    older = json.loads(first.read_text("utf-8"))
    older["fields"].pop()
    first.write_text(json.dumps(older), "utf-8")
    assert sorted(path.name for path in examples_writer.missing()) == [
        f"OrderPlaced.v2.{kind}" for kind in ("avro", "avsc", "json")
    ]
