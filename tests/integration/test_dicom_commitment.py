"""Completeness and storage commitment on the real path: spool, archiver, object store, log, catalogue."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid
from pynetdicom import AE
from pynetdicom.association import Association

from producers.dicom.archiver.service import archiving
from producers.dicom.associations.checkpoint import PAUSES_FOR_SENDERS
from producers.dicom.associations.server import StorageServer
from producers.dicom.availability.service import INSTANCE_AVAILABILITY
from producers.dicom.commitment.delivery import STORAGE_COMMITMENT
from producers.dicom.config import DicomConfig
from producers.dicom.listener import listening
from runtime.stack.ports import allocate_free_ports
from schemas.codec import Codec
from schemas.events import Event, SeriesStored, StorageCommitted, StudyStored
from schemas.registry import connect_codec
from schemas.topics import EVENTS
from tests.dicom_commitment_site import CT, MODALITY, Modality, act, asked, awaiting, lists, peers_at
from tests.dicom_on_the_stack import archiver_of, listener_on
from tests.listener_process import listener_process
from tests.producing import read_all
from tests.running_stack import RunningStack
from tests.unit.test_dicom_availability import instance, notification

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def codec(stack: RunningStack) -> Codec:
    """The registry's codec."""
    return connect_codec(stack.registry_url)


@pytest.fixture
def config(stack: RunningStack, tmp_path: Path) -> DicomConfig:
    """A listener with a bucket of its own, on a free port."""
    return listener_on(stack, tmp_path, commitment_wait_s=5.0)


@contextmanager
def storing(config: DicomConfig, codec: Codec) -> Iterator[StorageServer]:
    """A listener and its archiver."""
    with archiving(archiver_of(config), codec), listening(config, codec) as server:
        yield server


@contextmanager
def associated(port: int, modality: Modality | None = None) -> Iterator[Association]:
    """An association that stores, asks for commitment and notifies."""
    entity = AE(ae_title=MODALITY)
    for sop_class in (CT, STORAGE_COMMITMENT, INSTANCE_AVAILABILITY):
        entity.add_requested_context(sop_class)
    handlers = [PAUSES_FOR_SENDERS, *([] if modality is None else modality.handlers)]
    association = entity.associate("127.0.0.1", port, evt_handlers=handlers)
    assert association.is_established
    assert association.dul.socket is not None
    line = association.dul.socket.socket
    try:
        yield association
        if modality is not None:
            modality.await_answered()
        association.release()
    finally:
        if line is not None:
            line.close()


def images(count: int, study: str = "", series: str = "") -> list[Dataset]:
    """CT slices of one series."""
    study, series = study or generate_uid(), series or generate_uid()
    found: list[Dataset] = []
    for _ in range(count):
        image = dcmread(str(get_testdata_file("CT_small.dcm")))
        image.StudyInstanceUID, image.SeriesInstanceUID = study, series
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        image.AccessionNumber, image.PatientID = f"C-{str(study)[-12:]}", "8812"
        found.append(image)
    return found


def uids(some: list[Dataset]) -> list[str]:
    """Their SOP Instance UIDs."""
    return [str(image.SOPInstanceUID) for image in some]


def await_events(config: DicomConfig, codec: Codec, study: str, kind: type[Any], count: int) -> list[Any]:
    """What the log says of the study in events of that kind, once there are so many; each once."""
    deadline_s = time.monotonic() + 60
    while time.monotonic() < deadline_s:
        found = {
            record.envelope.event_id: record
            for record in read_all(config.bootstrap, codec, EVENTS)
            if isinstance(record, Event) and getattr(record, "study_instance_uid", None) == study
        }
        events = [event for event in found.values() if isinstance(event, kind)]
        if len(events) >= count:
            return events
        time.sleep(0.2)
    raise AssertionError(f"fewer than {count} {kind.__name__}")


def test_what_was_stored_is_committed_to_and_completes_by_the_end_of_the_association(
    config: DicomConfig, codec: Codec
) -> None:
    stored, missing, modality = images(3), str(generate_uid()), Modality()
    study = str(stored[0].StudyInstanceUID)
    with storing(config, codec) as server:
        with associated(server.port, modality) as association:
            assert [association.send_c_store(image).Status for image in stored] == [0, 0, 0]
            request = asked(str(generate_uid()), *((CT, uid) for uid in uids(stored)), (CT, missing))
            assert act(association, request).Status == 0x0000
            (report,) = modality.await_reports()
        (complete,) = await_events(config, codec, study, StudyStored, 1)
        late = images(1, study, str(stored[0].SeriesInstanceUID))
        with associated(server.port) as association:
            assert association.send_c_store(late[0]).Status == 0x0000
        again = await_events(config, codec, study, StudyStored, 2)
        series = await_events(config, codec, study, SeriesStored, 2)
    assert lists(report) == (2, uids(stored), [(missing, 0x0112)])
    (committed,) = await_events(config, codec, study, StorageCommitted, 1)
    assert (committed.committed_count, committed.failed_count) == (3, 1)
    assert committed.envelope.exam_id == complete.envelope.exam_id
    assert (complete.instance_count, complete.completed_by) == (3, "association")
    assert {event.instance_count for event in again} == {3, 4}
    assert {event.instance_count for event in series} == {3, 4}


def test_a_notification_completes_a_study_whose_association_is_still_open(
    config: DicomConfig, codec: Codec
) -> None:
    stored = images(2)
    study = str(stored[0].StudyInstanceUID)
    said = notification(*map(instance, uids(stored)))
    said.StudyInstanceUID = study
    said.ReferencedSeriesSequence = Sequence(said.ReferencedSeriesSequence)
    said.ReferencedSeriesSequence[0].SeriesInstanceUID = stored[0].SeriesInstanceUID
    with storing(config, codec) as server, associated(server.port) as association:
        assert [association.send_c_store(image).Status for image in stored] == [0, 0]
        assert association.send_n_create(said, INSTANCE_AVAILABILITY, generate_uid())[0].Status == 0x0000
        (complete,) = await_events(config, codec, study, StudyStored, 1)
    assert (complete.instance_count, complete.completed_by) == (2, "availability")


def test_a_request_outlives_a_listener_that_is_killed(
    config: DicomConfig, codec: Codec, tmp_path: Path
) -> None:
    missing, modality = str(generate_uid()), Modality()
    settings = {**asdict(config), "port": allocate_free_ports(1)[0]}
    for name in ("zone", "now", "peers", "extra_sop_classes"):
        del settings[name]
    with (
        listener_process("dicom", settings, tmp_path) as process,
        associated(settings["port"]) as association,
    ):
        assert act(association, asked(str(generate_uid()), (CT, missing))).Status == 0x0000
        process.kill()
        process.wait()
        association.abort()
    with awaiting(modality) as port, listening(replace(config, peers=peers_at(port)), codec):
        (report,) = modality.await_reports()
    assert lists(report) == (2, [], [(missing, 0x0112)])
