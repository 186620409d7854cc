"""The answers to the questions of docs/analytics.md, from what happened: no SQL, no fold."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests import quarter_operations, quarter_quality, quarter_research
from tests.quarter_measures import Row
from tests.quarter_story import Quarter

ANSWERS: Mapping[str, Callable[[Quarter], list[Row]]] = {
    answer.__name__: answer
    for answer in (
        quarter_operations.report_turnaround_by_month,
        quarter_operations.emergency_ct_against_target,
        quarter_operations.share_within_target,
        quarter_operations.outpatient_waits_by_weekday,
        quarter_operations.scanner_utilisation,
        quarter_operations.idle_gaps,
        quarter_operations.unread_backlog_by_hour,
        quarter_quality.stat_share_by_month,
        quarter_quality.critical_results_in_time,
        quarter_quality.report_changes,
        quarter_quality.late_and_repeated,
        quarter_quality.missed_and_cancelled,
        quarter_research.images_per_exam,
        quarter_research.readers,
        quarter_research.night_against_day,
        quarter_research.first_image_to_opened,
        quarter_research.delays_by_code,
        quarter_research.clock_faults_by_scanner,
        quarter_research.unmatched_and_reconciled,
        quarter_research.alerts_by_interval,
    )
}
