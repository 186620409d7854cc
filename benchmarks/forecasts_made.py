"""Forecasts as if they had been made: of every milestone, each quarter of an hour, by ClickHouse itself."""

from __future__ import annotations


def forecasts_made(spans: str) -> str:
    """The statement that inserts them.

    spans: a SELECT of `exam_id`, `first_at`, when the exam is first forecast, and `last_at`, of each exam.
    """
    return f"""
INSERT INTO predictions (exam_id, milestone, made_at, site, p10_at, p50_at, p90_at, breach_probability,
                         reasons, model, version)
SELECT exam_id, milestone, made_at, 'GENERAL', addMinutes(made_at, 20), addMinutes(made_at, 40),
       addMinutes(made_at, 90), 0.1, ['unread_ahead', 'hour'], '20260101T000000Z-0123abcd', 0
FROM (
    SELECT exam_id, intDiv(dateDiff('minute', first_at, last_at), 15) AS quarters,
           arrayMap(n -> addMinutes(first_at, 15 * n), range(1 + quarters)) AS instants
    FROM ({spans})
)
ARRAY JOIN instants AS made_at
CROSS JOIN (SELECT arrayJoin(['started', 'study_stored', 'preliminary', 'final']) AS milestone) AS milestones
"""  # noqa: S608 - the benchmarks' own texts
