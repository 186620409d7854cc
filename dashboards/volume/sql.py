"""The questions behind a forecast of the volume: exams by hour and by day, each one scan of some columns.

Answers have one row for what was counted and the modality, with arrays: hundreds of hours are dear as rows.
"""

from __future__ import annotations

from dashboards.choice import CHOSEN
from dashboards.volume.counts import LEADS

# What is not said within so many hours is taken as never to be said: steps go missing in every feed.
PATIENCE_H = {"scanner": 12, "reading": 168, "signature": 168}
# The place of what is not known.
_NEVER = 2_000_000

_OF = f"""FROM v_exams
  WHERE stage != 'reconciled' AND greatest(last_occurred_at, ifNull(scheduled_at, last_occurred_at))
        >= {{start:DateTime64(6, 'UTC')}} AND {CHOSEN}"""
_MODALITY = "if(modality = '', 'unknown', modality) AS of_modality"
_STEP_TIMES = """[('ordered', ordered_at), ('arrived', arrived_at), ('begun', started_at),
                    ('complete', completed_at), ('reported', final_at)]"""


def _place(at: str) -> str:
    """Number of the hour that `at` lies in, from `start` on."""
    start = "toUnixTimestamp64Micro({start:DateTime64(6, 'UTC')})"
    hours = f"(toUnixTimestamp64Micro(assumeNotNull({at})) - {start}) / 3600000000"
    return f"if(isNull({at}), {_NEVER}, toInt32(floor({hours})))"


def _first(*names: str) -> str:
    return f"least({', '.join(_place(name) for name in names)})"


STEPS = f"""
SELECT what, modality, groupArray(place) AS places, groupArray(exams) AS counts FROM (
SELECT what, of_modality AS modality, place, toInt64(count()) AS exams
FROM (
  SELECT {_MODALITY}, arrayJoin({_STEP_TIMES}) AS step, step.1 AS what, {_place("step.2")} AS place
  {_OF}
)
WHERE place >= 0 AND place < {{hours:Int32}}
GROUP BY what, of_modality, place) GROUP BY what, modality
"""  # noqa: S608 - made from our own constants

_QUEUES = (
    ("scanner", _place("arrived_at"), _first("started_at", "completed_at", "cancelled_at")),
    ("reading", _place("completed_at"), _first("dictated_at", "preliminary_at", "final_at", "cancelled_at")),
    ("signature", _first("dictated_at", "preliminary_at"), _first("final_at", "cancelled_at")),
)
_LINES = ", ".join(
    f"('{name}', {since}, least({until}, {since} + {PATIENCE_H[name]}))" for name, since, until in _QUEUES
)

# Who joins each queue and who leaves it, at the first hour that begins with that.
WAITING = f"""
SELECT what, modality, groupArray(place) AS places, groupArray(joining) AS joins,
       groupArray(leaving) AS leaves
FROM (
SELECT what, of_modality AS modality, place, toInt64(countIf(joins)) AS joining,
       toInt64(countIf(NOT joins)) AS leaving
FROM (
  SELECT of_modality, what, arrayJoin([(since + 1, true), (until + 1, false)]) AS change,
         greatest(change.1, 0) AS place, change.2 AS joins
  FROM (
    SELECT {_MODALITY}, arrayJoin([{_LINES}]) AS line, line.1 AS what, line.2 AS since, line.3 AS until
    {_OF}
  )
  WHERE since < {_NEVER} AND until >= since
)
WHERE place <= {{hours:Int32}}
GROUP BY what, of_modality, place) GROUP BY what, modality
"""  # noqa: S608 - made from our own constants

_READ_AT = "coalesce(dictated_at, preliminary_at, final_at)"
# At how many scanners of a modality exams were begun, and how many people read or signed exams, hour by hour.
SERVERS = f"""
SELECT what, modality, groupArray(place) AS places, groupArray(servers) AS counts FROM (
SELECT what, of_modality AS modality, place, toInt64(uniqExact(who)) AS servers
FROM (
  SELECT {_MODALITY.replace("of_modality", "own_modality")},
         arrayJoin([('scanner', own_modality, station_ae_title, {_place("started_at")}),
                    ('reading', '', reader, {_place(_READ_AT)}),
                    ('signature', '', reader, {_place("final_at")})]) AS one,
         one.1 AS what, one.2 AS of_modality, one.3 AS who, one.4 AS place
  {_OF}
)
WHERE place >= 0 AND place < {{hours:Int32}} AND who != ''
GROUP BY what, of_modality, place) GROUP BY what, modality
"""  # noqa: S608 - made from our own constants

# ahead: hours from the order to the appointment. early: hours from their coming until then; -1: not before.
KNOWN = f"""
SELECT modality, groupArray(place) AS places, groupArray(ahead) AS aheads, groupArray(early) AS earlies,
       groupArray(exams) AS counts FROM (
SELECT of_modality AS modality, place, ahead, early, toInt64(count()) AS exams
FROM (
  SELECT {_MODALITY}, {_place("scheduled_at")} AS place,
         least(place - {_place("ordered_at")}, {LEADS + 1}) AS ahead,
         least(greatest(place - {_first("arrived_at", "started_at", "completed_at", "cancelled_at")}, -1),
               {LEADS + 1}) AS early
  {_OF}
)
WHERE place >= 0 AND place < {{hours_to_come:Int32}} AND ahead > 0
GROUP BY of_modality, place, ahead, early) GROUP BY modality
"""  # noqa: S608 - made from our own constants

DAYS = f"""
SELECT what, modality, groupArray(toInt32(day - {{first:Date}})) AS places, groupArray(exams) AS counts FROM (
SELECT what, of_modality AS modality, day, toInt64(count()) AS exams
FROM (
  SELECT {_MODALITY}, arrayJoin({_STEP_TIMES}) AS step, step.1 AS what,
         toDate(assumeNotNull(step.2), {{zone:String}}) AS day
  {_OF} AND isNotNull(step.2)
)
WHERE day >= {{first:Date}} AND day < {{today:Date}}
GROUP BY what, of_modality, day) GROUP BY what, modality
"""  # noqa: S608 - made from our own constants

_OPEN_LINES = ", ".join(
    f"('{name}', {since}, coalesce({until}), toUInt32({PATIENCE_H[name]}))"
    for name, since, until in (
        ("scanner", "arrived_at", "started_at, completed_at, cancelled_at"),
        ("reading", "completed_at", "dictated_at, preliminary_at, final_at, cancelled_at"),
        ("signature", "coalesce(dictated_at, preliminary_at)", "final_at, cancelled_at"),
    )
)
# Who waits at this very instant.
WAITING_NOW = f"""
SELECT what, of_modality AS modality, toInt64(count()) AS exams
FROM (
  SELECT {_MODALITY}, arrayJoin([{_OPEN_LINES}]) AS line, line.1 AS what, line.2 AS since, line.3 AS until
  {_OF}
)
WHERE isNotNull(since) AND isNull(until) AND since > {{at:DateTime64(6, 'UTC')}} - toIntervalHour(line.4)
GROUP BY what, of_modality
"""  # noqa: S608 - made from our own constants
