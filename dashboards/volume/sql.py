"""The questions behind a forecast of the volume: one scan of the weeks, and one of the days before.

Of the weeks the engine tells of each exam only in which hours it was at each step, and what follows is
counted by `exams`: five questions that counted in the engine had to find the latest rows five times. Answers
have one row for the modality, with arrays: thousands of exams are dear as rows.
"""

from __future__ import annotations

from dashboards.choice import CHOSEN

# What is not said within so many hours is taken as never to be said: steps go missing in every feed.
PATIENCE_H = {"scanner": 12, "reading": 168, "signature": 168}
NEVER = 2_000_000
"""The place of what is not known."""

_OF = f"""FROM v_exams
  WHERE stage != 'reconciled' AND greatest(last_occurred_at, ifNull(scheduled_at, last_occurred_at))
        >= {{start:DateTime64(6, 'UTC')}} AND {CHOSEN}"""
_MODALITY = "if(modality = '', 'unknown', modality) AS of_modality"
_STEP_TIMES = """[('ordered', ordered_at), ('arrived', arrived_at), ('begun', started_at),
                    ('complete', completed_at), ('reported', final_at)]"""
MILESTONES = (
    "ordered",
    "scheduled",
    "arrived",
    "started",
    "completed",
    "dictated",
    "preliminary",
    "final",
    "cancelled",
)
"""Columns of EXAMS that are places."""


def _place(at: str) -> str:
    """Number of the hour that `at` lies in, from `start` on."""
    start = "toUnixTimestamp64Micro({start:DateTime64(6, 'UTC')})"
    hours = f"(toUnixTimestamp64Micro(assumeNotNull({at})) - {start}) / 3600000000"
    return f"if(isNull({at}), {NEVER}, toInt32(floor({hours})))"


# Who and where: only whether they are the same; 0 where that is not known.
EXAMS = f"""
SELECT of_modality AS modality, {", ".join(f"groupArray({one}) AS {one}" for one in MILESTONES)},
       groupArray(scanner) AS scanner, groupArray(person) AS reader
FROM (
  SELECT {_MODALITY}, {", ".join(f"{_place(f'{one}_at')} AS {one}" for one in MILESTONES)},
         if(station_ae_title = '', 0, cityHash64(station_ae_title)) AS scanner,
         if(reader = '', 0, cityHash64(reader)) AS person
  {_OF}
)
GROUP BY of_modality
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
