"""Whatever can be wrong with a record has an error class of its own, and none tells what was sealed."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from schemas import errors
from schemas.codec import CLASS_BY_NAME, Codec
from schemas.contracts import self_contained
from schemas.events import PatientRegistered
from schemas.identity import patient_key
from schemas.keyring import FileKeyRing
from schemas.parts import Phi, SealedPhi
from schemas.phi import open_sealed, seal

IDS = {name: number for number, name in enumerate(CLASS_BY_NAME, 100)}
PATIENT = patient_key(b"s" * 32, "GENERAL", "MRN-4711")
EVENT = "0b3a9a6e-7f5f-5d1c-9d5e-0e8f3a2b1c4d"
PHI = Phi(patient_name="Lindqvist^Maja", patient_id="MRN-4711", birth_date="19710304", text="Fracture.")
SECRETS = ("Lindqvist", "MRN-4711", "19710304", "Fracture")
_NEWER_ID, _OTHER_ID, _UNKNOWN_ID = 7, 8, 9


def _newer(change: Callable[[dict[str, Any]], None]) -> str:
    schema = json.loads(json.dumps(self_contained(PatientRegistered.AVRO_NAME)))
    change(schema)
    return json.dumps(schema)


def _renamed(schema: dict[str, Any]) -> None:
    schema["name"] = "PatientTeleported"


def _incompatible(schema: dict[str, Any]) -> None:
    schema["fields"][0]["type"] = "string"


TEXTS = {number: json.dumps(self_contained(name)) for name, number in IDS.items()}
TEXTS |= {_NEWER_ID: _newer(_incompatible), _OTHER_ID: _newer(_renamed)}


def _fetch(schema_id: int) -> str:
    if schema_id not in TEXTS:
        raise errors.UnknownSchemaId(f"the registry has no schema {schema_id}")
    return TEXTS[schema_id]


CODEC = Codec(IDS, _fetch)


@pytest.fixture
def ring(tmp_path: Path) -> FileKeyRing:
    return FileKeyRing(tmp_path / "keys", bytes(32))


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (b"", errors.TruncatedRecord),
        (b"\0\0\0\0", errors.TruncatedRecord),
        (struct.pack(">bI", 0, IDS[PatientRegistered.AVRO_NAME]) + b"\x02Lindqvist", errors.TruncatedRecord),
        (struct.pack(">bI", 1, 100) + b"Lindqvist", errors.WrongMagicByte),
        (struct.pack(">bI", 0, _UNKNOWN_ID) + b"Lindqvist", errors.UnknownSchemaId),
        (struct.pack(">bI", 0, _OTHER_ID) + b"\x12Lindqvist", errors.UnknownRecord),
        (struct.pack(">bI", 0, _NEWER_ID) + b"\x12Lindqvist", errors.NewerRecord),
    ],
)
def test_bytes_that_are_no_record_of_ours_have_one_error_each(
    value: bytes, error: type[errors.DecodeError]
) -> None:
    with pytest.raises(errors.DecodeError) as caught:
        CODEC.decode(value)
    assert type(caught.value) is error
    _assert_tells_nothing(caught.value)


@pytest.mark.parametrize(
    ("break_it", "error"),
    [
        (lambda _, sealed: replace(sealed, key_id=f"{'c' * 64}/1"), errors.KeyNotFound),
        (lambda ring, sealed: replace(sealed, key_id=ring.current_key("another")[0]), errors.WrongKey),
        (lambda _, sealed: replace(sealed, ciphertext=sealed.ciphertext[1:]), errors.WrongKey),
        (lambda ring, sealed: (ring.destroy(PATIENT), sealed)[1], errors.KeyDestroyed),
    ],
    ids=["missing key", "wrong key", "changed ciphertext", "erased patient"],
)
def test_what_does_not_open_has_one_error_each(
    ring: FileKeyRing, break_it: Callable[[FileKeyRing, SealedPhi], SealedPhi], error: type[errors.PhiError]
) -> None:
    broken = break_it(ring, seal(ring, PATIENT, EVENT, PHI))
    with pytest.raises(errors.PhiError) as caught:
        open_sealed(ring, EVENT, broken)
    assert type(caught.value) is error
    _assert_tells_nothing(caught.value)


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    classes = {name: cls for name, cls in vars(errors).items() if isinstance(cls, type)}
    drawn: dict[str, str | None] = {}
    path: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    ((?:[│ ]   )*(?:[├└]── )?)([A-Z]\w+)", line)
        if found and found[2] in classes:
            depth = len(found[1])
            path = [(above, name) for above, name in path if above < depth]
            drawn[found[2]] = path[-1][1] if path else None
            path.append((depth, found[2]))
    bases = {name: cls.__bases__[0] for name, cls in classes.items()}
    told = {name: None if base is Exception else base.__name__ for name, base in bases.items()}
    assert drawn == told


def _assert_tells_nothing(error: BaseException | None) -> None:
    """Neither in the text, nor in the arguments, nor in what caused it or happened before it."""
    while error is not None:
        said = f"{error!r} {error} {error.args!r} {getattr(error, '__notes__', '')!r} {vars(error)!r}"
        assert not [secret for secret in SECRETS if secret in said]
        assert error.__cause__ is None or error.__cause__ is error.__context__
        error = error.__cause__ if error.__suppress_context__ else error.__context__
