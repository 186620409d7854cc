"""The DICOM listener and its archiver between foreign senders, Kafka and the object store."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import random
import shutil
import signal
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, replace
from io import BytesIO
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from minio import Minio
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID, generate_uid
from pynetdicom import AE, AllStoragePresentationContexts
from pynetdicom import _config as pynetdicom_settings
from pynetdicom.association import Association

from producers.dicom.archive.archive import ImageArchive, Put, StoredObject
from producers.dicom.archiver.config import ArchiverConfig
from producers.dicom.archiver.service import SpoolTaken, archiving
from producers.dicom.associations.checkpoint import PAUSES_FOR_SENDERS
from producers.dicom.associations.server import StorageServer
from producers.dicom.config import DicomConfig
from producers.dicom.listener import listening
from producers.dicom.spool.entry import Digest
from producers.dicom.spool.room import measure
from producers.dicom.spool.spool import SPOOL_DIRECTORY
from runtime.stack.ports import allocate_free_ports
from schemas.codec import Codec
from schemas.deadletters import DeadLetter
from schemas.events import (
    Event,
    FirstImageStored,
    ImagesStored,
    InstanceQuarantined,
    InstanceStored,
    StorageFailed,
)
from schemas.identity import patient_key
from schemas.image_envelope import open_image
from schemas.keyring_config import open_key_ring
from schemas.phi import open_bytes, open_sealed
from schemas.registry import connect_codec
from schemas.topics import DEADLETTERS, EVENTS, INSTANCES
from tests import dicom_on_the_stack
from tests.dicom_on_the_stack import listener_on
from tests.listener_process import listener_process
from tests.passage import Passage
from tests.producing import SITE, read_all
from tests.running_stack import RunningStack

pytestmark = pytest.mark.stack

STORAGE_CLASSES = {context.abstract_syntax for context in AllStoragePresentationContexts}
NOWHERE = "127.0.0.1:1"


@pytest.fixture(scope="module")
def codec(stack: RunningStack) -> Codec:
    """The registry's codec."""
    return connect_codec(stack.registry_url)


@pytest.fixture
def config(stack: RunningStack, tmp_path: Path) -> DicomConfig:
    """A listener with a bucket of its own, on a free port."""
    return listener_on(stack, tmp_path, store_timeout_s=3.0)


def archiver_of(config: DicomConfig) -> ArchiverConfig:
    """The listener's archiver, which does not wait for long."""
    return dicom_on_the_stack.archiver_of(config, longest_pause_s=0.5)


@contextmanager
def storing(config: DicomConfig, codec: Codec) -> Iterator[StorageServer]:
    """A listener and its archiver; in the end everything that was acknowledged is archived."""
    with archiving(archiver_of(config), codec), listening(config, codec) as server:
        yield server
        await_archived(config)


def await_archived(config: DicomConfig) -> None:
    """Wait until nothing is in the spool any more."""
    deadline_s = time.monotonic() + 60
    while measure(config.state_directory / SPOOL_DIRECTORY).entries:
        assert time.monotonic() < deadline_s, "the spool does not become empty"
        time.sleep(0.02)


def objects(config: DicomConfig) -> dict[str, bytes]:
    """What the bucket holds, sealed as it is."""
    archive = config.archive
    address = urlsplit(archive.endpoint).netloc
    client = Minio(address, access_key=archive.access_key, secret_key=archive.secret_key, secure=False)
    keys = [found.object_name or "" for found in client.list_objects(archive.bucket, recursive=True)]
    contents = {}
    for key in keys:
        with client.get_object(archive.bucket, key) as response:
            contents[key] = response.read()
    return contents


def images_in(config: DicomConfig) -> dict[str, bytes]:
    """The DICOM files that the bucket's objects open to."""
    ring = open_key_ring(config.key_ring)
    return {
        key: open_image(ring, key.split("/")[3].removesuffix(".dcm"), sealed)
        for key, sealed in objects(config).items()
    }


def content_of(file: Path | BytesIO) -> tuple[str, str, bytes]:
    """Which image it is, of whom, and its pixels."""
    data_set = dcmread(file)
    return str(data_set.SOPInstanceUID), str(data_set.PatientName), bytes(data_set.PixelData)


def stored_elsewhere(config: DicomConfig) -> list[bytes]:
    """What the listener keeps on disk."""
    return [path.read_bytes() for path in config.state_directory.rglob("*") if path.is_file()]


