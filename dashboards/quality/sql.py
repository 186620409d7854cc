"""The questions to ClickHouse, made from the table of faults. Pure.

Where an exam is counted by source, that is who sent its order, else who spoke of it first. Events that
radstream itself derives (`source_protocol` radstream) say nothing of a source, and are left out.
"""
# ruff: noqa: S608 - every text is made from our own constants; what is asked comes as parameters

from __future__ import annotations

from collections.abc import Sequence

from dashboards.quality.definitions import CONTRADICTIONS, MISSING, Fault
from schemas.intervals import CLOCK_BOUND_S

_START, _END = "{start:DateTime64(6, 'UTC')}", "{end:DateTime64(6, 'UTC')}"


def _within(column: str) -> str:
    return f"{column} >= {_START} AND {column} < {_END}"


_SITE = "({any_site:Bool} OR site = {site:String})"
OF_SOURCE = " AND ".join(
    f"({{any_{name}:Bool}} OR source_{name} = {{{name}:String}})"
    for name in ("system", "facility", "protocol")
)
_BY_SOURCE = "source_system AS system, source_facility AS facility, source_protocol AS protocol"
_GROUPED = "GROUP BY system, facility, protocol ORDER BY system, facility, protocol"

_FINISHED = f"{_within('final_at')} AND stage NOT IN ('cancelled', 'reconciled') AND {_SITE}"
_SPOKEN_OF = f"{_within('last_recorded_at')} AND stage != 'reconciled' AND {_SITE}"


def _exams(which: str) -> str:
    """Exams AS e, each with its source."""
    return f"""(
    SELECT x.*, s.source.1 AS source_system, s.source.2 AS source_facility, s.source.3 AS source_protocol
    FROM v_exams AS x
    LEFT JOIN (
        SELECT exam_id, argMin((source_system, source_facility, source_protocol),
                               (event_type != 'OrderPlaced', recorded_at, event_id)) AS source
        FROM v_events
        WHERE exam_id IN (SELECT exam_id FROM v_exams WHERE {which}) AND source_protocol != 'radstream'
        GROUP BY exam_id
    ) AS s ON s.exam_id = x.exam_id
    WHERE x.exam_id IN (SELECT exam_id FROM v_exams WHERE {which})
) AS e"""


FINISHED_EXAMS, SPOKEN_OF_EXAMS = _exams(_FINISHED), _exams(_SPOKEN_OF)


def _count_each(exams: str, faults: Sequence[Fault]) -> str:
    counts = ",\n       ".join(f"countIf({fault.condition}) AS n_{fault.name}" for fault in faults)
    return f"""
SELECT {_BY_SOURCE}, count() AS n_exams,
       countIf({" OR ".join(f"({fault.condition})" for fault in faults)}) AS n_any,
       {counts}
FROM {exams}
WHERE {OF_SOURCE}
{_GROUPED}
"""


BY_SOURCE_MISSING = _count_each(FINISHED_EXAMS, MISSING)
BY_SOURCE_CONTRADICTIONS = _count_each(SPOKEN_OF_EXAMS, CONTRADICTIONS)

DELAY_S = "date_diff('microsecond', occurred_at, recorded_at) / 1000000"
EVENTS = (
    f"v_events WHERE {_within('recorded_at')} AND source_protocol != 'radstream' AND {_SITE} AND {OF_SOURCE}"
)
LATE = f"{DELAY_S} > {{bound_s:UInt32}}"

# So far ahead that the clock is wrong, whatever the network did.
AHEAD_OF_BOUND = f"{DELAY_S} < -{CLOCK_BOUND_S}"

BY_SOURCE_LATE = f"""
SELECT {_BY_SOURCE}, count() AS n_events, uniqExact(exam_id) AS n_exams,
       quantilesExactInclusive(0.5, 0.95)({DELAY_S}) AS quantiles_s, max({DELAY_S}) AS max_s,
       countIf({LATE}) AS n_late
FROM {EVENTS}
{_GROUPED}
"""

BY_SOURCE_CLOCKS = f"""
SELECT {_BY_SOURCE}, count() AS n_events,
       quantilesExactInclusive(0.25, 0.5, 0.75, 0.99)(-({DELAY_S})) AS quantiles_s,
       countIf({DELAY_S} < 0) AS n_ahead, countIf({AHEAD_OF_BOUND}) AS n_faults
FROM {EVENTS}
{_GROUPED}
"""

BY_SCANNER = f"""
SELECT station_ae_title AS station, modality, count() AS n_exams, countIf(notEmpty(clock_faults)) AS n_faults,
       arraySort(groupUniqArrayArray(10)(clock_faults)) AS faults
FROM v_exams AS e
WHERE {_SPOKEN_OF} AND station_ae_title != ''
GROUP BY station, modality ORDER BY station, modality
"""

_SAID = "exam_id, event_id, event_type, site, occurred_at, source_system, source_facility, source_protocol"
_REPEATED = f"""(
    SELECT exam_id, event_id, deliveries, last_recorded_at
    FROM v_deliveries
    WHERE exam_id IN (SELECT exam_id FROM deliveries WHERE {_within("recorded_at")})
      AND deliveries > 1 AND {_within("last_recorded_at")}
)"""
DUPLICATES = f"""(
    SELECT r.deliveries AS deliveries, r.last_recorded_at AS last_recorded_at, said.*
    FROM (
        SELECT {_SAID} FROM v_events WHERE exam_id IN (SELECT exam_id FROM {_REPEATED})
        UNION ALL
        SELECT {_SAID} FROM v_instances WHERE exam_id IN (SELECT exam_id FROM {_REPEATED})
    ) AS said
    INNER JOIN {_REPEATED} AS r ON r.exam_id = said.exam_id AND r.event_id = said.event_id
    WHERE source_protocol != 'radstream' AND {_SITE} AND {OF_SOURCE}
)"""

BY_SOURCE_DUPLICATES = f"""
SELECT {_BY_SOURCE}, count() AS n_events, sum(deliveries) - count() AS n_copies,
       uniqExact(exam_id) AS n_exams,
       groupUniqArray(10)(event_type) AS event_types, max(last_recorded_at) AS last_at
FROM {DUPLICATES}
{_GROUPED}
"""

CHOICES = f"""
SELECT DISTINCT {_BY_SOURCE}, site
FROM v_events WHERE {_within("recorded_at")} AND source_protocol != 'radstream'
ORDER BY system, facility, protocol, site LIMIT 500
"""
