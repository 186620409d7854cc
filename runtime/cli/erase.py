"""`radstream erase`: ask for a patient's erasure, confirm it, prove it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import clickhouse_connect.driver.exceptions
import typer
from minio.error import MinioException
from rich.progress import Progress as Bar
from urllib3.exceptions import HTTPError

from dashboards.access.roles import Permission
from producers.publishing import PublishFailed
from runtime.cli.acting import ByUser, PasswordFile, TokenFile, signed_in
from runtime.cli.erase_showing import show_asked, show_cases, show_certified, show_searched
from runtime.cli.output import Json, errors, fail
from runtime.cli.progress_bar import bar_teller
from runtime.cli.settings_of import Data, running_installation
from runtime.erasing.certifying import Certified, erase_and_certify
from runtime.erasing.deciding import Asked, confirm_erasure, find_case, request_erasure
from runtime.erasing.erased import key_of
from runtime.erasing.errors import ErasureRefused
from runtime.erasing.patient_facts import keys_of_person, patient_of_exam
from runtime.erasing.proving import prove as prove_erasure
from runtime.governance.acting import NotAllowed
from runtime.governance.register import ErasureCase
from runtime.governance.session import Session, opened
from runtime.stack.errors import StackError
from runtime.topic_records import TopicUnreadable
from schemas.errors import SchemaError
from sinks.archive.errors import ArchiveError

_NOT_CLOSED = 1
_AWAY = (PublishFailed, OSError, HTTPError, MinioException)
_REFUSALS = (ErasureRefused, NotAllowed, SchemaError, StackError, TopicUnreadable, ArchiveError, ValueError)


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
    confirm: Annotated[
        str | None, typer.Option(metavar="CODE", help="Confirm what was asked for, and erase.")
    ] = None,
    prove: Annotated[
        bool, typer.Option("--prove", help="Search every store again for a patient who was erased.")
    ] = False,
    show: Annotated[
        bool, typer.Option("--list", help="Show what was asked for, and what became of it.")
    ] = False,
    user: ByUser = None,
    password_file: PasswordFile = None,
    token_file: TokenFile = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Erase a patient: names, numbers, birth dates, reports and images, in every store and every copy.

    In two steps: `erase PATIENT --user A` asks for it and prints a code, `erase --confirm CODE --user B`
    destroys the keys, searches every store, and writes a signed certificate. If that was interrupted, run it
    again: it completes what is missing. Numbers that were merged with the patient's are erased with them.
    """
    installation, _ = running_installation(data, as_json=json)
    if (confirm is not None) + prove + show + (patient is not None or exam is not None) > 1 + prove:
        fail("one thing at a time: a patient, --confirm CODE, --prove PATIENT, or --list", as_json=json)
    with _said_plainly(as_json=json):
        if show or prove:
            with opened(installation) as session:
                _look(session, patient, exam, only=only, cases=show, as_json=json)
            return
        by = signed_in(installation, Permission.ERASE_PATIENTS, user, password_file, token_file).name
        with opened(installation) as session:
            if confirm is None:
                show_asked(_ask(session, patient, exam, reason, by, only=only), as_json=json)
            else:
                case = find_case(session.register(), confirm)
                _confirm(case, yes=yes)
                show_certified(_erase(session, case, by, quiet=json), as_json=json)


def _ask(
    session: Session, patient: str | None, exam: str | None, reason: str, by: str, *, only: bool
) -> Asked:
    keys = _keys(session, patient, exam, only=only)
    return request_erasure(session, keys, reason, by, session.installation.settings.erasure_confirm_h)


def _keys(session: Session, patient: str | None, exam: str | None, *, only: bool) -> tuple[str, ...]:
    if (patient is None) == (exam is None):
        raise ErasureRefused("name one patient: ISSUER|MRN, 64 hexadecimal digits, or --exam EXAM")
    secret = session.installation.secret_key("site_secret")
    named = key_of(patient, secret) if patient is not None else patient_of_exam(session.client, str(exam))
    return (named,) if only else keys_of_person(session.client, named)


def _erase(session: Session, case: ErasureCase, by: str, *, quiet: bool) -> Certified:
    case, plan = confirm_erasure(session, case, by)
    try:
        with Bar(console=errors, transient=True, disable=quiet) as bar:
            return erase_and_certify(session, case, plan, bar_teller(bar))
    except (
        PublishFailed,
        SchemaError,
        TopicUnreadable,
        ArchiveError,
        OSError,
        HTTPError,
        MinioException,
    ) as error:
        raise ErasureRefused(
            f"the erasure is confirmed, and was interrupted ({error}): run the same command again, it goes on"
        ) from error


def _look(
    session: Session, patient: str | None, exam: str | None, *, only: bool, cases: bool, as_json: bool
) -> None:
    if cases:
        show_cases(session.register(), as_json=as_json)
        return
    keys = _keys(session, patient, exam, only=only)
    with Bar(console=errors, transient=True, disable=as_json) as bar:
        found = prove_erasure(session, keys, patient, bar_teller(bar))
    show_searched(found, as_json=as_json)
    if not all(place.is_closed for place in found):
        raise typer.Exit(_NOT_CLOSED)


def _confirm(case: ErasureCase, *, yes: bool) -> None:
    if yes or case.confirmed is not None:
        return
    if not sys.stdin.isatty():
        raise ErasureRefused("this cannot be undone: add --yes where nobody can be asked")
    keys, requested = case.requested.patient_keys, case.requested
    merged = f" and {len(keys) - 1} merged with it" if len(keys) > 1 else ""
    question = (
        f"{requested.requested_by} asked for it ({requested.erasure_reason}): erase patient {keys[0][:8]}…"
        f"{merged} for ever, in every store and every copy of the log?"
    )
    if not typer.confirm(question, default=False, err=True):
        raise ErasureRefused("nothing was erased")


@contextmanager
def _said_plainly(*, as_json: bool) -> Iterator[None]:
    try:
        yield
    except (
        ErasureRefused,
        NotAllowed,
        SchemaError,
        StackError,
        TopicUnreadable,
        ArchiveError,
        ValueError,
    ) as error:
        fail(str(error), as_json=as_json)
    except clickhouse_connect.driver.exceptions.Error as error:
        fail(f"ClickHouse, which knows whose exam it is, gives no answer: {error}", as_json=as_json)
    except _AWAY as error:
        fail(f"nothing was decided: {error}; run the same command again", as_json=as_json)
