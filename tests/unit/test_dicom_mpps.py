"""Modality Performed Procedure Step over real sockets, with the log inside librdkafka's broker."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from io import BytesIO
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import N_CREATE, N_SET

from producers.dicom.mpps.journal import StepJournal
from producers.dicom.mpps.service import PERFORMED_STEP
from producers.dicom.mpps.step import PerformedStep
from schemas.events import (
    AcquisitionCompleted,
    AcquisitionDiscontinued,
    AcquisitionStarted,
    DoseReported,
)
from schemas.keyring import FileKeyRing
from schemas.phi import open_sealed
from tests.dicom_steps_site import (
    ENDED_AT,
    STARTED_AT,
    STUDY,
    Site,
    associated,
    begun,
    change,
    create,
    ended,
    new_exam,
)
from tests.producing import SITE_KEY, mock_kafka

NO_KAFKA = "127.0.0.1:1"


@pytest.fixture(scope="module")
def kafka() -> Iterator[str]:
    """A broker's address."""
    with mock_kafka() as bootstrap:
        yield bootstrap


@pytest.fixture
def site(tmp_path: Path, kafka: str) -> Site:
    """A site where nothing was performed yet."""
    return Site(tmp_path, FileKeyRing(tmp_path / "ring", SITE_KEY), kafka)


def test_a_step_that_begins_and_ends_is_two_events_of_its_exam(site: Site) -> None:
    uid, accession = generate_uid(), new_exam()
    with associated(site) as association:
        assert create(association, uid, begun(accession)).Status == 0
        assert change(association, uid, ended()).Status == 0
    start, end = site.events(f"NORTH|{accession}")
    assert isinstance(start, AcquisitionStarted)
    assert isinstance(end, AcquisitionCompleted)
    assert (start.envelope.occurred_at, end.envelope.occurred_at) == (STARTED_AT, ENDED_AT)
    assert (start.accession_number, start.study_instance_uid) == (accession, STUDY)
    assert (end.modality, end.station_ae_title, end.envelope.source_message_id) == ("CT", "CT1", uid)
    assert end.envelope.phi is not None
    phi = open_sealed(site.ring, end.envelope.event_id, end.envelope.phi)
    assert (phi.patient_name, phi.patient_id) == ("Müller^Anna", "M4711")


def test_the_same_step_has_the_same_event_ids_and_a_second_creation_is_refused(site: Site) -> None:
    uid, accession = generate_uid(), new_exam()
    with associated(site) as association:
        assert create(association, uid, begun(accession)).Status == 0
        assert create(association, uid, begun(accession)).Status == 0x0111
        (site.steps / f"{uid}.json").unlink()  # as if we had been killed before the step was durable
        assert create(association, uid, begun(accession)).Status == 0
    ids = [event.envelope.event_id for event in site.events(f"NORTH|{accession}")]
    assert (len(ids), len(set(ids))) == (2, 1)


def test_a_final_step_may_no_longer_be_updated_also_after_a_restart(site: Site) -> None:
    uid = generate_uid()
    with associated(site) as association:
        create(association, uid, begun(new_exam()))
        assert change(association, uid, ended("DISCONTINUED")).Status == 0
    with associated(site) as association:
        refused = change(association, uid, ended())
        assert create(association, uid, begun(new_exam())).Status == 0x0111
    assert (refused.Status, refused.ErrorID) == (0x0110, 0xA710)
    assert refused.ErrorComment == "Performed Procedure Step Object may no longer be updated"


def test_a_step_goes_on_after_a_restart_and_the_disk_has_no_name_in_clear(site: Site) -> None:
    uid, accession = generate_uid(), new_exam()
    with associated(site) as association:
        create(association, uid, begun(accession))
    on_disk = b"".join(path.read_bytes() for path in site.steps.iterdir())
    assert accession.encode() in on_disk
    assert not any(secret in on_disk for secret in (b"Anna", b"M4711", b"19700131"))
    with associated(site) as association:
        assert change(association, uid, ended()).Status == 0
    *_, end = site.events(f"NORTH|{accession}")
    assert end.envelope.phi is not None
    assert open_sealed(site.ring, end.envelope.event_id, end.envelope.phi).patient_id == "M4711"


def test_every_accession_of_the_step_has_its_events_once(site: Site) -> None:
    uid, first, second = generate_uid(), new_exam(), new_exam()
    attributes = begun(first, second, first)
    issuer = Dataset()
    issuer.LocalNamespaceEntityID = "SOUTH"
    attributes.ScheduledStepAttributesSequence[1].IssuerOfAccessionNumberSequence = Sequence([issuer])
    with associated(site) as association:
        create(association, uid, attributes)
        change(association, uid, ended())
    events = site.events(f"NORTH|{first}", f"SOUTH|{second}")
    said = [(event.envelope.exam_id, type(event)) for event in events]
    assert sorted(said, key=str) == sorted(set(said), key=str)
    assert len(said) == 4
    assert {kind for _, kind in said} == {AcquisitionStarted, AcquisitionCompleted}


