"""ORM^O01, OMG^O19, OMI^O23: orders and what becomes of them (HL7 v2.5.1 chapter 4).

What an order message means stands in ORC-1 (order control, table 0119) and ORC-5 (order status, table
0038); `steps` says which steps each pair is.
"""

from __future__ import annotations

from collections.abc import Sequence

from producers.hl7.context import Context, Patient, patient_in
from producers.hl7.exams import Subject, exams_of
from producers.hl7.order_groups import order_groups
from producers.hl7.order_steps import ORDER_CONTROLS, STEPS_OF_ORDER
from producers.hl7.profile import Profile
from producers.hl7.rejections import MissingSegment, UnknownOrderStatus
from producers.hl7.scope import Scope
from producers.hl7.statements import state
from producers.hl7.steps import Steps
from schemas.events import Event, ExamScheduled, OrderChanged, OrderPlaced, OrderReplaced

# The time of an exam that is placed or changed is said with it.
_MAY_SCHEDULE: tuple[Steps, ...] = ((OrderPlaced,), (OrderChanged,))
_REPLACEMENT = "RO"


def order_events(context: Context) -> list[Event]:
    """The events of every order in the message.

    Raises UnknownOrderStatus, MissingAccession, MissingSegment or MissingPatient, and then the whole message
    gives none.
    """
    head, groups = order_groups(context.message.segments)
    if not groups:
        raise MissingSegment("no ORC and no OBR segment", "ORC")
    scopes = [context.scope((*head, *group), position) for position, group in enumerate(groups)]
    patient = patient_in(scopes[0], context.config)
    return [
        event for index in range(len(scopes)) for event in _order_events(context, patient, scopes[index:])
    ]


def steps_of_order(profile: Profile, control: str, status: str) -> Steps:
    """The steps of ORC-1 and ORC-5. Raises UnknownOrderStatus.

    The profile's own codes come before the table; where ORC-1 says it all, ORC-5 does not matter.
    """
    if control not in ORDER_CONTROLS:
        # Codes of a table, not free text; cut, in case a sender puts something else there.
        raise UnknownOrderStatus(f"no step for ORC-1 {control[:4]!r}", _place(profile, "order_control"))
    by_status = ORDER_CONTROLS[control][1]
    if len(set(by_status.values())) == 1:
        return by_status[""]
    own = profile.steps.get("order_status", {})
    if status.upper() in own:
        step = own[status.upper()]
        placed: Steps = (OrderPlaced,) if OrderPlaced in by_status.get("", ()) else ()
        return placed if step is None else (*placed, step)
    steps = STEPS_OF_ORDER.get((control, status))
    if steps is None:
        detail = f"no step for ORC-1 {control[:4]!r} with ORC-5 {status[:8]!r}"
        raise UnknownOrderStatus(detail, _place(profile, "order_status"))
    return steps


def _place(profile: Profile, field: str) -> str:
    paths = profile.paths[field]
    return f"{paths[0].segment}-{paths[0].field}" if paths else field


def _order_events(context: Context, patient: Patient, scopes: Sequence[Scope]) -> list[Event]:
    scope = scopes[0]
    control, status = scope.value("order_control"), scope.value("order_status")
    steps = steps_of_order(context.profile, control, status)
    if not steps:
        meaning = ORDER_CONTROLS[control][0]
        scope.trace.silent("no_step", "ORC-1", f"{control} {status}: {meaning}: nothing happened to the exam")
        return []
    steps = (*steps, *_step_of_reason(scope, steps))
    return [
        event
        for exam in exams_of(context, scope)
        for event in _exam_events(context, patient, exam, steps, scopes)
    ]


def _step_of_reason(scope: Scope, steps: Steps) -> Steps:
    own = scope.profile.steps.get("order_reason")
    step = own.get(scope.value("reason").upper()) if own else None
    return (step,) if step is not None and step not in steps else ()


def _exam_events(
    context: Context, patient: Patient, exam: Subject, steps: Steps, scopes: Sequence[Scope]
) -> list[Event]:
    if steps in _MAY_SCHEDULE and exam.scope.time("scheduled_at") is not None:
        steps = (*steps, ExamScheduled)
    events = []
    for step in steps:
        known = {"replaced_by_exam_id": _replacement(context, scopes)} if step is OrderReplaced else {}
        events.append(state(step, context, exam, patient, **known))
    return events


def _replacement(context: Context, scopes: Sequence[Scope]) -> str | None:
    """The exam of the order that follows with RO (HL7 v2.5.1, section 4.5.1.1)."""
    for scope in scopes[1:]:
        if scope.value("order_control") == _REPLACEMENT:
            return exams_of(context, scope)[0].exam_id
    return None
