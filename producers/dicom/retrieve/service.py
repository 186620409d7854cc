"""Study Root Query/Retrieve - MOVE and GET as SCP (DICOM PS3.4 C.4.2, C.4.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from pydicom.dataset import Dataset
from pynetdicom import evt

from producers.dicom.archive.archive import ImageArchive
from producers.dicom.associations.peers import Peers
from producers.dicom.associations.services import Handler, SupportedContext, await_sent
from producers.dicom.associations.syntaxes import STORAGE_CLASSES, TRANSFER_SYNTAXES
from producers.dicom.catalogue.catalogue import Catalogue, CatalogueInstance
from producers.dicom.query.find_answers import CANCELLED, UNABLE_TO_PROCESS, failure
from producers.dicom.retrieve.events import Retrieval, access_recorded, new_retrieval_id, study_retrieved
from producers.dicom.retrieve.move_destination import association_with
from producers.dicom.retrieve.selection import images_asked_for, placeholder
from producers.dicom.retrieve.sub_operations import SubOperations, retrieved
from producers.faults import place_of
from producers.publishing import EventPublisher, PublishFailed
from schemas.phi import KeyRing

log = structlog.get_logger("dicom")

STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
# PS3.4 tables C.4-2 and C.4-3.
_PENDING = 0xFF00
_IMAGES_AT_ONCE = 16

Answer = tuple[int | Dataset, Dataset | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrieveConfig:
    """site: in each event. peers: where C-MOVE may send to.

    converts: whether an image may go out uncompressed to a peer that does not take it as it is stored.
    await_s: how long a request waits for the catalogue after a start.
    """

    site: str
    peers: Peers
    now: Callable[[], datetime]
    converts: bool = False
    await_s: float = 5.0


class RetrieveService:
    """Finds images in the catalogue and hands them over from the object store."""

    def __init__(
        self,
        config: RetrieveConfig,
        catalogue: Catalogue,
        archive: ImageArchive,
        ring: KeyRing,
        publisher: EventPublisher,
    ) -> None:
        """`catalogue` is filled by someone else."""
        self._config = config
        self._catalogue = catalogue
        self._archive = archive
        self._ring = ring
        self._publisher = publisher

    def contexts(self) -> Sequence[SupportedContext]:
        """MOVE and GET, and for GET every storage class with us as its SCU, if the peer wants it so."""
        storage = (
            SupportedContext(sop_class, tuple(TRANSFER_SYNTAXES), scu_role=True, scp_role=True)
            for sop_class in STORAGE_CLASSES
        )
        return [SupportedContext(STUDY_ROOT_MOVE), SupportedContext(STUDY_ROOT_GET), *storage]

    def handlers(self) -> Sequence[Handler]:
        """C-GET and C-MOVE."""
        return [(evt.EVT_C_GET, self.on_get), (evt.EVT_C_MOVE, self.on_move)]

    def on_get(self, event: Any) -> Iterator[Any]:
        """The number of sub-operations, then each. Never raises."""
        found = images_asked_for(event, self._catalogue, self._config.await_s)
        sub_operations = SubOperations(self._archive, self._ring, converts=self._config.converts)
        sub_operations.over(event.assoc)
        try:
            yield from self._answers(event, found, sub_operations, _calling(event))
        finally:
            sub_operations.end()

    def on_move(self, event: Any) -> Iterator[Any]:
        """The destination, the number of sub-operations, then each. Never raises."""
        to = str(event.move_destination or "").strip()
        destination = self._config.peers.destination(to)
        if destination is None:
            log.warning("unknown destination", calling_ae_title=_calling(event), destination=to)
            yield None, None
            return
        found = images_asked_for(event, self._catalogue, self._config.await_s)
        sub_operations = SubOperations(self._archive, self._ring, converts=self._config.converts)
        images = [] if isinstance(found, Dataset) else found
        try:
            yield association_with(destination, images, sub_operations.over, converts=self._config.converts)
        except OSError as error:
            log.error("destination not usable", destination=to, error=f"{type(error).__name__}: {error}")
            yield None, None
            return
        yield from self._answers(event, found, sub_operations, to)

    def _answers(
        self, event: Any, found: list[CatalogueInstance] | Dataset, sub_operations: SubOperations, to: str
    ) -> Iterator[Any]:
        if isinstance(found, Dataset):
            yield 1  # the library takes a failure only as the end of what was begun
            yield found, None
            return
        yield len(found)
        try:
            yield from self._hand_over(event, found, sub_operations, self._retrieval(event, to))
        except PublishFailed:
            log.error("retrieval could not be recorded", calling_ae_title=_calling(event))
            yield failure(UNABLE_TO_PROCESS, "what is retrieved cannot be recorded"), None
        except Exception as error:  # noqa: BLE001 - a fault of ours is one request's status, and is logged
            log.error("retrieval failed", fault=place_of(error))
            yield failure(UNABLE_TO_PROCESS, "internal fault"), None

    def _hand_over(
        self, event: Any, found: Sequence[CatalogueInstance], sub_operations: SubOperations, of: Retrieval
    ) -> Iterator[Answer]:
        """Nobody gets an image before the log has it that they do. Raises PublishFailed."""
        studies = dict.fromkeys(map(retrieved, found))
        self._publisher.publish([access_recorded(of, study, self._config.now()) for study in studies])
        for number, instance in enumerate(found):
            if number % _IMAGES_AT_ONCE == _IMAGES_AT_ONCE - 1:
                await_sent(event.assoc)
            if event.is_cancelled:
                self._record(sub_operations, of, len(found))
                yield CANCELLED, None
                return
            problem = sub_operations.make_ready(instance)
            yield (failure(_PENDING, problem) if problem else _PENDING), placeholder(instance)
        self._record(sub_operations, of, len(found))

    def _record(self, sub_operations: SubOperations, of: Retrieval, wanted: int) -> None:
        taken = sub_operations.handed_over
        now = self._config.now()
        self._publisher.publish([study_retrieved(of, study, count, now) for study, count in taken.items()])
        log.info(
            "retrieved",
            calling_ae_title=of.calling_ae_title,
            to=of.retrieved_by,
            images=taken.total(),
            wanted=wanted,
        )

    def _retrieval(self, event: Any, to: str) -> Retrieval:
        return Retrieval(
            site=self._config.site,
            calling_ae_title=_calling(event),
            network_address=str(event.assoc.requestor.address or ""),
            retrieved_by=to,
            retrieval_id=new_retrieval_id(),
        )


def _calling(event: Any) -> str:
    return str(event.assoc.requestor.ae_title).strip()