def test_an_unscheduled_step_is_its_studys(site: Site) -> None:
    uid, study = generate_uid(), generate_uid()
    attributes = begun("")
    attributes.ScheduledStepAttributesSequence[0].StudyInstanceUID = study
    with associated(site) as association:
        assert create(association, uid, attributes).Status == 0
    [start] = site.events(f"NORTH|study|{study}")
    assert isinstance(start, AcquisitionStarted)
    assert start.accession_number is None


def test_a_discontinued_step_says_its_reason_and_its_dose(site: Site) -> None:
    uid, accession = generate_uid(), new_exam()
    reason, irradiation = Dataset(), Dataset()
    reason.CodeValue, reason.CodingSchemeDesignator, reason.CodeMeaning = (
        "110514",
        "DCM",
        "Wrong worklist entry",
    )
    irradiation.CTDIvol = 7.25
    changes = ended("DISCONTINUED")
    changes.PerformedProcedureStepDiscontinuationReasonCodeSequence = Sequence([reason])
    changes.ImageAndFluoroscopyAreaDoseProduct = "12.5"
    changes.TotalNumberOfExposures = 3
    in_between = Dataset()
    in_between.ExposureDoseSequence = Sequence([irradiation, Dataset()])
    with associated(site) as association:
        create(association, uid, begun(accession))
        assert change(association, uid, in_between).Status == 0
        assert change(association, uid, changes).Status == 0
    _, end, dose = site.events(f"NORTH|{accession}")
    assert isinstance(end, AcquisitionDiscontinued)
    assert end.reason == "110514^Wrong worklist entry^DCM"
    assert isinstance(dose, DoseReported)
    assert (dose.ctdivol_mgy, dose.dap_gycm2, dose.exposure_count, dose.fluoroscopy_s) == (
        7.25,
        1.25,
        3,
        None,
    )


def without(keyword: str) -> Callable[[Dataset], None]:
    """Takes an attribute away."""
    return lambda step: delattr(step, keyword)


def with_value(keyword: str, value: object) -> Callable[[Dataset], None]:
    """Sets an attribute."""
    return lambda step: setattr(step, keyword, value)


@pytest.mark.parametrize(
    ("spoil", "status"),
    [
        (with_value("PerformedProcedureStepStatus", "COMPLETED"), 0x0106),
        (without("PerformedProcedureStepStatus"), 0x0120),
        (with_value("PerformedStationAETitle", ""), 0x0121),
        (without("ScheduledStepAttributesSequence"), 0x0120),
        (with_value("ScheduledStepAttributesSequence", Sequence()), 0x0121),
        (with_value("ScheduledStepAttributesSequence", Sequence([Dataset()])), 0x0120),
        (with_value("PerformedProcedureStepStartDate", "yesterday"), 0x0106),
        (with_value("TotalNumberOfExposures", None), 0x0000),
        (with_value("ImageAndFluoroscopyAreaDoseProduct", "-1"), 0x0106),
    ],
)
def test_an_attribute_list_that_is_wrong_is_refused_by_its_fault(
    site: Site, spoil: Callable[[Dataset], None], status: int
) -> None:
    uid, attributes = generate_uid(), begun(new_exam())
    spoil(attributes)
    with associated(site) as association:
        assert create(association, uid, attributes).Status == status
        assert change(association, uid, ended()).Status == (0 if status == 0 else 0x0112)


@pytest.mark.parametrize(
    ("spoil", "status"),
    [
        (with_value("PerformedProcedureStepStatus", "DONE"), 0x0106),
        (without("PerformedProcedureStepEndTime"), 0x0120),
        (with_value("PerformedProcedureStepEndDate", "20200101"), 0x0106),
    ],
)
def test_a_wrong_change_leaves_the_step_in_progress(
    site: Site, spoil: Callable[[Dataset], None], status: int
) -> None:
    uid, changes = generate_uid(), ended()
    spoil(changes)
    with associated(site) as association:
        create(association, uid, begun(new_exam()))
        assert change(association, uid, changes).Status == status
        assert change(association, uid, ended()).Status == 0


def test_without_kafka_nothing_is_acknowledged_and_the_step_can_be_sent_again(site: Site) -> None:
    uid, accession = generate_uid(), new_exam()
    with associated(site, NO_KAFKA) as association:
        assert create(association, uid, begun(accession)).Status == 0x0213
    with associated(site) as association:
        assert create(association, uid, begun(accession)).Status == 0
    with associated(site, NO_KAFKA) as association:
        assert change(association, uid, ended()).Status == 0x0213
    with associated(site) as association:
        assert change(association, uid, ended()).Status == 0
    assert [type(event) for event in site.events(f"NORTH|{accession}")] == [
        AcquisitionStarted,
        AcquisitionCompleted,
    ]


