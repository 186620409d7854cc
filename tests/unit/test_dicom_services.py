"""How the services of the DICOM listener share it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, evt

from producers.dicom.associations.checkpoint import PAUSES_FOR_SENDERS
from producers.dicom.associations.libraries import configure_libraries
from producers.dicom.associations.server import StorageServer
from producers.dicom.associations.services import Handler, SupportedContext
from tests.unit.test_dicom_server import config

STUDY_ROOT_FIND, WORKLIST_FIND = "1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.5.1.4.31"


class Finder:
    """Answers one SOP class with one item that names it, and counts the associations that were released."""

    def __init__(self, sop_class: str) -> None:
        self.sop_class = sop_class
        self.released = 0

    def contexts(self) -> Sequence[SupportedContext]:
        return [SupportedContext(self.sop_class)]

    def handlers(self) -> Sequence[Handler]:
        return [(evt.EVT_C_FIND, self._find), (evt.EVT_RELEASED, self._released)]

    def _find(self, _event: Any) -> Iterator[tuple[int, Dataset]]:
        item = Dataset()
        item.RetrieveAETitle = self.sop_class[-16:]
        yield 0xFF00, item

    def _released(self, _event: Any) -> None:
        self.released += 1


def test_a_request_goes_to_the_service_of_its_sop_class_and_every_service_hears_of_the_end(
    tmp_path: Path,
) -> None:
    configure_libraries()
    keys = Dataset()
    keys.RetrieveAETitle = ""
    services = [Finder(STUDY_ROOT_FIND), Finder(WORKLIST_FIND)]
    server = StorageServer(config(tmp_path), lambda _s, _r: 0, lambda _s: None, services)
    server.start()
    try:
        entity = AE(ae_title="MODALITY")
        for service in services:
            entity.add_requested_context(service.sop_class)
        association = entity.associate("127.0.0.1", server.port, evt_handlers=[PAUSES_FOR_SENDERS])
        for service in services:
            (_, item), (last, _) = association.send_c_find(keys, service.sop_class)
            assert item is not None
            assert (item.RetrieveAETitle, last.Status) == (service.sop_class[-16:], 0)
        association.release()
    finally:
        server.stop(1.0)
    assert [service.released for service in services] == [1, 1]
