"""The listener on real sockets: images as they are sent, other services beside them, how associations end."""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import subprocess
import threading
import time
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE

from producers.dicom.associations.checkpoint import PAUSES_FOR_SENDERS
from producers.dicom.associations.syntaxes import ExtraSopClasses
from producers.dicom.storage.content_writer import MEMORY_LIMIT_BYTES
from producers.dicom.storage.received import Received
from producers.dicom.storage.refusals import CLASS_NOT_SUPPORTED, OUT_OF_RESOURCES
from tests.dicom_listening import (
    CT,
    EXPLICIT,
    P_DATA,
    RELEASE_RP,
    RELEASE_RQ,
    Kept,
    RawPeer,
    command,
    dicom_config,
    listener,
    listening_threads,
    pdu,
    pdv,
    status_of,
    until,
)

config = dicom_config  # what tests of single services listen with
ECHO_RQ = 0x30
VERIFICATION = "1.2.840.10008.1.1"
STORE_RQ = 0x01
PRIVATE = "1.3.12.2.1107.5.99.3.10"
ENVIRONMENT = {**os.environ, "TCP_NODELAY": "1"}


def test_an_association_that_stored_nothing_is_aborted_at_the_stop(tmp_path: Path) -> None:
    with listener(dicom_config(tmp_path), Kept().store) as server:
        entity = AE(ae_title="MODALITY")
        entity.add_requested_context("1.2.840.10008.1.1")
        association = entity.associate("127.0.0.1", server.port, evt_handlers=[PAUSES_FOR_SENDERS])
        assert association.is_established
        assert association.dul.socket is not None
        connection = association.dul.socket.socket
        assert connection is not None
        try:
            server.stop(1.0)
            assert until(lambda: not association.is_alive())
            assert association.is_aborted
        finally:
            connection.close()


@pytest.mark.skipif(shutil.which("storescu") is None, reason="dcmtk is not installed")
@pytest.mark.parametrize("tool", ["storescu", "dcmsend"])
@pytest.mark.parametrize("maximum_pdu", ["4096", "131072"])
def test_what_dcmtk_sends_is_kept_to_the_byte(tmp_path: Path, tool: str, maximum_pdu: str) -> None:
    sent = {}
    compressed = ["JPEG2000.dcm"] if tool == "dcmsend" else []  # storescu needs an option for each
    for name in ("CT_small.dcm", "MR_small.dcm", "693_UNCR.dcm", *compressed):
        path = Path(str(get_testdata_file(name)))
        shutil.copy(path, tmp_path / name)
        read = dcmread(path)
        sent[str(read.SOPInstanceUID)] = (str(read.file_meta.TransferSyntaxUID), bytes(read.PixelData))
    kept = Kept()
    options = ["+sd", "--max-send-pdu", maximum_pdu, *(["-R"] if tool == "storescu" else [])]
    with listener(dicom_config(tmp_path), kept.store) as server:
        subprocess.run(
            [tool, *options, "-aec", "TESTED", "127.0.0.1", str(server.port), str(tmp_path)],
            check=True,
            env=ENVIRONMENT,
            capture_output=True,
            timeout=60,
        )
    for uid, (syntax, pixels) in sent.items():
        received, data_set = kept.images[uid]
        if UID(syntax).is_compressed:
            assert received.transfer_syntax_uid == syntax
        assert pixels[:4096] in data_set
        assert data_set


