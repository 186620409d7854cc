"""`radstream reconcile FROM INTO`: images that came under one exam belong to another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Annotated

import clickhouse_connect.driver.exceptions
import typer
from clickhouse_connect.driver.client import Client

from producers.publishing import PublishFailed
from runtime.analytics import analytics_client
from runtime.cli.output import Json, console, fail, print_json
from runtime.cli.settings_of import Data, running_installation
from runtime.installation import Installation
from runtime.reconciling import (
    Decision,
    ExamAsItStands,
    ReconciliationRefused,
    events_of,
    named,
    require_possible,
)
from runtime.saying import publisher_of
from schemas.errors import SchemaError
from schemas.identity import pseudonym

_EXAMS = """
SELECT exam_id, site, study_instance_uid, reconciled_into, reconciled_from_count FROM worklist FINAL
WHERE exam_id = {exam:String} OR accession_number = {exam:String}
"""
_Exam = Annotated[str, typer.Argument(help="Exam id, or an accession number that only one exam has.")]


def reconcile(
    from_exam: _Exam,
    into_exam: _Exam,
    *,
    by: Annotated[str, typer.Option(help="Who decided it; the log has a pseudonym of it.")],
    undo: Annotated[bool, typer.Option("--undo", help="Take it back.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Say that the images of FROM_EXAM belong to INTO_EXAM, or with --undo that they do not.

    An order that names the study reconciles it by itself. What was taken back stays apart until someone
    reconciles it again.
    """
    installation, _ = running_installation(data, as_json=json)
    with _failing_clearly(as_json=json):
        decision = _decision(installation, from_exam, into_exam, by, undo=undo)
        require_possible(decision)
        events = events_of(decision)
        with publisher_of(installation, "radstream-reconcile") as publisher:
            publisher.publish(events)
    ids = [event.envelope.event_id for event in events]
    pair = {"from_exam_id": decision.exam.exam_id, "into_exam_id": decision.into.exam_id}
    if json:
        print_json({"reconciled": not undo, **pair, "event_ids": ids})
    else:
        word = "stands on its own again, apart from" if undo else "belongs to"
        console.print(
            f"{pair['from_exam_id']} {word} {pair['into_exam_id']}", highlight=False, soft_wrap=True
        )


@contextmanager
def _failing_clearly(*, as_json: bool) -> Iterator[None]:
    try:
        yield
    except ReconciliationRefused as error:
        fail(f"{error}: {error.command}" if error.command else str(error), as_json=as_json)
    except (SchemaError, ValueError) as error:
        fail(str(error), as_json=as_json)
    except clickhouse_connect.driver.exceptions.Error as error:
        fail(f"ClickHouse, which knows the exams, gives no answer: {error}", as_json=as_json)
    except PublishFailed as error:
        fail(f"Kafka did not take it ({error}): run the same command again", as_json=as_json)


def _decision(installation: Installation, from_exam: str, into_exam: str, by: str, *, undo: bool) -> Decision:
    if not by.strip():
        raise ReconciliationRefused("--by needs a name")
    with closing(analytics_client(installation)) as client:
        exam, into = (named(name, _found(client, name)) for name in (from_exam, into_exam))
    who = pseudonym(installation.secret_key("site_secret"), "operator", by)
    return Decision(exam=exam, into=into, by=who, decided_at=installation.now()(), undo=undo)


def _found(client: Client, exam: str) -> list[ExamAsItStands]:
    return [ExamAsItStands(*row) for row in client.query(_EXAMS, parameters={"exam": exam}).result_rows]
