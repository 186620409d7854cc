"""What a start knows: what changed in the last day, and the exams as they stand. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from operator import itemgetter

from processors.predictions.exam import ForecastExam
from processors.predictions.examples import Change


def left_open(recent: Iterable[Change]) -> frozenset[str]:
    """Ids of the exams of which something was still to come by what changed lately."""
    last = {exam.exam_id: bool(exam.coming) for _, exam in recent}
    return frozenset(exam_id for exam_id, is_coming in last.items() if is_coming)


def is_needed(exam: ForecastExam, open_lately: Collection[str]) -> bool:
    """Whether an exam that stands so says anything new: years of others would fill the memory."""
    return bool(exam.coming) or exam.exam_id in open_lately


def known_in_order(recent: Sequence[Change], standing: Iterable[Change]) -> list[Change]:
    """All of it in the order in which it became known, as it would have been heard.

    What has stood for days comes first: else all of it would count as of the last hour, which forgets only
    what is older than what it heard before.
    """
    return sorted([*recent, *standing], key=itemgetter(0))
