"""Avro schemas as the registry sees them: parsed, identified, and resolved with their references."""

from __future__ import annotations

import hashlib
import json
import uuid
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import avro.errors
import avro.name
import avro.schema

from runtime.local.registry.errors import invalid_schema

MAX_SCHEMA_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Reference:
    """Another subject's schema version that defines a type used here."""

    name: str
    subject: str
    version: int

    def as_json(self) -> dict[str, object]:
        """As the REST API writes it."""
        return {"name": self.name, "subject": self.subject, "version": self.version}


@dataclass(frozen=True, slots=True)
class SchemaText:
    """A schema as a client gave it, with what it refers to."""

    text: str
    references: tuple[Reference, ...] = ()

    @property
    def compact(self) -> str:
        """The text without needless space, in the order in which it was written."""
        return json.dumps(_loads(self.text), separators=(",", ":"), ensure_ascii=False)

    @property
    def fingerprint(self) -> str:
        """Equal for equal schemas: neither spaces nor the order of attributes count, everything else does."""
        content = [_loads(self.text), [reference.as_json() for reference in self.references]]
        canonical = json.dumps(content, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


def guid_of(fingerprint: str) -> str:
    """The schema's globally unique id, the same in every registry."""
    return str(uuid.UUID(hex=fingerprint[:32]))


def parse(text: str, referenced: Sequence[str] = ()) -> Any:
    """The parsed schema; `referenced` are the texts of the schemas it refers to, dependencies first.

    Raises RegistryError 42201.
    """
    names = avro.name.Names()
    with warnings.catch_warnings():
        # An unknown logical type is legal (specification, "Logical Types"): readers ignore it.
        warnings.simplefilter("ignore")
        for dependency in referenced:
            _make(_loads(dependency), names)
        return _make(_loads(text), names)


def _make(content: object, names: avro.name.Names) -> Any:
    try:
        if isinstance(content, str) and (known := names.get_name(content)) is not None:
            return known
        return avro.schema.make_avsc_object(content, names)
    # Besides its own errors the parser lets these escape for a schema of the wrong shape.
    except (
        avro.errors.AvroException,
        TypeError,
        KeyError,
        AttributeError,
        ValueError,
        RecursionError,
    ) as error:
        raise invalid_schema(str(error) or type(error).__name__) from error


def _loads(text: str) -> object:
    if len(text) > MAX_SCHEMA_BYTES:
        raise invalid_schema(f"it is longer than {MAX_SCHEMA_BYTES} characters")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise invalid_schema(f"not JSON: {error}") from error
