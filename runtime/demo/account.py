"""The accounting: what was acknowledged to the department against what the stores hold. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What the pipeline said yes to, by the department's own ledger."""

    exam_ids: frozenset[str] = frozenset()
    control_ids: frozenset[str] = frozenset()
    instances: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Observed:
    """What is there, of this run.

    logged: event id -> source message id, of every distinct event in Kafka.
    deliveries: messages in Kafka that carry them; more than events where something was sent again.
    analysed: event id -> rows in ClickHouse.
    worklist: exam_id -> the stages of its rows.
    objects: SOP Instance UID -> objects in the store.
    """

    logged: Mapping[str, str] = field(default_factory=dict)
    deliveries: int = 0
    analysed: Mapping[str, int] = field(default_factory=dict)
    worklist: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    objects: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Account:
    """The difference, item by item; nothing in it means that all is well."""

    messages_without_event: frozenset[str]
    events_not_analysed: frozenset[str]
    images_without_event: frozenset[str]
    images_not_stored: frozenset[str]
    exams_missing: frozenset[str]
    exams_not_final: frozenset[str]
    doubled: frozenset[str]

    @property
    def lost(self) -> int:
        """What was acknowledged and is not where it ought to be."""
        return sum(
            len(missing)
            for missing in (
                self.messages_without_event,
                self.events_not_analysed,
                self.images_without_event,
                self.images_not_stored,
                self.exams_missing,
            )
        )

    @property
    def duplicated(self) -> int:
        """What is there more than once."""
        return len(self.doubled)

    @property
    def complete(self) -> bool:
        """Nothing lost, nothing doubled, every exam at its final report."""
        return not (self.lost or self.doubled or self.exams_not_final)


def account(acknowledged: Acknowledged, observed: Observed) -> Account:
    """Compare what was acknowledged with what is there."""
    said = frozenset(observed.logged.values())
    final = {exam_id for exam_id, stages in observed.worklist.items() if stages and set(stages) == {"final"}}
    doubled = {
        *(event_id for event_id, rows in observed.analysed.items() if rows > 1),
        *(exam_id for exam_id, stages in observed.worklist.items() if len(stages) > 1),
        *(uid for uid, count in observed.objects.items() if count > 1),
        # An event of no acknowledged image is one that was invented, or stored under a second identity.
        *(f"object {uid}" for uid in observed.objects.keys() - acknowledged.instances),
    }
    return Account(
        messages_without_event=acknowledged.control_ids - said,
        events_not_analysed=frozenset(observed.logged.keys() - observed.analysed.keys()),
        images_without_event=acknowledged.instances - said,
        images_not_stored=acknowledged.instances - observed.objects.keys(),
        exams_missing=acknowledged.exam_ids - observed.worklist.keys(),
        exams_not_final=acknowledged.exam_ids - final,
        doubled=frozenset(doubled),
    )
