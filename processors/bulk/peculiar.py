"""Exams of which not everything is plain: what follows from their facts is left to the fold itself."""

from __future__ import annotations

import numpy as np

from processors.bulk.columns import ABSENT, FactColumns, Flags, Numbers
from processors.bulk.steps import (
    COUNTS_IMAGES,
    IS_CANCELLING,
    IS_GOING_ON,
    IS_OF_IMAGES,
    IS_PECULIAR,
    SERIES_STORED,
    STUDY_STORED,
)
from processors.clock_bounds import ClockBounds

_NEVER = np.iinfo(np.int64).min
_MOST_EXACT = 2**53
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # odd, its bits everywhere (Knuth's multiplicative hashing)


def peculiar_exams(facts: FactColumns, bounds: ClockBounds) -> Flags:
    """By exam, whether its row has to be made by the fold. Plain exams may be among them, never the reverse.

    A correction, an identity that was decided, a withdrawn report or appointment, an event that was
    delivered twice, a clock that cannot be right, two patients, an exam that goes on after it was cancelled,
    images that came after the study was said to be complete.
    """
    ahead_us = facts.occurred_us - facts.recorded_us
    rows = facts.corrects | IS_PECULIAR[facts.steps] | _repeated(facts)
    rows |= (ahead_us > bounds.ahead_us) | (-ahead_us > bounds.behind_us)
    found = np.zeros(len(facts.exam_ids), bool)
    found[facts.exams[rows]] = True
    found[facts.exams[_nameless(facts)]] = True
    found[_of_two(facts, "patient_key", ~IS_OF_IMAGES[facts.steps])] = True
    return found | _too_long(facts) | _goes_on(facts) | _images_may_be_late(facts)


def last_said(facts: FactColumns, rows: Flags) -> Numbers:
    """By exam, when the last of the facts `rows` happened; far in the past where there is none."""
    last_us = np.full(len(facts.exam_ids), _NEVER)
    last_us[facts.exams[rows]] = facts.occurred_us[rows]  # in their order: the last one stays
    return last_us


def _repeated(facts: FactColumns) -> Flags:
    """Whether there is another event of the exam whose id begins alike."""
    of_exam = facts.ids ^ (facts.exams.astype(np.uint64) * _SPREAD)  # of two exams it may be alike by chance
    ordered = np.sort(of_exam)
    again = ordered[1:][ordered[1:] == ordered[:-1]]
    return np.isin(of_exam, again) if again.size else np.zeros(len(of_exam), bool)


def _nameless(facts: FactColumns) -> Flags:
    """Whether its patient has a key that is no key."""
    keys = facts.texts["patient_key"]
    return np.equal(keys.codes, keys.code_of(""))


def _too_long(facts: FactColumns) -> Flags:
    """Whether centuries lie between two events: seconds are exact as doubles below that."""
    first_us = np.zeros(len(facts.exam_ids), np.int64)
    first_us[facts.exams[::-1]] = facts.occurred_us[::-1]
    last_us = np.zeros(len(facts.exam_ids), np.int64)
    last_us[facts.exams] = facts.occurred_us
    too_long: Flags = last_us - first_us > _MOST_EXACT
    return too_long


def _of_two(facts: FactColumns, name: str, among: Flags) -> Numbers:
    """Exams of which the facts `among` say two different texts."""
    codes = facts.texts[name].codes
    rows = among & (codes != ABSENT)
    exams, said = facts.exams[rows], codes[rows]
    one = np.full(len(facts.exam_ids), ABSENT, np.int32)
    one[exams] = said
    differing: Numbers = exams[one[exams] != said]
    return differing


def _goes_on(facts: FactColumns) -> Flags:
    """Cancelled or broken off, and not all of the visit lies before that."""
    cancelled_us = last_said(facts, IS_CANCELLING[facts.steps])
    went_on: Flags = last_said(facts, IS_GOING_ON[facts.steps]) >= cancelled_us
    return went_on & np.not_equal(cancelled_us, _NEVER)


def _images_may_be_late(facts: FactColumns) -> Flags:
    """Said to be complete, and not plainly one study of which no more images came than were said then."""
    count = len(facts.exam_ids)
    rows = COUNTS_IMAGES[facts.steps]
    exams, steps, images = facts.exams[rows], facts.steps[rows], facts.instance_counts[rows]
    of_series, is_whole = steps == SERIES_STORED, steps == STUDY_STORED
    whole = np.full(count, ABSENT, np.int64)
    np.maximum.at(whole, exams[is_whole], images[is_whole])
    most = np.zeros(count, np.int64)
    np.maximum.at(most, exams[~of_series], images[~of_series])
    in_series = np.zeros(count, np.int64)
    np.add.at(in_series, exams[of_series], images[of_series])
    studies = facts.texts["study_instance_uid"].codes[rows]
    one = np.full(count, ABSENT, np.int32)
    one[exams] = studies
    late: Flags = (in_series > whole) | (most > whole)
    late[exams[one[exams] != studies]] = True
    return late & np.not_equal(whole, ABSENT)
