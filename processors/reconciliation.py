"""Reconciliation: whose images an exam has, and whether its own belong to another exam. Pure.

A pair of exam_ids is reconciled as long as the last that was recorded of it is not its undoing. Then all that
was ever said of its images counts, since an archive's totals only grow.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from processors.facts import Fact

RECONCILED, UNRECONCILED = "ExamReconciled", "ExamUnreconciled"
STEPS = frozenset({RECONCILED, UNRECONCILED})

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What stands for one exam.

    into: the exam that its images belong to; the one that was recorded last.
    images: by the exam_id that they came under, what was said of the images that belong to it.
    unreconciled: it was undone by someone, and nothing was said since.
    """

    into: str | None = None
    images: dict[str, list[Fact]] = field(default_factory=dict)
    unreconciled: bool = False


def reconciliation(exam_id: str, facts: Iterable[Fact]) -> Reconciliation:
    """What `facts` (of `STEPS`, none retracted) come to for `exam_id`.

    An exam that belongs to another has no images of others, so that a circle of them does not grow.
    """
    said: dict[Pair, list[Fact]] = {}
    undone: dict[Pair, int] = {}
    for fact in facts:
        pair = str(fact.attributes["from_exam_id"]), str(fact.attributes["into_exam_id"])
        if exam_id not in pair or pair[0] == pair[1]:
            continue
        if fact.step == RECONCILED:
            said.setdefault(pair, []).append(fact)
        else:
            undone[pair] = max(fact.recorded_us, undone.get(pair, fact.recorded_us))
    held = {pair: max(fact.recorded_us for fact in facts_) for pair, facts_ in said.items()}
    standing = {pair: at for pair, at in held.items() if pair not in undone or at > undone[pair]}
    into = max(((at, pair[1]) for pair, at in standing.items() if pair[0] == exam_id), default=None)
    if into is not None:
        return Reconciliation(into=into[1])
    images = {pair[0]: said[pair] for pair in standing}
    return Reconciliation(images=images, unreconciled=any(pair[0] == exam_id for pair in undone))
