"""Dead letters of images sent to the listener again: over TLS, and as a peer that it may not know."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from producers.dead_letters import dead_letter
from producers.dicom.associations.peers import Peer, Peers
from producers.dicom.associations.tls import TlsConfig
from runtime.dead_letters.listeners import send_to_dicom_listener
from runtime.dead_letters.outcome import DICOM_STORED, CannotRetry
from runtime.settings import Settings
from schemas.deadletters import DeadLetter
from schemas.keyring import FileKeyRing
from schemas.parts import Source
from tests.certificates import Authority
from tests.dicom_listening import Kept, dicom_config, listener

CT_SMALL = Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()


@pytest.fixture
def letter(tmp_path: Path) -> DeadLetter:
    """Of an image that CT01 sent."""
    return dead_letter(
        FileKeyRing(tmp_path / "keys", b"k" * 32),
        origin="dicom",
        reason="CannotUnderstand",
        detail="",
        source=Source(system="CT01", facility="", protocol="DICOM"),
        source_message_id="2.25.1",
        content_type="application/dicom",
        payload=CT_SMALL,
        recorded_at=datetime.now(UTC),
    )


@pytest.mark.parametrize("has_client_authority", [False, True])
def test_a_dead_letter_is_sent_again_over_tls(
    tmp_path: Path, letter: DeadLetter, has_client_authority: bool
) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("listener")
    client_authority = authority.path if has_client_authority else None
    kept = Kept()
    with listener(
        dicom_config(tmp_path, tls=TlsConfig(certificate, key, client_authority)), kept.store
    ) as server:
        settings = Settings(
            dicom_port=server.port,
            dicom_tls_certificate=certificate,
            dicom_tls_key=key,
            dicom_tls_client_authority=client_authority,
        )
        assert send_to_dicom_listener(CT_SMALL, letter, settings).resolution == DICOM_STORED
    assert [received.calling_ae_title for received, _ in kept.images.values()] == ["CT01"]


def test_a_sender_that_the_listener_does_not_know_is_said(tmp_path: Path, letter: DeadLetter) -> None:
    config = dicom_config(tmp_path, peers=Peers({"MR01": Peer(ae_title="MR01")}))
    with listener(config, Kept().store) as server, pytest.raises(CannotRetry, match="rejects CT01 from here"):
        send_to_dicom_listener(CT_SMALL, letter, Settings(dicom_port=server.port))
