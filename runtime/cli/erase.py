"""`radstream erase PATIENT`: destroy a patient's keys, for ever."""

from __future__ import annotations

import getpass
import sys
from contextlib import closing
from dataclasses import replace
from typing import Annotated

import clickhouse_connect.driver.exceptions
import typer

from processors.patients import MergeSaid, Persons
from producers.publishing import PublishFailed
from runtime.analytics import analytics_client
from runtime.cli.output import Json, console, fail, print_json
from runtime.cli.settings_of import Data, running_installation
from runtime.erasure import Erasure, ErasureRefused, Order, key_of, require_known
from runtime.erasure import erase as erase_patient
from runtime.installation import Installation
from runtime.saying import publisher_of
from runtime.stack.errors import StackError
from schemas.errors import SchemaError
from schemas.identity import pseudonym
from schemas.keyring_config import open_key_ring
from schemas.phi import KeyRing

_MERGES = """
SELECT
    event_type, JSONExtractString(payload, 'merged_patient_key'),
    JSONExtractString(payload, 'surviving_patient_key'), toUnixTimestamp64Micro(recorded_at)
FROM events FINAL
WHERE event_type IN ('PatientMerged', 'PatientUnmerged')
    AND event_id NOT IN (SELECT assumeNotNull(corrects) FROM events FINAL WHERE isNotNull(corrects))
"""
_PATIENTS = """
SELECT DISTINCT exam_id, patient_key FROM worklist FINAL
WHERE exam_id = {exam:String} OR accession_number = {exam:String}
"""


def erase(
    patient: Annotated[
        str | None, typer.Argument(help="ISSUER|MRN, or a patient_key of 64 hexadecimal digits.")
    ] = None,
    *,
    exam: Annotated[
        str | None, typer.Option(help="The patient of this exam: exam id or accession number.")
    ] = None,
    reason: Annotated[
        str, typer.Option(help="Why, as a code; it stands in the log for ever.")
    ] = "PATIENT_REQUEST",
    only: Annotated[
        bool, typer.Option("--only", help="This number alone, not those that were merged with it.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Erase a patient: names, numbers, birth dates, reports and images, in every store and every copy.

    Numbers that were merged with the patient's are the same person, and erased with them.
    What was sealed under the patient's keys stays closed for ever; pseudonyms and times remain. If it was
    interrupted, or Kafka was away, run it again: it completes what is missing.
    """
    installation, _ = running_installation(data, as_json=json)
    try:
        order = _order(installation, patient, exam, reason)
        ring = open_key_ring(installation.key_ring_config())
        orders = [order] if only else _with_merged(installation, order)
        require_known(ring, [each.patient_key for each in orders])
        if not yes:
            _confirm(order.patient_key, len(orders))
        done = _erase(installation, ring, orders)
    except (ErasureRefused, SchemaError, StackError, ValueError) as error:
        fail(str(error), as_json=json)
    except clickhouse_connect.driver.exceptions.Error as error:
        fail(f"ClickHouse, which knows whose exam it is, gives no answer: {error}", as_json=json)
    except PublishFailed as error:
        fail(
            f"the keys are destroyed, but the log does not say so yet ({error}): run the same command again",
            as_json=json,
        )
    if json:
        print_json({"erased": True, **_account(done[0]), "merged": [_account(each) for each in done[1:]]})
    else:
        for each in done:
            console.print(_sentence(each), highlight=False, soft_wrap=True)


def _order(installation: Installation, patient: str | None, exam: str | None, reason: str) -> Order:
    if (patient is None) == (exam is None):
        raise ErasureRefused("name one patient: ISSUER|MRN, 64 hexadecimal digits, or --exam EXAM")
    secret = installation.secret_key("site_secret")
    key = key_of(patient, secret) if patient is not None else _patient_of(installation, str(exam))
    return Order(
        patient_key=key,
        reason=reason,
        requested_by=pseudonym(secret, "operator", getpass.getuser()),
        site=installation.settings.site,
    )


def _with_merged(installation: Installation, order: Order) -> list[Order]:
    with closing(analytics_client(installation)) as client:
        persons = Persons(MergeSaid(*row) for row in client.query(_MERGES).result_rows)
    named = order.patient_key
    return [replace(order, patient_key=key) for key in (named, *sorted(persons.keys_of(named) - {named}))]


def _patient_of(installation: Installation, exam: str) -> str:
    with closing(analytics_client(installation)) as client:
        rows = client.query(_PATIENTS, parameters={"exam": exam}).result_rows
    keys = {str(key) for _, key in rows if key}
    if not rows:
        raise ErasureRefused(f"no exam {exam!r} is known: the dashboard lists those that are")
    if len(keys) != 1:
        exams = ", ".join(sorted(str(exam_id) for exam_id, _ in rows))
        why = "of several patients: name one of them" if keys else "of no known patient"
        raise ErasureRefused(f"{exam!r} is {why} ({exams})")
    return keys.pop()


def _confirm(patient_key: str, numbers: int) -> None:
    if not sys.stdin.isatty():
        raise ErasureRefused("this cannot be undone: add --yes where nobody can be asked")
    merged = f" and {numbers - 1} merged with it" if numbers > 1 else ""
    question = f"Erase patient {patient_key[:8]}…{merged} for ever, in every store and every copy of the log?"
    if not typer.confirm(question, default=False, err=True):
        raise ErasureRefused("nothing was erased")


def _erase(installation: Installation, ring: KeyRing, orders: list[Order]) -> list[Erasure]:
    with publisher_of(installation, "radstream-erase") as publisher:
        return [
            erase_patient(ring, order, lambda event: publisher.publish([event]), installation.now()())
            for order in orders
            if sum(ring.generations(order.patient_key))
        ]


def _account(done: Erasure) -> dict[str, object]:
    return {
        "patient_key": done.patient_key,
        "keys_destroyed": done.keys_destroyed,
        "event_id": done.event_id,
    }


def _sentence(done: Erasure) -> str:
    keys = "1 key" if done.keys_destroyed == 1 else f"{done.keys_destroyed} keys"
    before = "" if done.keys_destroyed else " (an earlier run had destroyed them)"
    return f"patient {done.patient_key[:8]}… is erased: {keys} destroyed{before}, event {done.event_id}"
