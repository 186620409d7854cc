"""What people decided about the data itself, as the audit tells it beside who saw what. Pure.

Events of the governance topic, in the same table as the accesses; their kind is the name of the event.
"""

from __future__ import annotations

from collections.abc import Mapping

DECISIONS: Mapping[str, str] = {
    "ErasureRequested": "Erasure asked for",
    "ErasureConfirmed": "Erasure decided",
    "PatientErased": "Patient erased",
    "ErasureCertified": "Erasure certified",
    "LegalHoldSet": "Legal hold set",
    "LegalHoldReleased": "Legal hold released",
    "RetentionApplied": "Retention applied",
}

EVENT_TYPES = ", ".join(f"'{name}'" for name in ("AccessRecorded", *DECISIONS))

# Each event names its user in a member of its own; of an erasure the log has pseudonyms.
_USERS = ("user", "confirmed_by", "requested_by", "set_by", "released_by", "applied_by")
_GIVEN = ", ".join(f"JSONExtractString(payload, '{one}')" for one in _USERS)
USER = f"arrayFirst(name -> name != '', [{_GIVEN}])"

_SAID = {
    "ErasureRequested": "JSONExtractString(payload, 'erasure_reason')",
    "ErasureConfirmed": "concat(toString(JSONLength(payload, 'key_ids')), ' data keys')",
    "PatientErased": """concat(JSONExtractString(payload, 'erasure_reason'), ', ',
        toString(JSONExtractUInt(payload, 'keys_destroyed')), ' data keys destroyed')""",
    "ErasureCertified": """if(JSONExtractBool(payload, 'is_complete'),
        'all that was searched is closed', 'something that was searched is not closed')""",
    "LegalHoldSet": "JSONExtractString(payload, 'hold_reason')",
    "LegalHoldReleased": "JSONExtractString(payload, 'release_reason')",
    "RetentionApplied": """concat(JSONExtractString(payload, 'rule'), ', ',
        JSONExtractString(payload, 'store'), ' ', JSONExtractString(payload, 'place'), ': ',
        toString(JSONExtractUInt(payload, 'items_removed')), ' gone, ',
        toString(JSONExtractUInt(payload, 'items_held')), ' held')""",
}
WHAT = f"""multiIf({", ".join(f"event_type = '{name}', {said}" for name, said in _SAID.items())},
    JSONExtractString(payload, 'object'))"""
