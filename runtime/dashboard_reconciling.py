"""What the dashboard's users decide about two exams, said to the log."""

from __future__ import annotations

from dashboards.reconciliation import Decision, Impossible, NotSaid, Standing
from producers.publishing import PublishFailed
from runtime import reconciling
from runtime.installation import Installation
from runtime.saying import publisher_of
from schemas.errors import SchemaError
from schemas.identity import pseudonym

_CLIENT_ID = "radstream-dashboard"


class SaysReconciliations:
    """Publishes as `radstream reconcile` does, and returns when Kafka has it."""

    def __init__(self, installation: Installation) -> None:
        """Nothing is connected before the first decision."""
        self._installation = installation

    def __call__(self, decision: Decision) -> list[str]:
        """The event_ids. Raises Impossible, NotSaid."""
        installation = self._installation
        decided = reconciling.Decision(
            exam=_as_it_stands(decision.exam),
            into=_as_it_stands(decision.into),
            by=pseudonym(installation.secret_key("site_secret"), "operator", decision.by),
            decided_at=installation.now()(),
            undo=decision.undo,
        )
        try:
            reconciling.require_possible(decided)
        except reconciling.ReconciliationRefused as error:
            raise Impossible(str(error)) from error
        events = reconciling.events_of(decided)
        try:
            with publisher_of(installation, _CLIENT_ID) as publisher:
                publisher.publish(events)
        except (PublishFailed, SchemaError) as error:
            raise NotSaid(str(error)) from error
        return [event.envelope.event_id for event in events]


def _as_it_stands(standing: Standing) -> reconciling.ExamAsItStands:
    return reconciling.ExamAsItStands(
        exam_id=standing.exam_id,
        site=standing.site,
        study_instance_uid=standing.study_instance_uid or "",
        reconciled_into=standing.reconciled_into or "",
        reconciled_from_count=standing.reconciled_from_count,
    )
