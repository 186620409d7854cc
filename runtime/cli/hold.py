"""`radstream hold`: what no erasure and no rule of retention takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import clickhouse_connect.driver.exceptions
import typer

from dashboards.access.roles import Permission
from producers.publishing import PublishFailed
from runtime.cli.acting import ByUser, PasswordFile, TokenFile, signed_in
from runtime.cli.output import Json, console, fail, print_json, print_table
from runtime.cli.settings_of import Data, running_installation
from runtime.erasing.errors import ErasureRefused
from runtime.governance.acting import NotAllowed
from runtime.governance.holding import release_hold, set_hold
from runtime.governance.session import Session, opened
from runtime.retention.held import HoldsNotInForce, bring_into_force
from runtime.stack.errors import StackError
from runtime.topic_records import TopicUnreadable
from schemas.errors import SchemaError
from schemas.events import LegalHoldSet

app = typer.Typer(no_args_is_help=True, help="Legal holds on patients and exams: set, release, list.")
_REFUSALS = (
    ErasureRefused,
    HoldsNotInForce,
    NotAllowed,
    SchemaError,
    StackError,
    TopicUnreadable,
    ValueError,
)
Reason = Annotated[str, typer.Option(help="Why, as a code; it stands in the log for ever.")]


@app.command("set")
def set_(
    patient: Annotated[
        str | None, typer.Argument(help="ISSUER|MRN, or a patient_key of 64 hexadecimal digits.")
    ] = None,
    *,
    exam: Annotated[str | None, typer.Option(help="Only this exam: exam id or accession number.")] = None,
    reason: Reason = "LITIGATION",
    user: ByUser = None,
    password_file: PasswordFile = None,
    token_file: TokenFile = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Hold what concerns a patient, or one exam, until the hold is released."""
    with _deciding(data, (user, password_file, token_file), as_json=json) as (session, by):
        holds = set_hold(session, patient, exam, reason, by)
        bring_into_force(session)
    if json:
        print_json({"holds": [_row(hold) for hold in holds]})
        return
    for hold in holds:
        _say(f"Held: {hold.envelope.exam_id}. Release it with `radstream hold release {hold.hold_id}`.")


@app.command("release")
def release(
    hold_id: Annotated[str, typer.Argument(help="As `radstream hold list` shows it, or its beginning.")],
    *,
    reason: Reason = "NO_LONGER_NEEDED",
    user: ByUser = None,
    password_file: PasswordFile = None,
    token_file: TokenFile = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Let a hold go. What rules would have taken meanwhile goes the next time that they are applied."""
    with _deciding(data, (user, password_file, token_file), as_json=json) as (session, by):
        released = release_hold(session, hold_id, reason, by)
        bring_into_force(session)
    if json:
        print_json({"released": released.hold_id})
    else:
        _say(f"Released: {released.envelope.exam_id}.")


@app.command("list")
def list_(*, data: Data = None, json: Json = False) -> None:
    """Every hold that stands."""
    installation, _ = running_installation(data, as_json=json)
    with _said_plainly(as_json=json), opened(installation) as session:
        rows = [_row(hold) for hold in session.register().holds.values()]
    if json:
        print_json({"holds": rows})
    elif rows:
        print_table("Legal holds", rows)
    else:
        _say("No legal hold stands.")


@app.command("apply")
def apply_(*, data: Data = None, json: Json = False) -> None:
    """Let ClickHouse's own bounds know the holds, and the exams that came meanwhile, as `set` does."""
    installation, _ = running_installation(data, as_json=json)
    with _said_plainly(as_json=json), opened(installation) as session:
        held = bring_into_force(session)
    if json:
        print_json({"exams": len(held.exams), "patients": len(held.patients)})
    else:
        _say(f"In force: {len(held.exams)} exams, {len(held.patients)} patients as a whole.")


@contextmanager
def _deciding(
    data: Path | None, who: tuple[str | None, Path | None, Path | None], *, as_json: bool
) -> Iterator[tuple[Session, str]]:
    installation, _ = running_installation(data, as_json=as_json)
    with _said_plainly(as_json=as_json):
        by = signed_in(installation, Permission.HOLD_RECORDS, *who).name
        with opened(installation) as session:
            yield session, by


@contextmanager
def _said_plainly(*, as_json: bool) -> Iterator[None]:
    try:
        yield
    except _REFUSALS as error:
        fail(str(error), as_json=as_json)
    except clickhouse_connect.driver.exceptions.Error as error:
        fail(f"ClickHouse gives no answer, run it again when it does: {error}", as_json=as_json)
    except (PublishFailed, OSError) as error:
        fail(f"nothing was decided: {error}; run the same command again", as_json=as_json)


def _row(hold: LegalHoldSet) -> dict[str, Any]:
    return {
        "hold_id": hold.hold_id,
        "on": hold.envelope.exam_id,
        "patient_key": hold.envelope.patient_key,
        "reason": hold.hold_reason,
        "set_by": hold.set_by,
        "since": f"{hold.envelope.recorded_at:%Y-%m-%d %H:%M}",
    }


def _say(sentence: str) -> None:
    console.print(sentence, highlight=False, soft_wrap=True, markup=False)
