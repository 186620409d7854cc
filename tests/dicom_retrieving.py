"""A listener with an archive in memory, and the systems that retrieve from it."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, cast

from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE, build_context, evt
from pynetdicom.association import Association

from producers.dicom.archive.archive import ArchiveUnavailable, ImageArchive
from producers.dicom.associations.checkpoint import PAUSES_FOR_SENDERS
from producers.dicom.associations.peers import Peer, Peers, PeerTls
from producers.dicom.catalogue.catalogue import Catalogue
from producers.dicom.catalogue.store import open_to_write
from producers.dicom.catalogue.writing import CatalogueWriter
from producers.dicom.retrieve.service import STUDY_ROOT_MOVE, RetrieveConfig, RetrieveService
from producers.publishing import EventPublisher, PublishFailed
from runtime.stack.ports import allocate_free_ports
from schemas.events import Event, InstanceStored
from schemas.image_sealing import image_subject, seal_image
from schemas.keyring import FileKeyRing
from schemas.parts import Phi
from tests.dicom_files import by_transfer_syntax, write
from tests.producing import SITE
from tests.stored_images import stored
from tests.unit.test_dicom_worklist import listening

NOW = datetime(2026, 7, 6, 12, 0, tzinfo=UTC)
STUDY = "2.25.1"
OF_PATIENT = Phi(patient_name="Patient^1", patient_id="M1")


@dataclass
class Objects:
    """An object store in memory, and what was published."""

    objects: dict[str, bytes] = field(default_factory=dict)
    published: list[Event] = field(default_factory=list)
    is_kafka_up: bool = True

    @contextmanager
    def stream(self, key: str) -> Iterator[BinaryIO]:
        """As ImageArchive has it."""
        if key not in self.objects:
            raise ArchiveUnavailable("no such key")
        yield BytesIO(self.objects[key])

    def publish(self, events: Sequence[Event]) -> None:
        """As EventPublisher has it."""
        if not self.is_kafka_up:
            raise PublishFailed("Kafka is away")
        self.published += events


@dataclass
class Site:
    """A listener, what it has, and one destination."""

    port: int
    store: Objects
    ring: FileKeyRing
    images: list[InstanceStored]
    destination_port: int


def archived(ring: FileKeyRing, store: Objects, number: int, file: bytes) -> InstanceStored:
    """An image of the study, sealed in the store."""
    meta = dcmread(BytesIO(file), stop_before_pixels=True).file_meta
    image = stored(ring, 1, 1, number, phi=OF_PATIENT)
    image = replace(
        image,
        sop_instance_uid=str(meta.MediaStorageSOPInstanceUID),
        sop_class_uid=str(meta.MediaStorageSOPClassUID),
        transfer_syntax_uid=str(meta.TransferSyntaxUID),
        size_bytes=len(file),
    )
    subject = image_subject(image.envelope.patient_key, STUDY)
    store.objects[image.object_key] = b"".join(seal_image(ring, subject, image.sop_instance_uid, file))
    return image


def files(*syntaxes: str) -> list[bytes]:
    """A real image in each of these transfer syntaxes, else in all."""
    found = by_transfer_syntax()
    with tempfile.TemporaryDirectory() as directory:
        target = Path(directory) / "image.dcm"
        return [write(found[syntax], target).path.read_bytes() for syntax in syntaxes or found]


@contextmanager
def site(
    tmp_path: Path,
    ring: FileKeyRing,
    images: Sequence[bytes],
    *,
    converts: bool = False,
    tls: PeerTls | None = None,
) -> Iterator[Site]:
    """It has `images` as one study, and may send to DESTINATION."""
    store, port = Objects(), allocate_free_ports(1)[0]
    stored_images = [archived(ring, store, number, file) for number, file in enumerate(images)]
    with closing(open_to_write(tmp_path / "c.sqlite")) as connection:
        CatalogueWriter(connection).write(stored_images, {})
    catalogue = Catalogue(tmp_path / "c.sqlite")
    catalogue.set_read(is_read=True)
    peer = Peer(ae_title="DESTINATION", host="127.0.0.1", port=port, tls=tls)
    service = RetrieveService(
        RetrieveConfig(site=SITE, peers=Peers({"DESTINATION": peer}), now=lambda: NOW, converts=converts),
        catalogue,
        cast("ImageArchive", store),
        ring,
        cast("EventPublisher", store),
    )
    with listening(tmp_path, service) as ours:
        yield Site(ours, store, ring, stored_images, port)


def query(level: str = "STUDY", **values: Any) -> Dataset:
    """What is to be retrieved."""
    keys = Dataset()
    keys.QueryRetrieveLevel = level
    keys.StudyInstanceUID = STUDY
    for name, value in values.items():
        setattr(keys, name, value)
    return keys


@contextmanager
def receiving(
    port: int, kinds: Sequence[tuple[str, str]], tls: ssl.SSLContext | None = None
) -> Iterator[dict[str, tuple[str, bytes]]]:
    """A destination that takes images of these classes and transfer syntaxes, as it gets them."""
    taken: dict[str, tuple[str, bytes]] = {}

    def take(event: Any) -> int:
        syntax = str(event.context.transfer_syntax)
        taken[str(event.request.AffectedSOPInstanceUID)] = (syntax, event.request.DataSet.getvalue())
        return 0

    entity = AE(ae_title="DESTINATION")
    for sop_class, syntax in kinds:
        entity.add_supported_context(sop_class, syntax)
    handlers: list[Any] = [(evt.EVT_C_STORE, take)]
    server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers, ssl_context=tls)
    try:
        yield taken
    finally:
        assert server is not None
        server.shutdown()


@contextmanager
def associated(port: int, *contexts: Any, **more: Any) -> Iterator[Association]:
    """An association of a viewer, released at the end."""
    entity = AE(ae_title="VIEWER")
    association = entity.associate(
        "127.0.0.1", port, list(contexts), evt_handlers=[PAUSES_FOR_SENDERS], **more
    )
    assert association.is_established
    try:
        yield association
    finally:
        association.release()


def move(port: int, keys: Dataset, to: str = "DESTINATION") -> tuple[list[Dataset], Dataset | None]:
    """All statuses of a C-MOVE, and the last identifier."""
    with associated(port, build_context(STUDY_ROOT_MOVE)) as association:
        answers = list(association.send_c_move(keys, to, STUDY_ROOT_MOVE))
    return [status for status, _ in answers], answers[-1][1]


def kinds_of(images: Sequence[InstanceStored]) -> list[tuple[str, str]]:
    """Class and transfer syntax of each."""
    return [(image.sop_class_uid, image.transfer_syntax_uid) for image in images]


def data_set_of(file: bytes) -> bytes:
    """Without preamble and meta information."""
    return file[144 + int.from_bytes(file[140:144], "little") :]


def said(store: Objects, kind: type[Event]) -> list[Event]:
    """What was published of that kind."""
    return [event for event in store.published if isinstance(event, kind)]
