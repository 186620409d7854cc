"""The images: valid DICOM with real pixels and the exam's own identity."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from itertools import islice

import pytest
from pydicom import dcmread, dcmwrite
from pydicom.uid import UID

from producers.simulator.department_file import load_department
from producers.simulator.dicom_sender import wire_digest
from producers.simulator.exam import SimulatedExam, Step
from producers.simulator.identities import PlanIdentity
from producers.simulator.images import images_of, sop_classes
from producers.simulator.plan import DepartmentPlan, bounded_department

DEPARTMENT = bounded_department(load_department(), 100)


def exam_of(modality: str) -> SimulatedExam:
    opened_at = datetime(2026, 1, 5, 6, tzinfo=UTC)
    plan = DepartmentPlan(DEPARTMENT, PlanIdentity(1, "GENERAL", "r"), opened_at)
    return next(exam for exam in islice(plan.exams(), 200) if exam.modality == modality)


@pytest.mark.parametrize("modality", ["CR", "US", "CT", "MR"])
@pytest.mark.parametrize("is_full_size", [False, True])
def test_an_image_survives_a_file_with_the_exams_identity(modality: str, *, is_full_size: bool) -> None:
    exam = exam_of(modality)
    images = images_of(exam, is_full_size=is_full_size)
    assert [str(image.SOPInstanceUID) for image in images] == list(exam.instance_uids)
    for number, image in enumerate(images, start=1):
        file = BytesIO()
        dcmwrite(file, image, enforce_file_format=True)
        file.seek(0)
        read = dcmread(file)
        assert read.file_meta.MediaStorageSOPInstanceUID == read.SOPInstanceUID
        assert read.file_meta.MediaStorageSOPClassUID == read.SOPClassUID
        assert read.SOPClassUID in sop_classes()
        assert (read.StudyInstanceUID, read.SeriesInstanceUID) == (exam.study_uid, exam.series_uid)
        assert (read.AccessionNumber, read.PatientID) == (exam.accession_number, exam.patient.mrn)
        assert str(read.PatientName) == f"{exam.patient.family_name}^{exam.patient.given_name}"
        assert (read.Modality, read.InstanceNumber) == (modality, number)
        assert UID(read.SOPInstanceUID).is_valid
        samples = read.Rows * read.Columns * read.SamplesPerPixel * read.BitsAllocated // 8
        assert len(read.PixelData) == samples
        assert len(set(read.PixelData)) > 20


def test_image_times_are_the_acquisitions_own() -> None:
    exam = exam_of("CT")
    started_at = exam.at(Step.STARTED)
    assert started_at is not None
    image = images_of(exam)[0]
    told = datetime.strptime(
        f"{image.AcquisitionDate}{image.AcquisitionTime}{image.TimezoneOffsetFromUTC}", "%Y%m%d%H%M%S%z"
    )
    assert told == started_at


def test_nothing_of_the_test_files_own_patient_is_left() -> None:
    for modality in ("CR", "US", "CT", "MR"):
        image = images_of(exam_of(modality))[0]
        assert "CompressedSamples" not in str(image)
        assert not [element for element in image if element.tag.is_private]


def test_the_same_exam_gives_the_same_images() -> None:
    exam = exam_of("US")
    assert [wire_digest(image) for image in images_of(exam)] == [
        wire_digest(image) for image in images_of(exam)
    ]


def test_one_images_identity_does_not_leak_into_the_next() -> None:
    first, second = images_of(exam_of("CT")), images_of(exam_of("MR"))
    assert first[0].ImagePositionPatient != first[1].ImagePositionPatient
    assert len({str(image.SOPInstanceUID) for image in (*first, *second)}) == len(first) + len(second)
