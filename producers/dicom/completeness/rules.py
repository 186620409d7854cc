"""By which rule a series or a study is complete: pure functions of what is known of it.

A claim (mpps, availability) is met where the archive has exactly the images that it names: with less, some
are on their way; with more, those who made it do not know all, and the next rule is asked. A rule that still
waits for images holds back the ones that are trusted less; only quiet time waits for nobody.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from producers.dicom.completeness.facts import ASSOCIATION, QUIET, CompletenessConfig
from producers.dicom.completeness.study import Series, Study


class _Verdict(Enum):
    MET = "met"
    WAITS = "waits"
    SILENT = "silent"


def study_completed_by(study: Study, config: CompletenessConfig, now: datetime) -> str | None:
    """The rule that completes it, None as long as it is open."""
    if not study.exams:
        return None
    verdicts = {rule: _of_study(study, rule) for rule in config.rules if rule != QUIET}
    return _completed_by(verdicts, config, study.last_at, now)


def series_completed_by(
    study: Study, series_instance_uid: str, config: CompletenessConfig, now: datetime
) -> str | None:
    """The rule that completes a series of it, None as long as it is open."""
    series = study.series[series_instance_uid]
    verdicts = {
        rule: _of_series(study, series_instance_uid, series, rule) for rule in config.rules if rule != QUIET
    }
    return _completed_by(verdicts, config, series.last_at, now)


def _completed_by(
    verdicts: dict[str, _Verdict], config: CompletenessConfig, last_at: datetime | None, now: datetime
) -> str | None:
    is_held_back = False
    for rule in config.rules:
        if rule == QUIET:
            if last_at is not None and now - last_at >= timedelta(seconds=config.quiet_s):
                return QUIET
        elif verdicts[rule] is _Verdict.MET and not is_held_back:
            return rule
        else:
            is_held_back = is_held_back or verdicts[rule] is _Verdict.WAITS
    return None


def _of_study(study: Study, rule: str) -> _Verdict:
    if rule == ASSOCIATION:
        return _of_associations(*study.series.values())
    claim = study.claims.get(rule)
    if claim is None or not claim.named or not claim.is_of_study:
        return _Verdict.SILENT
    empty = Series()
    if any(not study.series.get(uid, empty).has_all(named) for uid, named in claim.named.items()):
        return _Verdict.WAITS
    is_exact = all(series.has_exactly(claim.named.get(uid, ())) for uid, series in study.series.items())
    return _Verdict.MET if is_exact else _Verdict.SILENT


def _of_series(study: Study, series_instance_uid: str, series: Series, rule: str) -> _Verdict:
    if rule == ASSOCIATION:
        return _of_associations(series)
    claim = study.claims.get(rule)
    named = claim.named.get(series_instance_uid) if claim is not None else None
    if not named:
        return _Verdict.SILENT
    if series.has_exactly(named):
        return _Verdict.MET
    return _Verdict.SILENT if series.has_all(named) else _Verdict.WAITS


def _of_associations(*all_series: Series) -> _Verdict:
    if any(series.open for series in all_series):
        return _Verdict.WAITS
    return _Verdict.MET if any(series.brought_by_ended for series in all_series) else _Verdict.SILENT


def quiet_at(study: Study, config: CompletenessConfig, now: datetime) -> datetime | None:
    """When quiet time next completes something that was not said; None where it does not."""
    if QUIET not in config.rules:
        return None
    last = [series.last_at for series in study.series.values() if not series.said_to]
    last += [] if study.is_said else [study.last_at]
    quiet = timedelta(seconds=config.quiet_s)
    return min((at + quiet for at in last if at is not None and at + quiet > now), default=None)
