"""Instance Availability Notification over real sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydicom.config import IGNORE
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid
from pynetdicom import AE
from pynetdicom.association import Association

from producers.dicom.associations.checkpoint import PAUSES_FOR_SENDERS
from producers.dicom.associations.libraries import configure_libraries
from producers.dicom.associations.server import StorageServer
from producers.dicom.availability.reading import Availability
from producers.dicom.availability.service import INSTANCE_AVAILABILITY, AvailabilityService
from tests.unit.test_dicom_server import config

STUDY, SERIES, CT_IMAGE = "1.2.3", "1.2.3.1", "1.2.840.10008.5.1.4.1.1.2"


@contextmanager
def associated(directory: Path, notified: Callable[[Availability], None]) -> Iterator[Association]:
    """An association with a listener that begins and ends here."""
    configure_libraries()
    service = AvailabilityService(notified)
    server = StorageServer(config(directory), lambda _s, _r: 0, lambda _s: None, services=[service])
    server.start()
    entity = AE(ae_title="PACS")
    entity.add_requested_context(INSTANCE_AVAILABILITY)
    association = entity.associate("127.0.0.1", server.port, evt_handlers=[PAUSES_FOR_SENDERS])
    try:
        assert association.is_established
        yield association
    finally:
        association.release()
        server.stop(1.0)


def instance(uid: str, availability: str = "ONLINE") -> Dataset:
    """An item of Referenced SOP Sequence."""
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CT_IMAGE, uid
    item.InstanceAvailability, item.RetrieveAETitle = availability, "PACS"
    return item


def notification(*instances: Dataset) -> Dataset:
    """Of one series."""
    series = Dataset()
    series.SeriesInstanceUID = SERIES
    series.ReferencedSOPSequence = Sequence(instances)
    attributes = Dataset()
    attributes.ReferencedPerformedProcedureStepSequence = Sequence()
    attributes.StudyInstanceUID = STUDY
    attributes.ReferencedSeriesSequence = Sequence([series])
    return attributes


def test_a_notification_is_durable_before_its_success_and_may_come_again(tmp_path: Path) -> None:
    taken: list[Availability] = []
    attributes = notification(
        instance("1.1"),
        instance("1.2", "NEARLINE"),
        instance("1.3", "OFFLINE"),
        instance("1.4", "UNAVAILABLE"),
    )
    with associated(tmp_path, taken.append) as association:
        uid = generate_uid()
        for _ in range(2):
            assert association.send_n_create(attributes, INSTANCE_AVAILABILITY, uid)[0].Status == 0x0000
    assert taken == [Availability(STUDY, {SERIES: ("1.1", "1.2", "1.3")})] * 2


def test_a_notification_without_uid_gets_one(tmp_path: Path) -> None:
    taken: list[Availability] = []
    with associated(tmp_path, taken.append) as association:
        status, _ = association.send_n_create(notification(instance("1.1")), INSTANCE_AVAILABILITY)
    assert (status.Status, len(taken)) == (0x0000, 1)


def without(keyword: str) -> Dataset:
    """A notification that lacks it."""
    attributes = notification(instance("1.1"))
    for data_set in (attributes, _series(attributes), _instance(attributes)):
        if keyword in data_set:
            delattr(data_set, keyword)
    return attributes


def with_value(keyword: str, value: object) -> Dataset:
    """A notification that has another value there."""
    attributes = notification(instance("1.1"))
    for data_set in (attributes, _series(attributes), _instance(attributes)):
        if keyword in data_set:
            known = data_set[keyword]
            data_set[keyword] = DataElement(known.tag, known.VR, value, validation_mode=IGNORE)
    return attributes


def _series(attributes: Dataset) -> Dataset:
    series: Dataset = attributes.get("ReferencedSeriesSequence", [Dataset()])[0]
    return series


def _instance(attributes: Dataset) -> Dataset:
    found: Dataset = _series(attributes).get("ReferencedSOPSequence", [Dataset()])[0]
    return found


@pytest.mark.parametrize(
    ("attributes", "status", "names"),
    [
        (without("ReferencedPerformedProcedureStepSequence"), 0x0120, "ReferencedPerformedProcedureStep"),
        (without("StudyInstanceUID"), 0x0120, "StudyInstanceUID"),
        (without("ReferencedSeriesSequence"), 0x0120, "ReferencedSeriesSequence"),
        (without("ReferencedSOPSequence"), 0x0120, "ReferencedSOPSequence"),
        (without("InstanceAvailability"), 0x0120, "InstanceAvailability"),
        (with_value("StudyInstanceUID", ""), 0x0121, "StudyInstanceUID"),
        (with_value("ReferencedSeriesSequence", Sequence()), 0x0121, "ReferencedSeriesSequence"),
        (with_value("RetrieveAETitle", ""), 0x0121, "RetrieveAETitle"),
        (with_value("InstanceAvailability", "SOMEWHERE"), 0x0106, "InstanceAvailability"),
        (with_value("ReferencedSOPInstanceUID", "../1"), 0x0106, "ReferencedSOPInstanceUID"),
    ],
)
def test_what_is_missing_or_wrong_is_named(
    tmp_path: Path, attributes: Dataset, status: int, names: str
) -> None:
    taken: list[Availability] = []
    with associated(tmp_path, taken.append) as association:
        answer, _ = association.send_n_create(attributes, INSTANCE_AVAILABILITY, generate_uid())
        assert answer.Status == status
        assert names in answer.ErrorComment
    assert taken == []


def test_a_notification_that_cannot_be_kept_is_refused_for_now(tmp_path: Path) -> None:
    def full(_availability: Availability) -> None:
        raise OSError("no space")

    with associated(tmp_path, full) as association:
        status, _ = association.send_n_create(
            notification(instance("1.1")), INSTANCE_AVAILABILITY, generate_uid()
        )
    assert status.Status == 0x0213
