"""A log, an archive with its keys, and the sink to DICOM destinations on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from confluent_kafka import Producer
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID

from schemas.cloudevents import headers
from schemas.codec import Codec
from schemas.events import Event, ExamScheduled, ImagesStored, InstanceStored
from schemas.identity import event_id
from schemas.image_sealing import image_subject, seal_image
from schemas.image_store_config import ImageStoreConfig
from schemas.keyring import FileKeyRing
from schemas.keyring_config import FileKeyRingConfig
from schemas.parts import Envelope, Source
from schemas.topics import DEADLETTERS, EVENTS, topic_of
from sinks.dicom.config import DicomOutConfig
from sinks.dicom.destinations import Destination
from sinks.dicom.rules import Forward
from sinks.dicom.service import deliver
from tests.dicom_receiver import DicomReceiver
from tests.object_server import ObjectServer
from tests.producing import SITE_KEY, read_all
from tests.sink_running import delivering

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
CT, MR, SR = (f"1.2.840.10008.5.1.4.1.1.{number}" for number in ("2", "4", "88.22"))
EXPLICIT, JPEG_LS = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.80"
PAIRS = [(CT, EXPLICIT), (CT, JPEG_LS), (MR, EXPLICIT), (SR, EXPLICIT)]
ON_IMAGES = (Forward(on="images_stored"),)


@dataclass
class Site:
    """A log, an archive with its keys, and the sink on them."""

    bootstrap: str
    data: Path
    ring: FileKeyRing
    codec: Codec
    archive: ObjectServer
    data_sets: dict[str, bytes] = field(default_factory=dict)

    def image(
        self,
        study: str,
        number: int,
        pair: tuple[str, str] = (CT, EXPLICIT),
        *,
        patient: str = "p1",
        sender: str = "CT1",
        size_bytes: int = 1_000,
        days_ago: float = 0,
    ) -> InstanceStored:
        """An image in the archive, and what the log says of it."""
        uid = f"{study}.1.{number}"
        file, data_set = _file(uid, pair, size_bytes)
        self.data_sets[uid] = data_set
        key = f"studies/{study}/{study}.1/{uid}.dcm"
        subject = image_subject(patient, study)
        self.archive.objects[f"{key}"] = b"".join(seal_image(self.ring, subject, uid, file))
        return InstanceStored(
            envelope=_envelope(uid, f"GENERAL|A{study}", patient, sender),
            accession_number=f"A{study}",
            study_instance_uid=study,
            series_instance_uid=f"{study}.1",
            sop_instance_uid=uid,
            sop_class_uid=pair[0],
            transfer_syntax_uid=pair[1],
            modality="MR" if pair[0] == MR else "CT",
            size_bytes=len(file),
            sha256="0" * 64,
            object_key=key,
            calling_ae_title=sender,
            acquired_at=AT - timedelta(days=days_ago),
        )

    def publish(self, *events: Event) -> None:
        producer = Producer({"bootstrap.servers": self.bootstrap, "log_level": 2})
        for event in events:
            producer.produce(
                topic_of(event.AVRO_NAME),
                key=event.envelope.exam_id.encode(),
                value=self.codec.encode(event),
                headers=list(headers(event)),
            )
        assert producer.flush(10) == 0

    def config(self, *destinations: Destination, **options: Any) -> DicomOutConfig:
        return DicomOutConfig(
            kafka_bootstrap=self.bootstrap,
            registry_url="",
            key_ring=FileKeyRingConfig(directory=self.data / "keys", site_key=SITE_KEY),
            images=ImageStoreConfig(
                endpoint=self.archive.endpoint, access_key="any", secret_key="any-secret", bucket="images"
            ),
            state_directory=self.data / "dicom-out",
            destinations=destinations,
            now=lambda: AT,
            **options,
        )

    @contextmanager
    def delivering(self, *destinations: Destination, **options: Any) -> Iterator[None]:
        """The sink, in a thread, until the end of the block."""
        config = self.config(*destinations, **options)
        parts = partial(deliver, config, ring=self.ring, codec=self.codec)
        with delivering(lambda stop, ready: parts(stop=stop, ready=ready)):
            yield

    def said(self, *kinds: type[Any]) -> list[Any]:
        """What stands in the log and in the dead letters."""
        found = read_all(self.bootstrap, self.codec, EVENTS, DEADLETTERS)
        return [record for record in found if isinstance(record, kinds)]


def to(receiver: DicomReceiver, name: str = "pacs", **options: Any) -> Destination:
    given = {
        "forward": () if "prefetch" in options else ON_IMAGES,
        "start": "beginning",
        "answer_timeout_s": 5.0,
        "first_pause_s": 0.02,
        "longest_pause_s": 0.1,
        **options,
    }
    return Destination(name=name, ae_title="PACS", host="127.0.0.1", port=receiver.port, **given)


def images_stored(study: str, count: int = 1, patient: str = "p1", sender: str = "CT1") -> ImagesStored:
    return ImagesStored(
        envelope=_envelope(f"{study}/{count}", f"GENERAL|A{study}", patient, sender),
        accession_number=f"A{study}",
        study_instance_uid=study,
        modality="CT",
        series_count=1,
        instance_count=count,
        size_bytes=1,
        calling_ae_title=sender,
    )


def exam_scheduled(accession: str, modality: str = "CT") -> ExamScheduled:
    return ExamScheduled(
        envelope=_envelope(f"scheduled {accession}", f"GENERAL|{accession}", "p1", "RIS"),
        accession_number=accession,
        modality=modality,
    )


def _envelope(name: str, exam_id: str, patient: str, system: str) -> Envelope:
    return Envelope(
        event_id=event_id("test", name),
        exam_id=exam_id,
        occurred_at=AT,
        recorded_at=AT,
        source=Source(system=system, facility="", protocol="DICOM"),
        source_message_id="1",
        site="GENERAL",
        patient_key=patient,
    )


def _file(uid: str, pair: tuple[str, str], size_bytes: int) -> tuple[bytes, bytes]:
    """A DICOM file, and the data set in it."""
    sop_class, _ = pair
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(sop_class)
    meta.MediaStorageSOPInstanceUID = UID(uid)
    meta.TransferSyntaxUID = UID(EXPLICIT)
    data_set = Dataset()
    data_set.file_meta = meta
    data_set.SOPClassUID = UID(sop_class)
    data_set.SOPInstanceUID = UID(uid)
    data_set.add_new(0x00420011, "OB", (uid.encode() * (size_bytes // len(uid) + 1))[: size_bytes // 2 * 2])
    out = BytesIO()
    data_set.save_as(out, enforce_file_format=True)
    file = out.getvalue()
    at = 144 + int.from_bytes(file[140:144], "little")
    return file, file[at:]
