"""ADT: two records become one patient, or two again (HL7 v2.5.1 sections 3.6.2 and 3.3.37, 3.3.40, 3.3.45).

Each is said under the key of both patients, so that whoever follows one of them learns of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from producers.hl7.context import Context, Patient, patient_in
from producers.hl7.exams import Subject
from producers.hl7.order_groups import patient_groups
from producers.hl7.rejections import MissingSegment
from producers.hl7.scope import Scope
from producers.hl7.statements import state
from schemas.events import Event, PatientMerged, PatientUnmerged, PatientUpdated
from schemas.identity import subject_of_patient


def merged(context: Context) -> list[Event]:
    """A40 and its like: the record in MRG goes, the one in PID stays.

    Raises MissingSegment or MissingPatient.
    """
    events: list[Event] = []
    for scope in _pairs(context):
        survivor = patient_in(scope, context.config)
        gone = patient_in(scope, context.config, "prior_patient_id")
        if gone.key == survivor.key:
            scope.trace.silent("same_patient", "MRG-1", "the record that goes is the one that stays")
            continue
        for key in (survivor.key, gone.key):
            subject = Subject(subject_of_patient(key), scope)
            events.append(state(PatientMerged, context, subject, survivor, **_keys(gone, survivor)))
    return events


def unlinked(context: Context) -> list[Event]:
    """A37: the patients of both PIDs are two; the second had been merged into the first.

    Raises MissingSegment or MissingPatient.
    """
    groups = patient_groups(context.message)
    if len(groups) != 2:
        raise MissingSegment("A37 names two patients, in two PID segments", "PID")
    stays, leaves = (patient_in(context.scope(group), context.config) for group in groups)
    return _unmerged(context, context.scope(groups[0]), leaves, stays)


def visits_moved(context: Context) -> list[Event]:
    """A45: visits (MRG-5, PV1-19) leave the patient in MRG-1 for the one in PID.

    That is how a wrong merge is undone, visit by visit: the patient in PID is on its own again. Raises
    MissingSegment, MissingPatient.
    """
    events: list[Event] = []
    known: set[tuple[str, str]] = set()
    for scope in _pairs(context):
        owner = patient_in(scope, context.config)
        other = patient_in(scope, context.config, "prior_patient_id")
        if other.key != owner.key and (owner.key, other.key) not in known:
            known.add((owner.key, other.key))
            events += _unmerged(context, scope, owner, other)
        subject = Subject(subject_of_patient(owner.key), scope)
        events.append(state(PatientUpdated, context, subject, owner))
    return events


def _unmerged(context: Context, scope: Scope, leaves: Patient, stays: Patient) -> list[Event]:
    return [
        state(
            PatientUnmerged,
            context,
            Subject(subject_of_patient(patient.key), scope),
            patient,
            **_keys(leaves, stays),
        )
        for patient in (stays, leaves)
    ]


def _keys(gone: Patient, survivor: Patient) -> Mapping[str, str]:
    return {"merged_patient_key": gone.key, "surviving_patient_key": survivor.key}


def _pairs(context: Context) -> Iterator[Scope]:
    """Each MRG with its PID before it and, where there are several, its own PV1 after it."""
    position = 0
    for group in patient_groups(context.message):
        whole = context.scope(group)
        priors, visits = whole.segments.get("MRG", []), whole.segments.get("PV1", [])
        if not priors:
            raise MissingSegment("no MRG segment", "MRG")
        for index, prior in enumerate(priors):
            scope = whole.with_only("MRG", [prior])
            if len(priors) > 1:
                scope = scope.with_only("PV1", visits[index : index + 1])
            yield replace(scope, position=position)
            position += 1


MERGE_TRIGGERS: Mapping[str, tuple[str, Callable[[Context], list[Event]], tuple[type[Event], ...]]] = {
    "A18": ("records merged (before 2.3.1)", merged, (PatientMerged,)),
    "A30": ("person merged", merged, (PatientMerged,)),
    "A34": ("records merged (before 2.3.1)", merged, (PatientMerged,)),
    "A36": ("records and accounts merged", merged, (PatientMerged,)),
    "A37": ("records unlinked", unlinked, (PatientUnmerged,)),
    "A39": ("person merged", merged, (PatientMerged,)),
    "A40": ("records merged", merged, (PatientMerged,)),
    "A45": ("visits moved", visits_moved, (PatientUnmerged, PatientUpdated)),
    "A47": ("identifier changed", merged, (PatientMerged,)),
}
