"""The questions that as-of views ask of the events. Pure."""
# ruff: noqa: S608 - every text is made from our own constants; what is asked comes as parameters

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dashboards.as_of.folding import Folding
from dashboards.as_of.instant import AsOf, Sense

_FROM, _UNTIL = "{day_start:DateTime64(6, 'UTC')}", "{until:DateTime64(6, 'UTC')}"
# As the fold believes it: what happened too far from its recording counts as of its recording.
_BELIEVED = """if(occurred_at > addMicroseconds(recorded_at, {ahead_us:Int64})
      OR occurred_at < subtractMicroseconds(recorded_at, {behind_us:Int64}), recorded_at, occurred_at)"""
COUNTS_AT: Mapping[Sense, str] = {Sense.RECORDED: "recorded_at", Sense.OCCURRED: _BELIEVED}
"""When an event counts, by the sense of the question."""
_LAST: Mapping[Sense, str] = {Sense.RECORDED: "last_recorded_at", Sense.OCCURRED: "last_occurred_at"}

# Who looked at an exam is no event of its own.
_OF_EXAMS = "event_type != 'AccessRecorded' AND NOT startsWith(exam_id, 'patient|')"
_COLUMNS = """event_id, exam_id, event_type, occurred_at, recorded_at, site, patient_key, corrects, payload,
       phi_key_id, hex(phi_nonce) AS nonce, hex(phi_ciphertext) AS ciphertext"""


@dataclass(frozen=True, slots=True)
class Until:
    """A condition on events or instances, and its values. Questions have it in place of UNTIL."""

    condition: str
    parameters: Mapping[str, object]

    def put_into(self, text: str) -> str:
        """The question `text` with the condition in its place."""
        return text.replace(UNTIL, self.condition)


UNTIL = "/* until */"
EVER = Until("1", {})


def until_then(as_of: AsOf, folding: Folding) -> Until:
    """What counts at the instant."""
    return Until(until(as_of.sense), parameters(as_of, folding))


def until(sense: Sense) -> str:
    """A condition on events: they count at `until`."""
    return f"{COUNTS_AT[sense]} <= {_UNTIL}"


def parameters(as_of: AsOf, folding: Folding) -> dict[str, object]:
    """The values that `until` takes."""
    second_us = 1_000_000
    return {
        "until": as_of.at,
        "ahead_us": int(folding.ahead.total_seconds() * second_us),
        "behind_us": int(folding.behind.total_seconds() * second_us),
    }


def board_events(sense: Sense) -> str:
    """Every event until `until` of the exams that stood on the board at any time from `day_start` to then.

    These are: exams of which something was said in that time; and, by their last row, those that are not
    finished, were finished since, or had something said of them since. What an exam of the others came to
    had come by `day_start`, and it had left the board.
    """
    return f"""
SELECT {_COLUMNS}
FROM events FINAL
WHERE {until(sense)} AND {_OF_EXAMS} AND exam_id IN ({board_exams(sense)})
"""


def board_exams(sense: Sense) -> str:
    """The exams that stood on the board at any time from `day_start` to `until`; see board_events."""
    return f"""
    SELECT exam_id FROM events WHERE {COUNTS_AT[sense]} >= {_FROM} AND {until(sense)} AND {_OF_EXAMS}
    UNION DISTINCT
    {changed_since(sense)}
"""


def changed_since(sense: Sense) -> str:
    """The exams whose last row may not be what it was at any time since `day_start`, or is on the board."""
    return f"""
    SELECT exam_id FROM worklist FINAL
    WHERE {_LAST[sense]} >= {_FROM} OR stage NOT IN ('final', 'cancelled', 'reconciled')
       OR ifNull(stage_since_at, last_occurred_at) >= {_FROM}
"""


def exam_events(sense: Sense) -> str:
    """Every event of one exam until `until`."""
    return f"""
SELECT {_COLUMNS}
FROM events FINAL WHERE exam_id = {{exam_id:String}} AND {until(sense)} AND {_OF_EXAMS}
"""


def first_event(sense: Sense) -> str:
    """When the first event counts; before that nothing was known."""
    return f"SELECT min({COUNTS_AT[sense]}) AS first_at, count() AS events FROM events WHERE {_OF_EXAMS}"
