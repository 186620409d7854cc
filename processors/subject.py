"""The patient of an exam: who it is by its facts, and whether they agree. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from processors.facts import Fact
from processors.own_facts import Own
from processors.patients import DERIVED_STEPS, ERASED, IMAGE_STEPS, MISMATCH, Persons, merges_said

_NAMELESS = IMAGE_STEPS | DERIVED_STEPS
Reconciled = Mapping[str, Sequence[Fact]]


@dataclass(slots=True)
class Subject:
    """Of whom an exam is.

    persons: which keys are one person.
    patient_key: the order's patient, else the images'; of a merged one the record that stays.
    is_accession_reused: orders, visits and reports name two persons.
    mismatch: the images name another person than the order.
    erased_us: when the keys of one of the exam's patients were destroyed, microseconds since the epoch.
    """

    persons: Persons
    patient_key: str | None
    is_accession_reused: bool
    mismatch: bool
    erased_us: int | None


def subject_of(own: Own, reconciled: Reconciled, of_patients: Sequence[Fact]) -> Subject:
    """By the exam's own facts, the images `reconciled` with it, and what is said `of_patients`."""
    persons = Persons(merges_said(of_patients)) if of_patients else _NOBODY_MERGED
    named, imaged = _keys(own)
    order = _order_key(own, named)
    own_imaged = set(imaged)
    imaged.update(_reconciled_keys(reconciled))
    key = _last_imaged(own, reconciled) if order is None else order
    return Subject(
        persons,
        None if key is None else persons.survivor(key),
        len(named) > 1 and len(persons.of(named)) > 1,
        _contradicted(own, persons) or (order is not None and not persons.of(imaged) <= persons.of([order])),
        # Only of what came under this exam_id: how the patient of others is called depends on the day.
        _erased_us(of_patients, named | own_imaged) if of_patients else None,
    )


_NOBODY_MERGED = Persons(())


def _keys(own: Own) -> tuple[set[str], set[str]]:
    """The patients of orders, visits and reports, and those of the images."""
    named: set[str | None] = set()
    imaged: set[str | None] = set()
    for fact in own.said:
        if fact.step in IMAGE_STEPS:
            imaged.add(fact.patient_key)
        elif fact.step not in DERIVED_STEPS:
            named.add(fact.patient_key)
    return {key for key in named if key}, {key for key in imaged if key}


def _order_key(own: Own, named: set[str]) -> str | None:
    """The first order's patient; where there is no order, of what was said first about the exam."""
    if len(named) < 2:
        return next(iter(named), None)
    said = [fact for fact in own.said if fact.patient_key and fact.step not in _NAMELESS]
    return next((fact for fact in said if fact.step == "OrderPlaced"), said[0]).patient_key


def _reconciled_keys(reconciled: Reconciled) -> Iterable[str]:
    for facts in reconciled.values():
        for fact in facts:
            if "images_patient_key" in fact.attributes:
                yield str(fact.attributes["images_patient_key"])


def _last_imaged(own: Own, reconciled: Reconciled) -> str | None:
    """The patient whom the images named last."""
    said = [
        (fact.occurred_us, fact.event_id, fact.patient_key)
        for fact in own.said
        if fact.patient_key and fact.step in IMAGE_STEPS
    ]
    said += [
        (fact.occurred_us, "", str(fact.attributes["images_patient_key"]))
        for facts in reconciled.values()
        for fact in facts
        if "images_patient_key" in fact.attributes
    ]
    return max(said)[2] if said else None


def _contradicted(own: Own, persons: Persons) -> bool:
    """Whether someone found that images and order name two patients, and no merge explains it."""
    for fact in own.of(MISMATCH):
        if fact.attributes.get("attribute") == "patient":
            keys = fact.attributes.get("expected_patient_key"), fact.attributes.get("found_patient_key")
            if None in keys or len(persons.of(map(str, keys))) > 1:
                return True
    return False


def _erased_us(of_patients: Sequence[Fact], keys: set[str]) -> int | None:
    """When the keys of one of the patients `keys` were destroyed; the first that was."""
    return min(
        (fact.occurred_us for fact in of_patients if fact.step == ERASED and fact.patient_key in keys),
        default=None,
    )
