"""What was seen at each look, and what follows from looks that follow one another. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from dashboards.health.report import PartitionLag, Rate

Place = tuple[str, int]
"""Topic and partition."""

_RATE_OVER_S = 30.0
_USUAL_PATIENCE_S = 30.0
# The archive gathers a file for five minutes.
_PATIENCE_S = {"archive": 900.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look. at_s: monotonic.

    ends: End of each partition. committed: By group and place, where it goes on. counts: By name, what only
        grows while its process lives. Each is empty where it could not be asked.
    """

    at_s: float
    ends: Mapping[Place, int] = field(default_factory=dict)
    committed: Mapping[tuple[str, Place], int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


def lags(looks: Sequence[Look], consumed: Mapping[str, tuple[str, Sequence[str]]]) -> list[PartitionLag]:
    """How far each part's group is behind; of the last look that Kafka answered.

    `consumed`: by part its group and topics.
    """
    answered = [look for look in looks if look.ends]
    if not answered:
        return []
    last = answered[-1]
    return [
        _lag(answered, part, group, place)
        for part, (group, topics) in consumed.items()
        for place in sorted(last.ends)
        if place[0] in topics
    ]


def _lag(answered: Sequence[Look], part: str, group: str, place: Place) -> PartitionLag:
    last = answered[-1]
    committed = last.committed.get((group, place))
    lag = max(0, last.ends[place] - (committed or 0))
    # The oldest message that waits was there at the first look whose end lay beyond it.
    seen = (look.at_s for look in answered if look.ends.get(place, 0) > (committed or 0))
    return PartitionLag(
        part=part,
        group=group,
        topic=place[0],
        partition=place[1],
        committed=committed,
        end=last.ends[place],
        lag=lag,
        waiting_s=round(last.at_s - next(seen, last.at_s), 1) if lag else 0.0,
        patience_s=_PATIENCE_S.get(part, _USUAL_PATIENCE_S),
    )


def rate(looks: Sequence[Look], name: str, label: str, meaning: str) -> Rate:
    """How fast the count `name` grows. A process that was started again begins at nothing."""
    steps = [_step(earlier, later, name) for earlier, later in pairwise(looks)]
    lately = [
        step
        for step, later in zip(steps, looks[1:], strict=True)
        if step is not None and looks[-1].at_s - later.at_s < _RATE_OVER_S
    ]
    took_s = sum(took for _, took in lately)
    known = [look.counts[name] for look in looks if name in look.counts]
    return Rate(
        name=name,
        label=label,
        meaning=meaning,
        per_s=round(sum(grown for grown, _ in lately) / took_s, 2) if took_s else None,
        total=known[-1] if known else 0,
        series=tuple(None if step is None else round(step[0] / step[1], 2) for step in steps),
    )


def _step(earlier: Look, later: Look, name: str) -> tuple[int, float] | None:
    took_s = later.at_s - earlier.at_s
    if name not in earlier.counts or name not in later.counts or took_s <= 0:
        return None
    grown = later.counts[name] - earlier.counts[name]
    return (grown if grown >= 0 else later.counts[name]), took_s