@pytest.mark.parametrize(
    "damaged",
    [b"\x40\x00\x52\x02\xff\x00\x00\x00M", b"\x01", b"\x40\x00\x70\x02\xff\xff\xff\xffgarbage!", None],
)
def test_an_unreadable_attribute_list_is_answered_and_the_association_goes_on(
    site: Site, damaged: bytes | None
) -> None:
    uid = generate_uid()
    with associated(site) as association:
        assert raw_create(association, uid, damaged) in {0x0110, 0x0120}
        assert create(association, uid, begun(new_exam())).Status == 0
        assert raw_set(association, uid, b"\x40\x00\x52\x02\xff\x00\x00\x00M") == 0x0110
        assert change(association, uid, ended()).Status == 0


def raw_create(association: Association, uid: str, attributes: bytes | None) -> int:
    """The status to an attribute list that is sent as it is."""
    request = N_CREATE()
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = PERFORMED_STEP, uid
    if attributes is not None:
        request.AttributeList = BytesIO(attributes)
    return exchanged(association, request)


def raw_set(association: Association, uid: str, changes: bytes) -> int:
    """The same for changes."""
    request = N_SET()
    request.RequestedSOPClassUID, request.RequestedSOPInstanceUID = PERFORMED_STEP, uid
    request.ModificationList = BytesIO(changes)
    return exchanged(association, request)


def exchanged(association: Association, request: N_CREATE | N_SET) -> int:
    """The status of the answer."""
    request.MessageID = 5
    context = association.accepted_contexts[0].context_id
    assert context is not None
    association._reactor_checkpoint.clear()
    try:
        association.dimse.send_msg(request, context)
        _, answer = association.dimse.get_msg(block=True)
    finally:
        association._reactor_checkpoint.set()
    assert isinstance(answer, N_CREATE | N_SET)
    assert answer.Status is not None
    return answer.Status


def test_a_damaged_file_is_set_aside_and_old_steps_are_forgotten(site: Site) -> None:
    damaged, final, going_on = generate_uid(), generate_uid(), generate_uid()
    with associated(site) as association:
        for uid in (damaged, final, going_on):
            create(association, uid, begun(new_exam()))
        change(association, final, ended())
        (site.steps / f"{damaged}.json").write_text("{")
        assert change(association, damaged, ended()).Status == 0x0112
    assert (site.steps / f"{damaged}.damaged").exists()
    eight_days_ago_s = time.time() - 8 * 24 * 3600
    for path in site.steps.iterdir():
        os.utime(path, (eight_days_ago_s, eight_days_ago_s))
    journal = StepJournal(site.steps)
    assert journal.read(final) is None
    assert journal.read(going_on) is not None


def test_the_series_of_a_step_are_kept_for_its_completeness(site: Site) -> None:
    uid = generate_uid()
    with associated(site) as association:
        create(association, uid, begun(new_exam()))
        change(association, uid, deepcopy(ended()))
    known = StepJournal(site.steps).read(uid)
    assert known is not None
    assert known.step.series == {f"{STUDY}.1": 2}


def test_the_end_of_a_step_is_noted_with_the_images_that_it_names(site: Site) -> None:
    uid, steps = generate_uid(), list[PerformedStep]()
    changes = ended()
    other = Dataset()
    other.SeriesInstanceUID = f"{STUDY}.2"
    other.ReferencedNonImageCompositeSOPInstanceSequence = Sequence([Dataset(), Dataset()])
    other.ReferencedNonImageCompositeSOPInstanceSequence[0].ReferencedSOPInstanceUID = f"{STUDY}.2.1"
    changes.PerformedSeriesSequence.append(other)
    with associated(site, ended_step=steps.append) as association:
        create(association, uid, begun(new_exam()))
        assert steps == []
        assert change(association, uid, changes).Status == 0x0000
    assert [step.images for step in steps] == [{f"{STUDY}.1": (), f"{STUDY}.2": (f"{STUDY}.2.1",)}]


def test_a_step_whose_end_cannot_be_noted_is_sent_again(site: Site) -> None:
    uid, exam = generate_uid(), new_exam()

    def full(_step: PerformedStep) -> None:
        raise OSError("no space")

    with associated(site, ended_step=full) as association:
        create(association, uid, begun(exam))
        assert change(association, uid, ended()).Status == 0x0213
    with associated(site) as association:
        assert change(association, uid, ended()).Status == 0x0000
