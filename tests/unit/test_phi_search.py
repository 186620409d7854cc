"""The search that the end-to-end test trusts finds a patient in every form, and finds no patient in noise."""

from __future__ import annotations

import base64
import json
import random
from datetime import date
from urllib.parse import quote

import pytest

from producers.simulator.people import Patient
from tests.phi_search import found, needles

PATIENT = Patient(
    mrn="A1B000042", family_name="Báthori", given_name="Zoë", birth_date=date(1961, 4, 12), sex="F"
)
WANTED = needles([PATIENT])
NAME = "Báthori^Zoë"


@pytest.mark.parametrize(
    "content",
    [
        f"PID|1||A1B000042^^^GENERAL||{NAME}||19610412|F".encode(),
        NAME.encode("latin-1"),
        NAME.encode("utf-16"),
        NAME.encode("utf-16-be"),
        NAME.upper().encode(),
        json.dumps({"name": NAME}).encode(),
        quote(NAME).encode(),
        NAME.encode().hex().encode(),
        "Bátori, Zoë is not, but Zoë Báthori".encode(),
        b"\x12A1B000042",
        b"\x1019610412\x02F",
        b"DA\x08\x0019610412",
        b'"1961-04-12"',
        *(base64.b64encode(b"?" * shift + NAME.encode() + b"?") for shift in range(4)),
    ],
    ids=str,
)
def test_a_patient_is_found_in_every_form(content: bytes) -> None:
    assert found(b"\0" * 7 + b"noise " + content + b" noise", WANTED)


def test_no_patient_is_found_in_noise_and_in_long_numbers() -> None:
    draws = random.Random(4711)
    digits = "".join(draws.choice("0123456789") for _ in range(200_000))
    assert not found(draws.randbytes(2_000_000), WANTED)
    assert not found(f"2.25.{digits}".encode(), WANTED)
    assert not found(b"2.25.119610412999", WANTED)