def slices(directory: Path, count: int, **changes: str) -> str:
    """Write CT slices of a new study; its UID."""
    data_set = dcmread(str(get_testdata_file("CT_small.dcm")))
    study, series = generate_uid(), generate_uid()
    directory.mkdir(exist_ok=True)
    for number in range(count):
        write_image(data_set, directory / f"{number}.dcm", study, series, generate_uid(), **changes)
    return str(study)


def write_image(
    data_set: Dataset, path: Path, study: str, series: str, instance: str, **changes: str
) -> Path:
    """Write the image under these UIDs."""
    data_set.StudyInstanceUID, data_set.SeriesInstanceUID = study, series
    data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = UID(instance)
    for keyword, value in changes.items():
        setattr(data_set, keyword, value)
    data_set.save_as(path)
    return path


def dcmtk(tool: str, port: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of dcmtk's tools; without TCP_NODELAY it waits for delayed acknowledgements."""
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} of dcmtk is not installed")
    return subprocess.run(
        [tool, "-v", "-aec", "TESTED", "127.0.0.1", str(port), *arguments],
        env={**os.environ, "TCP_NODELAY": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def store(port: int, *paths: Path) -> list[int | None]:
    """Send files as they are, in one association: their statuses."""
    ae = AE(ae_title="MODALITY")
    headers = [dcmread(path, stop_before_pixels=True) for path in paths]
    for context in {(h.file_meta.MediaStorageSOPClassUID, h.file_meta.TransferSyntaxUID) for h in headers}:
        ae.add_requested_context(*context)
    with associated(ae, port) as association, pytest.MonkeyPatch.context() as patch:
        # Our own client sets it, in the whole process: then the command has the UIDs of the file meta,
        # which in two of the packaged files are others.
        patch.setattr(pynetdicom_settings, "STORE_SEND_CHUNKED_DATASET", False)
        statuses = [association.send_c_store(path).get("Status") for path in paths]
        association.release()
    return statuses


@contextmanager
def associated(ae: AE, port: int) -> Iterator[Association]:
    """An association whose socket is closed in the end: the library leaves one open whose peer went first."""
    association = ae.associate("127.0.0.1", port, evt_handlers=[PAUSES_FOR_SENDERS])
    assert association.is_established
    assert association.dul.socket is not None
    line = association.dul.socket.socket
    try:
        yield association
    finally:
        if line is not None:
            line.close()


def events_of(config: DicomConfig, codec: Codec, study: str) -> list[Event]:
    """What the log says of the study, once its ImagesStored is there."""
    deadline_s = time.monotonic() + 60
    while time.monotonic() < deadline_s:
        found = [
            record
            for record in read_all(config.bootstrap, codec, EVENTS, INSTANCES)
            if getattr(record, "study_instance_uid", None) == study
        ]
        events = [
            event for event in found if isinstance(event, FirstImageStored | ImagesStored | InstanceStored)
        ]
        if any(isinstance(event, ImagesStored) for event in events):
            return list(events)
        time.sleep(0.2)
    raise AssertionError("no ImagesStored")


def letters_of(config: DicomConfig, codec: Codec, instance: str) -> list[DeadLetter]:
    """The dead letters of the image."""
    found = read_all(config.bootstrap, codec, DEADLETTERS)
    return [x for x in found if isinstance(x, DeadLetter) and x.source_message_id == instance]


def test_dcmtk_verifies_and_stores_and_the_log_has_every_image(
    config: DicomConfig, codec: Codec, tmp_path: Path
) -> None:
    study = slices(tmp_path / "ct", 5, AccessionNumber="DT-1", PatientID="8812", PatientName="OKONKWO^AMARA")
    with storing(config, codec) as server:
        assert dcmtk("echoscu", server.port).returncode == 0
        sent = dcmtk("storescu", server.port, "+sd", str(tmp_path / "ct"))
        assert (sent.returncode, sent.stderr.count("(Success)") + sent.stdout.count("(Success)")) == (
            0,
            6 - 1,
        )
        events = events_of(config, codec, study)
    stored = objects(config)
    images = [event for event in events if isinstance(event, InstanceStored)]
    assert {image.object_key: image.size_bytes for image in images} == {k: len(v) for k, v in stored.items()}
    assert {event.envelope.exam_id for event in events} == {f"{SITE}|DT-1"}
    (first,) = [event for event in events if isinstance(event, FirstImageStored)]
    (ended,) = [event for event in events if isinstance(event, ImagesStored)]
    assert (ended.series_count, ended.instance_count) == (1, 5)
    assert ended.size_bytes == sum(len(content) for content in stored.values())
    assert first.envelope.occurred_at <= ended.envelope.occurred_at
    assert {image.sha256 for image in images} == {hashlib.sha256(v).hexdigest() for v in stored.values()}
    received = {content_of(BytesIO(image)) for image in images_in(config).values()}
    assert received == {content_of(path) for path in (tmp_path / "ct").iterdir()}
    kept = b"".join([*stored.values(), *stored_elsewhere(config)])
    assert b"OKONKWO" not in kept
    ring = open_key_ring(config.key_ring)
    assert ended.envelope.phi is not None
    assert open_sealed(ring, ended.envelope.event_id, ended.envelope.phi).patient_name == "OKONKWO^AMARA"
    assert measure(config.state_directory / SPOOL_DIRECTORY).entries == 0


def test_every_storage_file_of_pydicom_is_stored_or_refused_for_its_uids(
    config: DicomConfig, codec: Codec
) -> None:
    with storing(config, codec) as server:
        answers = {path: store(server.port, path)[0] for path in sendable_files()}
    stored = {
        dcmread(BytesIO(content), stop_before_pixels=True).SOPInstanceUID
        for content in images_in(config).values()
    }
    for path, status in answers.items():
        header = dcmread(path, stop_before_pixels=True)
        if status == 0xC000:
            named = all(keyword in header for keyword in ("StudyInstanceUID", "SeriesInstanceUID"))
            assert not named, f"{path.name} has its UIDs"
        else:
            assert status in {0x0000, 0x0111}, f"{path.name}: {status}"
            assert header.SOPInstanceUID in stored
    assert sum(status == 0x0000 for status in answers.values()) > 40


def packaged_files() -> list[Path]:
    """The files that pydicom and pydicom-data bring: pydicom's own search would ask the network for more."""
    packages = (importlib.metadata.files("pydicom") or [], importlib.metadata.files("pydicom-data") or [])
    return [Path(str(file.locate())) for files in packages for file in files if file.suffix == ".dcm"]


def sendable_files() -> list[Path]:
    """Those of a storage class that a sender can name and encode."""
    # Broken on purpose: an undefined length that never ends, and a data set that breaks off.
    broken = {"bad_sequence.dcm", "emri_small_jpeg_2k_lossless_too_short.dcm", "SC_rgb_jpeg.dcm"}
    found = []
    for path in packaged_files():
        with warnings.catch_warnings(), suppress(InvalidDicomError, AttributeError):
            warnings.simplefilter("ignore")
            header = dcmread(path, stop_before_pixels=True)
            is_named = "SOPClassUID" in header and "SOPInstanceUID" in header
            is_storage = header.file_meta.MediaStorageSOPClassUID in STORAGE_CLASSES
            if is_named and is_storage and header.file_meta.TransferSyntaxUID and path.name not in broken:
                found.append(path)
    return found


def test_the_same_image_again_is_a_success_with_the_same_event_id(
    config: DicomConfig, codec: Codec, tmp_path: Path
) -> None:
    study = slices(tmp_path / "ct", 2)
    paths = sorted((tmp_path / "ct").iterdir())
    with storing(config, codec) as server:
        assert store(server.port, *paths) == [0, 0]
        assert store(server.port, *paths) == [0, 0]
        time.sleep(1)
        events = events_of(config, codec, study)
    ids = {(type(event).__name__, event.envelope.event_id) for event in events}
    assert sorted(name for name, _ in ids) == [
        "FirstImageStored",
        "ImagesStored",
        "InstanceStored",
        "InstanceStored",
    ]
    assert len(objects(config)) == 2


def test_another_image_under_a_known_uid_never_replaces_it_and_is_quarantined_and_said(
    config: DicomConfig, codec: Codec, tmp_path: Path
) -> None:
    data_set = dcmread(str(get_testdata_file("CT_small.dcm")))
    study, series, instance = (generate_uid() for _ in range(3))
    first = write_image(data_set, tmp_path / "first.dcm", study, series, instance, PatientID="1")
    other = write_image(data_set, tmp_path / "other.dcm", study, series, instance, PatientID="2")
    with storing(config, codec) as server:
        assert store(server.port, first) == [0x0000]
        await_archived(config)
        before = objects(config)
        # What the archive has is not known while it is answered: it is durable, and that is what is said.
        assert store(server.port, other) == [0x0000]
        assert store(server.port, other, other) == [0x0000, 0x0000]
    after = objects(config)
    assert {key: after[key] for key in before} == before
    (quarantined,) = after.keys() - before.keys()
    assert quarantined.startswith(f"quarantine/{study}/{series}/{instance}/")
    assert content_of(BytesIO(images_in(config)[quarantined])) == content_of(other)
    said = [x for x in read_all(config.bootstrap, codec, EVENTS, INSTANCES) if is_of(x, study)]
    flags = [event for event in said if isinstance(event, InstanceQuarantined)]
    assert {(x.reason, x.object_key, x.sop_instance_uid) for x in flags} == {
        ("same_uid_other_content", quarantined, instance)
    }
    assert len({event.envelope.event_id for event in flags}) == 1
    assert {x.sha256 for x in said if isinstance(x, InstanceStored)} == {
        hashlib.sha256(content).hexdigest() for content in before.values()
    }


def is_of(record: object, study: str) -> bool:
    """Whether it is of the study."""
    return getattr(record, "study_instance_uid", None) == study


def test_an_image_without_patient_and_accession_stands_as_unmatched(
    config: DicomConfig, codec: Codec, tmp_path: Path
) -> None:
    study = slices(tmp_path / "ct", 1, AccessionNumber="", PatientID="")
    with storing(config, codec) as server:
        assert store(server.port, tmp_path / "ct" / "0.dcm") == [0]
        events = events_of(config, codec, study)
    assert {event.envelope.exam_id for event in events} == {f"{SITE}|study|{study}"}
    assert {event.envelope.patient_key for event in events} == {None}


def test_an_image_without_study_uid_cannot_be_understood_and_is_kept(
    config: DicomConfig, codec: Codec, tmp_path: Path
) -> None:
    slices(tmp_path / "ct", 1)
    path = tmp_path / "ct" / "0.dcm"
    data_set = dcmread(path)
    del data_set.StudyInstanceUID
    data_set.save_as(path)
    with storing(config, codec) as server:
        assert store(server.port, path) == [0xC000]
    (letter,) = letters_of(config, codec, data_set.SOPInstanceUID)
    ring = open_key_ring(config.key_ring)
    kept = dcmread(BytesIO(open_bytes(ring, letter.dead_letter_id, letter.payload)))
    assert (letter.reason, kept.PixelData) == ("CannotUnderstand", data_set.PixelData)


def test_the_totals_are_the_archives_over_several_associations(
    config: DicomConfig, codec: Codec, tmp_path: Path
) -> None:
    study = slices(tmp_path / "ct", 3)
    paths = sorted((tmp_path / "ct").iterdir())
    with storing(config, codec) as server:
        assert store(server.port, *paths[:2]) == [0, 0]
        events_of(config, codec, study)
        assert store(server.port, *paths[2:]) == [0]
        time.sleep(1)
        events = events_of(config, codec, study)
    counts = {event.instance_count for event in events if isinstance(event, ImagesStored)}
    assert counts == {2, 3}


def test_without_kafka_and_the_object_store_images_are_accepted_and_later_all_there(
    config: DicomConfig, codec: Codec, tmp_path: Path
) -> None:
    study = slices(tmp_path / "ct", 5)
    paths = sorted((tmp_path / "ct").iterdir())
    nowhere = replace(config.archive, endpoint=f"http://{NOWHERE}")
    away = replace(config, bootstrap=NOWHERE, archive=nowhere, delivery_timeout_s=0.5)
    with archiving(archiver_of(away), codec), listening(away, codec) as server:
        assert store(server.port, *paths) == [0] * 5
    with archiving(archiver_of(replace(config, bootstrap=NOWHERE)), codec):
        time.sleep(1)
    assert measure(config.state_directory / SPOOL_DIRECTORY).entries >= 5
    with archiving(archiver_of(config), codec):
        await_archived(config)
        events = events_of(config, codec, study)
    assert {content_of(BytesIO(image)) for image in images_in(config).values()} == set(map(content_of, paths))
    assert len({e.envelope.event_id for e in events if isinstance(e, InstanceStored)}) == 5


def test_an_object_store_that_comes_back_has_what_came_meanwhile(
    config: DicomConfig, codec: Codec, tmp_path: Path
) -> None:
    study = slices(tmp_path / "ct", 3)
    paths = sorted((tmp_path / "ct").iterdir())
    with Passage(config.archive.endpoint) as passage:
        through = replace(config, archive=replace(config.archive, endpoint=passage.url))
        with archiving(archiver_of(through), codec), listening(config, codec) as server:
            assert store(server.port, paths[0]) == [0x0000]
            await_archived(config)
            passage.close()
            assert store(server.port, *paths[1:]) == [0x0000, 0x0000]
            time.sleep(1)
            passage.open()
            await_archived(config)
            events = events_of(config, codec, study)
    assert len({e.envelope.event_id for e in events if isinstance(e, InstanceStored)}) == 3
    assert len(objects(config)) == 3


def test_a_refused_image_stays_with_its_sender_where_kafka_cannot_keep_it(
    config: DicomConfig, codec: Codec, tmp_path: Path
) -> None:
    slices(tmp_path / "ct", 1)
    path = tmp_path / "ct" / "0.dcm"
    data_set = dcmread(path)
    del data_set.StudyInstanceUID
    data_set.save_as(path)
    with listening(replace(config, bootstrap=NOWHERE, delivery_timeout_s=0.5), codec) as server:
        assert store(server.port, path) == [0xA700]


def test_a_full_spool_refuses_and_says_so_once_and_takes_images_again_when_there_is_room(
    config: DicomConfig, codec: Codec, tmp_path: Path
) -> None:
    study = slices(tmp_path / "ct", 4, AccessionNumber="FULL-1")
    paths = sorted((tmp_path / "ct").iterdir())
    with listening(replace(config, spool_bytes=70_000), codec) as server:
        assert store(server.port, *paths) == [0x0000, 0xA700, 0xA700, 0xA700]
    with storing(config, codec) as server:
        assert store(server.port, *paths[1:]) == [0x0000, 0x0000, 0x0000]
    said = [x for x in read_all(config.bootstrap, codec, EVENTS, INSTANCES) if is_of(x, study)]
    failures = [(x.status, x.reason) for x in said if isinstance(x, StorageFailed)]
    assert failures == [("A700", "out_of_resources")]
    assert len({x.envelope.event_id for x in said if isinstance(x, InstanceStored)}) == 4
    assert len(objects(config)) == 4


def test_a_full_disk_refuses(config: DicomConfig, codec: Codec, tmp_path: Path) -> None:
    slices(tmp_path / "ct", 1)
    with listening(replace(config, spool_reserve_bytes=1 << 60), codec) as server:
        assert store(server.port, tmp_path / "ct" / "0.dcm") == [0xA700]


def test_an_image_of_a_patient_who_was_erased_meanwhile_is_set_aside_and_blocks_no_other(
    config: DicomConfig, codec: Codec, tmp_path: Path
) -> None:
    erased, other = tmp_path / "erased", tmp_path / "other"
    patient = str(uuid4())
    slices(erased, 1, PatientID=patient)
    study = slices(other, 1, PatientID=f"{patient}-2")
    with listening(config, codec) as server:
        assert store(server.port, erased / "0.dcm") == [0x0000]
        ring = open_key_ring(config.key_ring)
        key = patient_key(config.site_secret, config.site, patient)
        assert ring.destroy(key) == 1
        assert store(server.port, other / "0.dcm") == [0x0000]
    with archiving(archiver_of(config), codec):
        await_archived(config)
        events_of(config, codec, study)
    assert [key.split("/")[1] for key in objects(config)] == [study]
    assert len(list((config.state_directory / SPOOL_DIRECTORY / "aside").iterdir())) == 1


def test_a_large_object_is_streamed_put_once_and_never_overwritten(config: DicomConfig) -> None:
    archive = ImageArchive(config.archive)
    archive.ensure_bucket()
    pieces = [bytes([number]) * 2**20 for number in range(24)]
    digest = Digest(24 * 2**20, hashlib.sha256(b"".join(pieces)).hexdigest())
    try:
        assert archive.put("studies/1/2/3.dcm", pieces, digest) is Put.NEW
        assert archive.put("studies/1/2/3.dcm", pieces, digest) is Put.SAME
        other = Digest(24 * 2**20, hashlib.sha256(b"".join(reversed(pieces))).hexdigest())
        assert archive.put("studies/1/2/3.dcm", pieces[::-1], other) is Put.OTHER
        assert archive.images_of("1") == [StoredObject("2", "3", 24 * 2**20)]
    finally:
        archive.close()
    assert list(objects(config).values()) == [b"".join(pieces)]


def test_two_archivers_never_share_a_spool(config: DicomConfig, codec: Codec) -> None:
    with (
        archiving(archiver_of(config), codec),
        pytest.raises(SpoolTaken),
        archiving(archiver_of(config), codec),
    ):
        pass


def process_settings(config: DicomConfig | ArchiverConfig) -> dict[str, Any]:
    """What `listener_process` takes."""
    settings = asdict(config)
    for name in ("zone", "now", "peers", "extra_sop_classes", "completeness"):
        settings.pop(name, None)
    return settings


def test_listener_and_archiver_killed_at_random_lose_nothing_that_was_acknowledged(
    config: DicomConfig, codec: Codec, tmp_path: Path
) -> None:
    study = slices(tmp_path / "ct", 40, PatientID="8812")
    paths = sorted((tmp_path / "ct").iterdir())
    listener = process_settings(config) | {"port": allocate_free_ports(1)[0]}
    archiver = process_settings(archiver_of(config))
    acknowledged: set[str] = set()
    draws = random.Random(5)
    with ExitStack() as archivers:
        left = list(paths)
        while left:
            archivers.enter_context(listener_process("dicom-archive", archiver, tmp_path))
            with listener_process("dicom", listener, tmp_path) as process:
                ending = threading.Timer(draws.uniform(0.0, 0.03), process.kill)
                acknowledged |= store_until_lost(listener["port"], left, draws.randint(8, 16), ending.start)
                process.wait()
                ending.join()
            left = [path for path in left if path.name not in acknowledged]
            archivers.close()  # kills it, wherever it is
    with storing(config, codec):
        await_archived(config)
        events = events_of(config, codec, study)
    assert acknowledged == {path.name for path in paths}
    stored = {str(dcmread(path, stop_before_pixels=True).SOPInstanceUID) for path in paths}
    in_log = [event for event in events if isinstance(event, InstanceStored)]
    assert {event.sop_instance_uid for event in in_log} == stored
    assert len({event.envelope.event_id for event in in_log}) == len(stored)
    contents = objects(config)
    assert {e.object_key: e.sha256 for e in in_log} == {
        key: hashlib.sha256(content).hexdigest() for key, content in contents.items()
    }
    assert max(e.instance_count for e in events if isinstance(e, ImagesStored)) == 40


def store_until_lost(port: int, paths: list[Path], count: int, end: Callable[[], None]) -> set[str]:
    """Send, over and over, until the connection breaks: the names of those that were acknowledged.

    After `count` of them `end` is called.
    """
    ae = AE(ae_title="MODALITY")
    header = dcmread(paths[0], stop_before_pixels=True)
    ae.add_requested_context(header.SOPClassUID, header.file_meta.TransferSyntaxUID)
    acknowledged = set()
    with associated(ae, port) as association:
        for number, path in enumerate(cycle(paths)):
            if number == count:
                end()
            try:
                status = association.send_c_store(path).get("Status")
            except RuntimeError:  # the association is gone
                break
            if status is None:
                break
            assert status == 0x0000
            acknowledged.add(path.name)
        association.abort()
    return acknowledged


def test_a_killed_listener_has_its_studies_ended_when_it_is_started_again(
    config: DicomConfig, codec: Codec, tmp_path: Path
) -> None:
    study = slices(tmp_path / "ct", 3, PatientID="8812")
    paths = sorted((tmp_path / "ct").iterdir())
    settings = process_settings(config) | {"port": allocate_free_ports(1)[0]}
    with archiving(archiver_of(config), codec):
        with listener_process("dicom", settings, tmp_path) as process:
            ae = AE(ae_title="MODALITY")
            header = dcmread(paths[0], stop_before_pixels=True)
            ae.add_requested_context(header.SOPClassUID, header.file_meta.TransferSyntaxUID)
            with associated(ae, settings["port"]) as association:
                assert [association.send_c_store(path).Status for path in paths] == [0, 0, 0]
                process.kill()
                process.wait()
                association.abort()
        with listener_process("dicom", settings, tmp_path) as process:
            events = events_of(config, codec, study)
            (ended,) = [event for event in events if isinstance(event, ImagesStored)]
            assert (ended.instance_count, ended.calling_ae_title) == (3, "MODALITY")
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0


def test_an_archiver_stops_in_order(config: DicomConfig, codec: Codec, tmp_path: Path) -> None:
    archiver = process_settings(archiver_of(config))
    with listener_process("dicom-archive", archiver, tmp_path) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
