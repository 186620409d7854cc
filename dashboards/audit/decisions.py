"""What people decided about the data itself, as the audit tells it beside who saw what. Pure.

Events of the governance topic, in the same table as the accesses; their kind is the name of the event.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class _Told(NamedTuple):
    """label: The kind as people call it. user, what: ClickHouse's expressions for who and what."""

    label: str
    user: str
    what: str


def _member(name: str) -> str:
    return f"JSONExtractString(payload, '{name}')"


def _count(name: str) -> str:
    return f"toString(JSONExtractUInt(payload, '{name}'))"


# Each event names its user in a member of its own; of a patient's keys the log has a pseudonym.
_TOLD: Mapping[str, _Told] = {
    "ErasureRequested": _Told("Erasure asked for", _member("requested_by"), _member("erasure_reason")),
    "ErasureConfirmed": _Told(
        "Erasure decided",
        _member("confirmed_by"),
        "concat(toString(JSONLength(payload, 'key_ids')), ' data keys')",
    ),
    "PatientErased": _Told(
        "Patient erased",
        f"if({_member('confirmed_by')} != '', {_member('confirmed_by')}, {_member('requested_by')})",
        f"concat({_member('erasure_reason')}, ', ', {_count('keys_destroyed')}, ' data keys destroyed')",
    ),
    "ErasureCertified": _Told(
        "Erasure certified",
        "''",
        "if(JSONExtractBool(payload, 'is_complete'),"
        " 'all that was searched is closed', 'something that was searched is not closed')",
    ),
    "LegalHoldSet": _Told("Legal hold set", _member("set_by"), _member("hold_reason")),
    "LegalHoldReleased": _Told("Legal hold released", _member("released_by"), _member("release_reason")),
    "RetentionApplied": _Told(
        "Retention applied",
        _member("applied_by"),
        f"concat({_member('rule')}, ', ', {_member('store')}, ' ', {_member('place')}, ': ',"
        f" {_count('items_removed')}, ' gone, ', {_count('items_held')}, ' held')",
    ),
}


def _by_event(expressions: Mapping[str, str], of_access: str) -> str:
    """The expression of a row's own event, and no other one worked out for it."""
    branches = ", ".join(f"event_type = '{name}', {said}" for name, said in expressions.items())
    return f"multiIf({branches}, {_member(of_access)})"


DECISIONS: Mapping[str, str] = {name: told.label for name, told in _TOLD.items()}
EVENT_TYPES = ", ".join(f"'{name}'" for name in ("AccessRecorded", *_TOLD))
USER = _by_event({name: told.user for name, told in _TOLD.items()}, "user")
WHAT = _by_event({name: told.what for name, told in _TOLD.items()}, "object")
