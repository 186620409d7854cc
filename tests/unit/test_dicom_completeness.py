"""When series and studies are complete: by which rule, once, and again after a late image."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from producers.dicom.availability.reading import Availability
from producers.dicom.completeness.completeness import Completeness
from producers.dicom.completeness.events import CompletenessEvents
from producers.dicom.completeness.facts import (
    ArchivedObject,
    AssociationEnded,
    CompletenessConfig,
    CompleteStudy,
    Fact,
    ImageArchived,
    InstancesAvailable,
    ListenerRestarted,
    StepEnded,
    StudyExam,
)
from producers.dicom.completeness.notes import (
    association_note,
    availability_note,
    fact_of_note,
    step_note,
)
from producers.dicom.mapping import EventMaker, MappingConfig
from producers.dicom.mpps.step import PerformedStep, StepExam
from producers.dicom.spool.spool import ASSOCIATION_ENDED, INSTANCES_AVAILABLE, LISTENER_STARTED, STEP_ENDED
from runtime.completeness import completeness_of
from runtime.settings import Settings
from schemas.events import SeriesStored, StudyStored
from schemas.keyring import FileKeyRing
from schemas.parts import Phi
from schemas.phi import open_sealed, seal
from tests.completeness_facts import CT, DOSE, NOON, STUDY, at, brief, image, said, step, uids
from tests.producing import RECORDED_AT, SITE, SITE_KEY, SITE_SECRET


@pytest.fixture
def machine() -> Completeness:
    """One that trusts all rules."""
    return Completeness(CompletenessConfig())


def test_an_associations_end_completes_what_it_brought_once(machine: Completeness) -> None:
    assert said(machine, image(1), image(2), image(1, DOSE)) == []
    complete = said(machine, AssociationEnded("a", NOON))
    assert brief(complete) == [(CT, 2, "association"), (DOSE, 1, "association"), (STUDY, 3, "association")]
    study = complete[-1]
    assert isinstance(study, CompleteStudy)
    assert (study.series_count, study.size_bytes, study.last_at) == (2, 300, NOON)
    assert said(machine, now=at(1000)) == []


def test_a_study_waits_for_every_association_that_brought_it(machine: Completeness) -> None:
    said(machine, image(1, association="a"), image(1, DOSE, association="b"))
    assert brief(said(machine, AssociationEnded("a", NOON))) == [(CT, 1, "association")]
    assert brief(said(machine, AssociationEnded("b", NOON))) == [
        (DOSE, 1, "association"),
        (STUDY, 2, "association"),
    ]


def test_a_restart_of_the_listener_ends_the_associations_before_it(machine: Completeness) -> None:
    said(machine, image(1), image(1, DOSE, association="b"))
    assert brief(said(machine, ListenerRestarted(NOON)))[-1] == (STUDY, 2, "association")


def test_quiet_time_completes_without_an_end(machine: Completeness) -> None:
    said(machine, image(1), image(2, seconds=60))
    assert said(machine, now=at(179)) == []
    assert brief(said(machine, now=at(180))) == [(CT, 2, "quiet"), (STUDY, 2, "quiet")]


def test_what_is_archived_is_quiet_by_the_time_of_the_images_and_not_of_the_archiver(
    machine: Completeness,
) -> None:
    before = machine.latest_at
    said(machine, image(1), image(1, DOSE, seconds=130, study="1.2.4"))
    assert (before, machine.latest_at) == (None, at(130))
    assert brief(said(machine, now=at(130))) == [(CT, 1, "quiet"), (STUDY, 1, "quiet")]


def test_a_step_completes_when_all_that_it_names_is_archived(machine: Completeness) -> None:
    named = {CT: uids(1, 2), DOSE: uids(1, series=DOSE)}
    assert brief(said(machine, step(named), image(1), image(1, DOSE))) == [(DOSE, 1, "mpps")]
    assert brief(said(machine, image(2))) == [(CT, 2, "mpps"), (STUDY, 3, "mpps")]


def test_images_on_their_way_hold_back_the_end_of_an_association_but_not_quiet_time(
    machine: Completeness,
) -> None:
    assert said(machine, image(1), step({CT: uids(1, 2)}), AssociationEnded("a", NOON)) == []
    assert brief(said(machine, now=at(120))) == [(CT, 1, "quiet"), (STUDY, 1, "quiet")]


def test_a_site_that_trusts_associations_more_does_not_wait_for_the_step() -> None:
    machine = Completeness(CompletenessConfig(rules=("association", "mpps")))
    complete = said(machine, image(1), step({CT: uids(1, 2)}), AssociationEnded("a", NOON))
    assert brief(complete) == [(CT, 1, "association"), (STUDY, 1, "association")]


def test_a_step_that_does_not_name_all_that_there_is_leaves_it_to_the_next_rule(
    machine: Completeness,
) -> None:
    assert said(machine, image(1), image(2), image(1, DOSE), step({CT: uids(1)})) == []
    assert brief(said(machine, AssociationEnded("a", NOON)))[-1] == (STUDY, 3, "association")


def test_a_step_of_two_studies_completes_series_and_no_study(machine: Completeness) -> None:
    complete = said(machine, image(1), step({CT: uids(1), DOSE: uids(1)}, STUDY, "1.2.4"))
    assert brief(complete) == [(CT, 1, "mpps")]


def test_availability_completes_and_a_longer_list_completes_again(machine: Completeness) -> None:
    complete = said(machine, image(1), InstancesAvailable(STUDY, {CT: uids(1)}, NOON))
    assert brief(complete) == [(CT, 1, "availability"), (STUDY, 1, "availability")]
    assert said(machine, image(2)) == []
    complete = said(machine, InstancesAvailable(STUDY, {CT: uids(1, 2)}, NOON))
    assert brief(complete) == [(CT, 2, "availability"), (STUDY, 2, "availability")]


def test_a_late_image_reopens_its_series_and_the_study(machine: Completeness) -> None:
    said(machine, image(1), image(1, DOSE), AssociationEnded("a", NOON))
    assert said(machine, image(2, association="b", seconds=500)) == []
    assert brief(said(machine, AssociationEnded("b", at(510)))) == [
        (CT, 2, "association"),
        (STUDY, 3, "association"),
    ]


def test_what_kafka_did_not_take_is_said_again(machine: Completeness) -> None:
    for fact in (image(1), AssociationEnded("a", NOON)):
        machine.told(fact)
    first = machine.complete(NOON)
    assert len(first) == 2
    assert machine.complete(NOON) == first
    machine.told(image(2, association="b"))
    for one in first:
        machine.said(one)  # too late: it has become more
    assert brief(said(machine, AssociationEnded("b", NOON))) == [
        (CT, 2, "association"),
        (STUDY, 2, "association"),
    ]


def test_a_dropped_study_counts_what_the_archive_has_when_an_image_comes_late(machine: Completeness) -> None:
    said(machine, image(1), image(2), AssociationEnded("a", NOON))
    said(machine, now=at(4000))
    assert not machine.knows(STUDY)
    machine.found(STUDY, [ArchivedObject(CT, uid, 100) for uid in uids(1, 2, 3)], at(5000))
    said(machine, image(3, association="b", seconds=5000))
    complete = said(machine, AssociationEnded("b", at(5001)))
    assert brief(complete) == [(CT, 3, "association"), (STUDY, 3, "association")]
    assert [one.size_bytes for one in complete] == [300, 300]


def test_nothing_is_left_of_studies_that_were_said(machine: Completeness) -> None:
    for number in range(50):
        study = f"1.2.{number}"
        said(machine, image(1, study=study, association=study), AssociationEnded(study, NOON))
    said(machine, image(1), step({CT: uids(1, 2)}), now=at(119))
    said(machine, now=at(3 * 3600))
    assert [study["uid"] for study in machine.to_record()["studies"]] == []
    assert machine.to_record()["ended"] == {}


@pytest.mark.parametrize("rules", [(), ("mpps", "mpps"), ("someday",)])
def test_rules_that_are_none_are_refused(rules: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="complete by"):
        CompletenessConfig(rules=rules)


def test_the_settings_name_the_rules_in_the_order_of_trust() -> None:
    config = completeness_of(Settings(dicom_complete_by=" MPPS, quiet", dicom_quiet_s=30))
    assert (config.rules, config.quiet_s) == (("mpps", "quiet"), 30)
    with pytest.raises(ValueError, match="RADSTREAM_DICOM_COMPLETE_BY"):
        completeness_of(Settings(dicom_complete_by="luck"))


ENDED_STEP = PerformedStep(
    sop_instance_uid="1.2.9",
    exams=(StepExam("NORTH|A1", "A1", STUDY), StepExam("NORTH|A2", "A2", STUDY)),
    modality="CT",
    station_ae_title="CT1",
    started_at=NOON,
    status="COMPLETED",
    series={CT: 1},
    images={CT: uids(1)},
)


@pytest.mark.parametrize(
    ("kind", "note", "fact"),
    [
        (ASSOCIATION_ENDED, association_note("a"), AssociationEnded("a", NOON)),
        (LISTENER_STARTED, {}, ListenerRestarted(NOON)),
        (STEP_ENDED, step_note(ENDED_STEP), StepEnded((STUDY,), {CT: uids(1)}, NOON)),
        (
            INSTANCES_AVAILABLE,
            availability_note(Availability(STUDY, {CT: uids(1)})),
            InstancesAvailable(STUDY, {CT: uids(1)}, NOON),
        ),
        ("another", {}, None),
    ],
)
def test_a_note_of_the_spool_says_what_was_noted(
    kind: str, note: dict[str, object], fact: Fact | None
) -> None:
    assert fact_of_note(kind, json.loads(json.dumps(note)), NOON) == fact


def test_the_events_carry_the_exam_and_its_patient_sealed(tmp_path: Path, machine: Completeness) -> None:
    ring = FileKeyRing(tmp_path / "ring", SITE_KEY)
    mapping = MappingConfig(SITE, SITE_SECRET)
    events = CompletenessEvents(EventMaker(mapping, ring), ring)
    sealed = seal(ring, "key", "entry", Phi(patient_name="OKONKWO^AMARA"))
    exam = StudyExam(
        exam_id="NORTH|A1",
        accession_number="A1",
        patient_key="key",
        modality="CT",
        calling_ae_title="CT1",
        phi=sealed,
        phi_bound_to="entry",
        first_at=NOON,
    )
    one = ImageArchived(
        study_instance_uid=STUDY,
        series_instance_uid=CT,
        sop_instance_uid="1",
        size_bytes=100,
        modality="CT",
        association_id="a",
        stored_at=NOON,
        exam=exam,
    )
    series, study = (events.of(x, RECORDED_AT) for x in said(machine, one, AssociationEnded("a", NOON)))
    assert isinstance(series, SeriesStored)
    assert isinstance(study, StudyStored)
    assert (series.modality, series.instance_count, series.completed_by) == ("CT", 1, "association")
    assert (study.series_count, study.size_bytes, study.envelope.exam_id) == (1, 100, "NORTH|A1")
    assert (study.envelope.occurred_at, study.envelope.recorded_at) == (NOON, RECORDED_AT)
    assert study.envelope.phi is not None
    opened = open_sealed(ring, study.envelope.event_id, study.envelope.phi)
    assert opened.patient_name == "OKONKWO^AMARA"
    assert series.envelope.event_id != study.envelope.event_id
    assert "OKONKWO" not in json.dumps(machine.to_record())