def test_pynetdicom_stores_echoes_and_stores_again_on_one_association(tmp_path: Path) -> None:
    image = dcmread(str(get_testdata_file("CT_small.dcm")))
    kept = Kept()
    entity = AE(ae_title="MODALITY")
    entity.add_requested_context(image.SOPClassUID, [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
    entity.add_requested_context("1.2.840.10008.1.1")
    with listener(dicom_config(tmp_path), kept.store) as server:
        association = entity.associate(
            "127.0.0.1", server.port, ae_title="TESTED", evt_handlers=[PAUSES_FOR_SENDERS]
        )
        assert association.is_established
        taken = {str(context.abstract_syntax): context for context in association.accepted_contexts}
        assert taken[image.SOPClassUID].transfer_syntax == [ExplicitVRLittleEndian]  # what it prefers
        for _ in range(3):
            assert association.send_c_store(image).Status == 0
            assert association.send_c_echo().Status == 0
        kept.status = 0xA900
        assert association.send_c_store(image).Status == 0xA900
        association.release()
        assert association.is_released
    received, data_set = kept.images[image.SOPInstanceUID]
    assert (received.calling_ae_title, received.sop_class_uid) == ("MODALITY", CT)
    assert bytes(image.PixelData) in data_set


def test_a_large_object_is_in_a_file_and_comes_back_whole(tmp_path: Path) -> None:
    digests = []

    def store(_association: object, received: Received) -> int:
        digest = hashlib.sha256()
        with received.content.open() as stream:
            while piece := stream.read(1 << 20):
                digest.update(piece)
        digests.append(digest.hexdigest())
        return 0

    piece = hashlib.shake_256(b"frames").digest(200_000)
    count = MEMORY_LIMIT_BYTES * 2 // len(piece)
    with listener(dicom_config(tmp_path), store) as server, RawPeer(server.port) as peer:
        peer.associate()
        peer.send(pdu(P_DATA, pdv(command(STORE_RQ, "2.25.7"), is_command=True)))
        for number in range(count):
            peer.send(pdu(P_DATA, pdv(piece, is_last=number == count - 1)))
        assert status_of(peer.answer()) == 0
        assert list((tmp_path / "state" / "receiving").iterdir()) == []
    assert digests == [hashlib.sha256(piece * count).hexdigest()]


def test_a_command_and_data_in_pieces_and_in_one_pdu_are_the_same(tmp_path: Path) -> None:
    kept = Kept()
    request = command(STORE_RQ, "2.25.7")
    together = pdu(P_DATA, pdv(request, is_command=True) + pdv(b"ab", is_last=False) + pdv(b"cd"))
    with listener(dicom_config(tmp_path), kept.store) as server, RawPeer(server.port) as peer:
        peer.associate()
        peer.send(together)
        assert status_of(peer.answer()) == 0
        assert kept.images["2.25.7"][1] == b"abcd"
        kept.images.clear()
        for byte in (
            pdu(P_DATA, pdv(request[:10], is_command=True, is_last=False))
            + pdu(P_DATA, pdv(request[10:], is_command=True))
            + pdu(P_DATA, pdv(b"abcd", is_last=False))
            + pdu(P_DATA, pdv(b""))
        ):
            peer.send(bytes([byte]))
        assert status_of(peer.answer()) == 0
        assert kept.images["2.25.7"][1] == b"abcd"
        echo = command(ECHO_RQ, "", has_data_set=False, sop_class=VERIFICATION)
        peer.send(together + together + pdu(P_DATA, pdv(echo[:20], is_command=True, is_last=False)))
        peer.send(pdu(P_DATA, pdv(echo[20:], is_command=True)))
        assert [status_of(peer.answer()) for _ in range(3)] == [0, 0, 0]
        peer.send(pdu(RELEASE_RQ, bytes(4)))
        assert peer.answer()[0] == RELEASE_RP
        assert peer.answer() == (0, b"")


def test_an_answer_has_no_larger_pdus_than_the_peer_takes(tmp_path: Path) -> None:
    with listener(dicom_config(tmp_path), Kept().store) as server, RawPeer(server.port) as peer:
        peer.associate(maximum_length=20)
        peer.send(pdu(P_DATA, pdv(command(STORE_RQ, "2.25.7"), is_command=True) + pdv(b"data")))
        found = b""
        while True:
            kind, body = peer.answer()
            assert kind == P_DATA
            assert len(body) <= 20
            found += body[6:]
            if body[5] == 3:
                break
        assert struct.pack("<HHLH", 0, 0x0900, 2, 0) in found


def test_a_peer_that_takes_no_pdu_at_all_is_aborted(tmp_path: Path) -> None:
    with listener(dicom_config(tmp_path), Kept().store) as server, RawPeer(server.port) as peer:
        peer.associate(maximum_length=5)
        peer.send(pdu(P_DATA, pdv(command(STORE_RQ, "2.25.7"), is_command=True) + pdv(b"data")))
        assert peer.ends_with_abort()


def test_what_a_peer_sends_without_waiting_is_answered_in_its_order_and_then_released(tmp_path: Path) -> None:
    kept = Kept()
    sizes = (0, 3, 200_000, 700_000, 5, 450_000)
    images = [os.urandom(size) for size in sizes]
    sent = b"".join(
        pdu(P_DATA, pdv(command(STORE_RQ, f"2.25.{number}"), is_command=True))
        + b"".join(
            pdu(P_DATA, pdv(image[at : at + 200_000], is_last=at + 200_000 >= len(image)))
            for at in range(0, max(len(image), 1), 200_000)
        )
        for number, image in enumerate(images)
    )
    with listener(dicom_config(tmp_path), kept.store) as server, RawPeer(server.port) as peer:
        peer.associate()
        sender = threading.Thread(target=peer.send, args=(sent + pdu(RELEASE_RQ, bytes(4)),))
        sender.start()
        assert [status_of(peer.answer()) for _ in images] == [0] * len(images)
        assert peer.answer()[0] == RELEASE_RP
        sender.join()
    assert [kept.images[f"2.25.{number}"][1] for number in range(len(images))] == images


def test_an_image_that_the_disk_does_not_take_is_out_of_resources_and_the_next_is_stored(
    tmp_path: Path,
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "receiving").write_text("no directory")
    kept = Kept()
    large = b"x" * 1_000_000
    count = MEMORY_LIMIT_BYTES // len(large) + 2
    with listener(dicom_config(tmp_path), kept.store) as server, RawPeer(server.port) as peer:
        peer.associate()
        peer.send(pdu(P_DATA, pdv(command(STORE_RQ, "2.25.7"), is_command=True)))
        for number in range(count):
            peer.send(pdu(P_DATA, pdv(large, is_last=number == count - 1)))
        assert status_of(peer.answer()) == OUT_OF_RESOURCES
        peer.send(pdu(P_DATA, pdv(command(STORE_RQ, "2.25.8"), is_command=True) + pdv(b"small")))
        assert status_of(peer.answer()) == 0
    assert list(kept.images) == ["2.25.8"]


@pytest.mark.parametrize(
    ("extra", "is_taken"), [("", False), (PRIVATE, True), ("private", True), ("1.2.3", False)]
)
def test_private_sop_classes_are_stored_by_setting(tmp_path: Path, extra: str, is_taken: bool) -> None:
    kept = Kept()
    config = dicom_config(tmp_path, extra_sop_classes=ExtraSopClasses.read(extra))
    with listener(config, kept.store) as server, RawPeer(server.port) as peer:
        peer.associate(sop_class=PRIVATE)
        peer.send(
            pdu(P_DATA, pdv(command(STORE_RQ, "2.25.7", sop_class=PRIVATE), is_command=True) + pdv(b"data"))
        )
        if is_taken:
            assert status_of(peer.answer()) == 0
        else:
            assert peer.ends_with_abort()
    assert bool(kept.images) is is_taken


def test_extra_sop_classes_are_uids_of_no_other_service() -> None:
    for text, message in [("1.2.x", "'1.2.x' is no UID"), ("1.2.840.10008.1.1", "and no storage")]:
        with pytest.raises(ValueError, match=message):
            ExtraSopClasses.read(text)


def test_a_c_store_on_a_context_of_another_service_is_refused(tmp_path: Path) -> None:
    with listener(dicom_config(tmp_path), Kept().store) as server, RawPeer(server.port) as peer:
        peer.associate(sop_class="1.2.840.10008.1.1")
        peer.send(pdu(P_DATA, pdv(command(STORE_RQ, "2.25.7"), is_command=True) + pdv(b"data")))
        assert status_of(peer.answer()) == CLASS_NOT_SUPPORTED


def test_one_association_more_than_may_be_is_rejected_and_later_ones_are_not(tmp_path: Path) -> None:
    with listener(dicom_config(tmp_path, maximum_associations=2), Kept().store) as server:
        with RawPeer(server.port) as one, RawPeer(server.port) as two, RawPeer(server.port) as three:
            assert one.associate()[0] == 2
            assert two.associate()[0] == 2
            kind, body = three.associate()
            assert (kind, body[1:4]) == (3, bytes([2, 3, 2]))  # transient, presentation, local limit exceeded
        assert until(lambda: len(listening_threads()) == 1)
        with RawPeer(server.port) as four:
            assert four.associate()[0] == 2


def test_nothing_is_read_ahead_of_what_is_stored(tmp_path: Path) -> None:
    may_store, stored = threading.Event(), []

    def store(_association: object, received: Received) -> int:
        stored.append(received.sop_instance_uid)
        assert may_store.wait(60)
        return 0

    with listener(dicom_config(tmp_path), store) as server, RawPeer(server.port) as peer:
        peer.associate()
        peer.send(pdu(P_DATA, pdv(command(STORE_RQ, "2.25.1"), is_command=True) + pdv(b"one")))
        assert until(lambda: stored)
        peer.connection.settimeout(0.5)
        ahead = pdu(P_DATA, pdv(command(STORE_RQ, "2.25.2"), is_command=True)) + pdu(
            P_DATA, pdv(b"x" * 200_000, is_last=False)
        )
        with pytest.raises(TimeoutError):  # the network's buffers are full, and the sender waits
            peer.send(ahead * 200)
        assert stored == ["2.25.1"]
        may_store.set()
        peer.connection.settimeout(20)


def test_a_c_store_that_runs_is_answered_before_the_listener_stops(tmp_path: Path) -> None:
    begun = threading.Event()

    def store(_association: object, _received: Received) -> int:
        begun.set()
        time.sleep(0.5)
        return 0

    with listener(dicom_config(tmp_path), store) as server, RawPeer(server.port) as peer:
        peer.associate()
        peer.send(pdu(P_DATA, pdv(command(STORE_RQ, "2.25.1"), is_command=True) + pdv(b"one")))
        assert begun.wait(60)
        server.stop(5.0)
        assert status_of(peer.answer()) == 0
        kind, _ = peer.answer()
        assert kind == 7


def test_an_idle_association_is_aborted(tmp_path: Path) -> None:
    config = dicom_config(tmp_path, idle_timeout_s=0.5)
    with listener(config, Kept().store) as server, RawPeer(server.port) as peer:
        peer.associate()
        peer.send(pdu(P_DATA, pdv(command(STORE_RQ, "2.25.1"), is_command=True) + pdv(b"one")))
        assert status_of(peer.answer()) == 0
        kind, _ = peer.answer()
        assert kind == 7
        assert until(lambda: len(listening_threads()) == 1)


def test_an_idle_association_costs_nothing(tmp_path: Path) -> None:
    with listener(dicom_config(tmp_path), Kept().store) as server, RawPeer(server.port) as peer:
        peer.associate()
        peer.send(pdu(P_DATA, pdv(command(STORE_RQ, "2.25.1"), is_command=True) + pdv(b"one")))
        assert status_of(peer.answer()) == 0
        time.sleep(0.2)
        before_s = time.process_time()
        time.sleep(1.0)
        assert time.process_time() - before_s < 0.1  # two threads that poll each millisecond take more


def test_the_syntax_of_a_context_is_the_one_that_the_peer_names_first(tmp_path: Path) -> None:
    with listener(dicom_config(tmp_path), Kept().store) as server, RawPeer(server.port) as peer:
        kind, body = peer.associate()
        assert kind == 2
        assert EXPLICIT.encode() in body
