"""The schema registry's rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.local.registry.avro_schema import Reference, SchemaText, parse
from runtime.local.registry.compatibility import Level, incompatibilities, parse_level
from runtime.local.registry.config import RegistryConfig
from runtime.local.registry.deletion import delete_subject, delete_version
from runtime.local.registry.errors import RegistryError, StartError
from runtime.local.registry.registry import Registry
from runtime.local.registry.store import Store


def record(*fields: dict[str, object], name: str = "Exam") -> str:
    return json.dumps({"type": "record", "name": name, "namespace": "r", "fields": list(fields)})


BASE = record({"name": "a", "type": "int"})
ADDED = record({"name": "a", "type": "int"}, {"name": "b", "type": "string"})
ADDED_WITH_DEFAULT = record({"name": "a", "type": "int"}, {"name": "b", "type": "string", "default": ""})
WIDENED = record({"name": "a", "type": "long"})
OTHER = record({"name": "a", "type": "boolean"})


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    store = Store(RegistryConfig(host="127.0.0.1", port=0, directory=tmp_path))
    yield Registry(store)
    store.close()


@pytest.mark.parametrize(
    ("level", "new", "allowed"),
    [
        (Level.NONE, OTHER, True),
        (Level.BACKWARD, ADDED, False),
        (Level.BACKWARD, ADDED_WITH_DEFAULT, True),
        (Level.BACKWARD, WIDENED, True),
        (Level.FORWARD, ADDED, True),
        (Level.FORWARD, WIDENED, False),
        (Level.FULL, ADDED_WITH_DEFAULT, True),
        (Level.FULL, ADDED, False),
        (Level.FULL, WIDENED, False),
    ],
)
def test_a_level_allows_what_avro_can_resolve(level: Level, new: str, allowed: bool) -> None:
    assert (incompatibilities(parse(new), [parse(BASE)], level) == []) is allowed


def test_only_a_transitive_level_looks_behind_the_last_version() -> None:
    # b's type was string, then b went away; a new b of another type suits the last version alone.
    former = [parse(ADDED), parse(BASE)]
    new = parse(record({"name": "a", "type": "int"}, {"name": "b", "type": "int", "default": 0}))
    assert incompatibilities(new, former, Level.BACKWARD) == []
    assert incompatibilities(new, former, Level.BACKWARD_TRANSITIVE) != []


def test_an_incompatibility_says_where_and_what() -> None:
    (problem,) = incompatibilities(parse(ADDED), [parse(BASE)], Level.BACKWARD)
    assert "reader_field_missing_default_value" in problem
    assert "/fields/1" in problem


def test_an_unknown_level_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RegistryError, match="FULL_TRANSITIVE") as caught:
        parse_level("SIDEWAYS")
    assert caught.value.error_code == 42203


@given(st.sampled_from([BASE, ADDED, WIDENED]), st.integers(0, 8))
def test_neither_spaces_nor_order_make_another_schema(text: str, indent: int) -> None:
    shuffled = json.dumps(dict(reversed(json.loads(text).items())), indent=indent)
    assert SchemaText(shuffled).fingerprint == SchemaText(text).fingerprint


def test_a_default_makes_another_schema() -> None:
    assert SchemaText(ADDED).fingerprint != SchemaText(ADDED_WITH_DEFAULT).fingerprint


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]x", '{"type": "nope"}', '"r.Unknown"', "1", "null", record({"name": "a"}), "[" * 5000,
     '{"type": "record", "name": "1x", "fields": []}', '{"type": "enum", "name": "E", "symbols": [1]}'],
)  # fmt: skip
def test_what_is_not_a_schema_is_refused(text: str) -> None:
    with pytest.raises(RegistryError) as caught:
        parse(text)
    assert caught.value.error_code == 42201


def test_the_same_schema_has_one_id_in_every_subject(registry: Registry) -> None:
    first = registry.register("a", SchemaText(BASE))
    assert registry.register("b", SchemaText(json.dumps(json.loads(BASE), indent=2))) == first
    assert registry.register("a", SchemaText(BASE)) == first
    assert registry.register("a", SchemaText(ADDED_WITH_DEFAULT)) == first + 1
    assert [each.version for each in registry.versions("a")] == [1, 2]


def test_an_incompatible_schema_is_not_registered(registry: Registry) -> None:
    registry.register("a", SchemaText(BASE))
    with pytest.raises(RegistryError) as caught:
        registry.register("a", SchemaText(OTHER))
    assert caught.value.status == 409
    assert len(registry.versions("a")) == 1


def test_a_schema_may_refer_to_another_subjects_type(registry: Registry) -> None:
    registry.register("base", SchemaText(BASE))
    user = record({"name": "exam", "type": "r.Exam"}, name="User")
    refers = SchemaText(user, (Reference("r.Exam", "base", 1),))
    schema_id = registry.register("user", refers)
    assert registry.by_id(schema_id)[0].schema.references == refers.references
    with pytest.raises(RegistryError) as caught:
        delete_version(registry, "base", "1", permanent=False)
    assert caught.value.error_code == 42206
    with pytest.raises(RegistryError) as caught:
        registry.register("user", SchemaText(user, (Reference("r.Exam", "base", 9),)))
    assert caught.value.error_code == 42201


def test_deleting_takes_two_steps_and_no_id_is_given_twice(registry: Registry) -> None:
    first = registry.register("a", SchemaText(BASE))
    with pytest.raises(RegistryError) as caught:
        delete_subject(registry, "a", permanent=True)
    assert caught.value.error_code == 40405
    assert delete_subject(registry, "a", permanent=False) == [1]
    assert registry.subjects() == []
    assert registry.subjects(deleted=True) == ["a"]
    # Messages with this id may still be in the log.
    assert registry.by_id(first)[0].schema.text == SchemaText(BASE).compact
    with pytest.raises(RegistryError) as caught:
        delete_subject(registry, "a", permanent=False)
    assert caught.value.error_code == 40404
    assert delete_subject(registry, "a", permanent=True) == [1]
    with pytest.raises(RegistryError) as caught:
        registry.by_id(first)
    assert caught.value.error_code == 40403
    assert registry.register("a", SchemaText(OTHER)) > first


@pytest.mark.parametrize("number", ["0", "x", "-2", "99999999999"])
def test_a_version_that_cannot_be_one_is_refused(registry: Registry, number: str) -> None:
    registry.register("a", SchemaText(BASE))
    with pytest.raises(RegistryError) as caught:
        registry.version("a", number)
    assert caught.value.error_code == 42202


def test_the_same_directory_serves_one_registry(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(StartError, match="in use"):
        Store(RegistryConfig(host="127.0.0.1", port=0, directory=tmp_path))


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\x00" + bytes(4096)])
def test_a_damaged_database_stops_the_start_and_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "registry.sqlite").write_bytes(content)
    with pytest.raises(StartError, match="Move it aside"):
        Store(RegistryConfig(host="127.0.0.1", port=0, directory=tmp_path))
