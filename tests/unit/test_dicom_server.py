"""The application entity alone: how it ends."""

from __future__ import annotations

import time
from pathlib import Path

from pynetdicom import AE

from producers.dicom.config import ArchiveConfig, DicomConfig
from producers.dicom.server import StorageServer, configure_libraries
from schemas.keyring_config import FileKeyRingConfig
from tests.producing import SITE, SITE_KEY, SITE_SECRET


def config(directory: Path) -> DicomConfig:
    """A listener whose stores nobody asks."""
    return DicomConfig(
        host="127.0.0.1",
        port=0,
        ae_title="TESTED",
        archive=ArchiveConfig(endpoint="http://127.0.0.1:1", access_key="a", secret_key="b", bucket="c"),
        bootstrap="127.0.0.1:1",
        registry_url="http://127.0.0.1:1",
        site=SITE,
        site_secret=SITE_SECRET,
        key_ring=FileKeyRingConfig(directory=directory / "keys", site_key=SITE_KEY),
        state_directory=directory / "state",
    )


def test_an_association_that_stored_nothing_is_aborted_at_the_stop(tmp_path: Path) -> None:
    configure_libraries()
    server = StorageServer(config(tmp_path), lambda _studies, _received: 0, lambda _study: None)
    server.start()
    entity = AE(ae_title="MODALITY")
    entity.add_requested_context("1.2.840.10008.1.1")
    association = entity.associate("127.0.0.1", server.port)
    assert association.is_established
    assert association.dul.socket is not None
    connection = association.dul.socket.socket
    assert connection is not None
    try:
        server.stop(1.0)
        deadline_s = time.monotonic() + 10
        while association.is_alive() and time.monotonic() < deadline_s:
            time.sleep(0.02)
        assert association.is_aborted
    finally:
        connection.close()
