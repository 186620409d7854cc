"""How many images and series an exam has in the archive, and whether that is all of them. Pure.

An archive's totals only grow: the greatest that was said of a study is right, whatever the clocks say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from processors.facts import Fact
from processors.own_facts import Own

_STEPS = frozenset({"SeriesStored", "ImagesStored", "StudyStored"})
# The counts are 32-bit numbers in the contracts.
_MOST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Images:
    """Series and images in the archive; `expected`: images at which the studies were said to be complete.

    `expected` is None while nobody said so of every study.
    """

    series: int
    present: int
    expected: int | None

    @property
    def is_complete(self) -> bool | None:
        """Whether nothing came after the study was said to be complete; None where that is not known."""
        return None if self.expected is None else self.present <= self.expected


_NONE = Images(0, 0, None)


class _Study:
    """What was said of one study."""

    def __init__(self) -> None:
        self.series = self.images = 0
        self.complete: int | None = None
        self._by_series: dict[object, int] = {}

    def add(self, fact: Fact) -> None:
        images = int(fact.attributes.get("instance_count", 0))
        if fact.step == "SeriesStored":
            key = fact.attributes.get("series")
            self._by_series[key] = max(images, self._by_series.get(key, 0))
            return
        self.series = max(self.series, int(fact.attributes.get("series_count", 0)))
        self.images = max(self.images, images)
        if fact.step == "StudyStored":
            self.complete = max(images, self.complete or 0)

    def totals(self) -> tuple[int, int]:
        """Series and images."""
        return max(self.series, len(self._by_series)), max(self.images, sum(self._by_series.values()))


def images_of(own: Own, reconciled: Mapping[str, Iterable[Fact]]) -> Images:
    """The images that came under the exam's own id, and those that were reconciled with it."""
    said = own.among(_STEPS)
    if not said and not reconciled:
        return _NONE
    studies: dict[object, _Study] = {}
    for fact in said:
        studies.setdefault(fact.attributes.get("study_instance_uid"), _Study()).add(fact)
    for exam_id, facts in reconciled.items():
        study = studies.setdefault(("reconciled", exam_id), _Study())
        for fact in facts:
            study.add(fact)
    totals = [study.totals() for study in studies.values()]
    complete = [study.complete for study in studies.values() if study.complete is not None]
    return Images(
        series=min(sum(series for series, _ in totals), _MOST),
        present=min(sum(images for _, images in totals), _MOST),
        expected=min(sum(complete), _MOST) if studies and len(complete) == len(studies) else None,
    )
