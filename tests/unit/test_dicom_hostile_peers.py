"""What no peer should send: the association ends with A-ABORT, and nothing of it is left."""

from __future__ import annotations

import gc
import os
import socket
import struct
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.dicom_upper_layer import command as encoded_command
from benchmarks.dicom_upper_layer import us
from tests.dicom_listening import (
    ABORT,
    P_DATA,
    Kept,
    RawPeer,
    associate_request,
    command,
    dicom_config,
    listener,
    listening_threads,
    pdu,
    pdv,
    status_of,
    until,
)

STORE_RQ = 0x01
STORE = pdv(command(STORE_RQ, "2.25.7"), is_command=True)
NAMELESS_ECHO = encoded_command((0x0100, us(0x0030)), (0x0110, us(1)), (0x0800, us(0x0101)))
FIND_RQ = pdv(command(0x20, "2.25.7"), is_command=True)


def descriptors() -> int:
    """Open files and sockets of this process."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counted, not used


def steady_descriptors() -> int:
    """The same, once what tests before this one left behind has been closed."""
    gc.collect()
    found = descriptors()
    while (later := _after_a_while()) != found:
        found = later
    return found


def _after_a_while() -> int:
    time.sleep(0.1)
    return descriptors()


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(pdu(P_DATA, b""), id="no value"),
        pytest.param(pdu(P_DATA, b"\x00\x00\x00"), id="a value's header cut"),
        pytest.param(pdu(P_DATA, struct.pack(">LBB", 100, 1, 3)), id="a value longer than its PDU"),
        pytest.param(pdu(P_DATA, struct.pack(">LBB", 1, 1, 3)), id="a value shorter than its header"),
        pytest.param(pdu(P_DATA, struct.pack(">LBB", 0xFFFFFFFF, 1, 3)), id="a value of 4 GiB"),
        pytest.param(struct.pack(">BxL", P_DATA, 0xFFFFFFFF), id="a PDU of 4 GiB"),
        pytest.param(struct.pack(">BxL", P_DATA, 2**20 + 1), id="a PDU larger than the buffer"),
        pytest.param(struct.pack(">BxL", 1, 0x7FFFFFFF), id="an association request of 2 GiB"),
        pytest.param(pdu(9, b"abcd"), id="a PDU of no type"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n", id="HTTP"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(600), id="TLS"),
        pytest.param(pdu(P_DATA, pdv(b"data")), id="data without a command"),
        pytest.param(
            pdu(P_DATA, pdv(command(STORE_RQ, "2.25.7"), context_id=3, is_command=True)),
            id="a context that was not accepted",
        ),
        pytest.param(pdu(P_DATA, STORE + pdv(b"data", context_id=3)), id="data in another context"),
        pytest.param(pdu(P_DATA, STORE + pdv(b"data", is_last=False) + STORE), id="a command within data"),
        pytest.param(pdu(P_DATA, pdv(b"\x00\x00\x00", is_command=True)), id="a command set cut"),
        pytest.param(
            pdu(P_DATA, pdv(struct.pack("<HHL", 0, 2, 99), is_command=True)), id="an element too long"
        ),
        pytest.param(
            pdu(P_DATA, pdv(struct.pack("<HHLH", 8, 0x100, 2, 1), is_command=True)), id="no command's group"
        ),
        pytest.param(pdu(P_DATA, pdv(b"", is_command=True)), id="an empty command set"),
        pytest.param(
            pdu(P_DATA, pdv(b"\x00" * 60_000, is_command=True, is_last=False)) * 2,
            id="an endless command set",
        ),
        pytest.param(
            pdu(P_DATA, pdv(b"", is_command=True, is_last=False) * 10_000), id="a command of empty fragments"
        ),
        pytest.param(pdu(P_DATA, FIND_RQ + pdv(b"", is_last=False) + STORE), id="a command within a query"),
        pytest.param(associate_request(), id="a second association request"),
        pytest.param(pdu(P_DATA, pdv(NAMELESS_ECHO, is_command=True)), id="a request without its SOP class"),
    ],
)
def test_what_cannot_be_is_answered_with_an_abort(tmp_path: Path, said: bytes) -> None:
    kept = Kept()
    with listener(dicom_config(tmp_path), kept.store) as server:
        before = steady_descriptors()
        with RawPeer(server.port) as peer:
            assert peer.associate()[0] == 2
            peer.send(said)
            assert peer.ends_with_abort()
        assert until(lambda: len(listening_threads()) == 1)
        assert until(lambda: descriptors() == before)
    assert kept.images == {}


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x01\x00", id="a header cut"),
        pytest.param(associate_request()[:100], id="a request cut"),
    ],
)
def test_a_peer_that_goes_before_it_is_associated_leaves_nothing(tmp_path: Path, said: bytes) -> None:
    with listener(dicom_config(tmp_path), Kept().store) as server:
        before = steady_descriptors()
        for _ in range(5):
            with RawPeer(server.port) as peer:
                peer.send(said)
        assert until(lambda: len(listening_threads()) == 1, 5)
        assert until(lambda: descriptors() == before, 5)


EVEN_CONTEXT = associate_request().replace(b"\x20\x00\x00\x38\x01", b"\x20\x00\x00\x38\x02")
NO_ASCII = associate_request().replace(b"1.2.840.10008.5.1.4.1.1.2", b"1.2.840.10008.5.1.4.1.1.\xe9")


@pytest.mark.parametrize(
    "request_", [EVEN_CONTEXT, NO_ASCII, associate_request().replace(b"RAW ", b"\\\\\\ ")]
)
def test_an_association_request_that_the_library_cannot_read_ends_the_connection(
    tmp_path: Path, request_: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert request_ != associate_request()
    with listener(dicom_config(tmp_path), Kept().store) as server, RawPeer(server.port) as peer:
        peer.send(request_)
        assert peer.ends_with_abort(source=0)
        assert until(lambda: len(listening_threads()) == 1, 5)
    assert not caplog.records  # what the library would log has what the peer said in it


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n\r\n", struct.pack(">BxL", 1, 0xFFFFFFF0)])
def test_what_is_no_association_request_ends_the_connection(tmp_path: Path, said: bytes) -> None:
    with listener(dicom_config(tmp_path), Kept().store) as server, RawPeer(server.port) as peer:
        peer.send(said)
        assert peer.ends_with_abort(source=0)  # PS3.8 table 9-10, AA-1
        assert until(lambda: len(listening_threads()) == 1, 5)


@pytest.mark.parametrize("has_abort", [True, False])
def test_an_association_that_breaks_off_within_a_large_object_leaves_no_file(
    tmp_path: Path, has_abort: bool
) -> None:
    kept = Kept()
    with listener(dicom_config(tmp_path), kept.store) as server:
        before = steady_descriptors()
        with RawPeer(server.port) as peer:
            peer.associate()
            peer.send(pdu(P_DATA, STORE))
            for _ in range(20):
                peer.send(pdu(P_DATA, pdv(b"x" * 1_000_000, is_last=False)))
            if has_abort:
                peer.send(pdu(ABORT, bytes(4)))
            else:
                peer.send(pdu(P_DATA, pdv(b"x" * 1000, is_last=False))[:500])
        assert until(lambda: len(listening_threads()) == 1)
        assert until(lambda: descriptors() == before)
    assert kept.images == {}


def test_a_peer_that_stops_in_the_middle_of_a_pdu_is_aborted(tmp_path: Path) -> None:
    config = dicom_config(tmp_path, stall_timeout_s=0.3)
    with listener(config, Kept().store) as server, RawPeer(server.port) as peer:
        peer.associate()
        peer.send(pdu(P_DATA, STORE + pdv(b"x" * 1000))[:-10])
        assert peer.ends_with_abort()
        assert until(lambda: len(listening_threads()) == 1)


def test_a_peer_that_drips_is_aborted(tmp_path: Path) -> None:
    config = dicom_config(tmp_path, stall_timeout_s=0.2, idle_timeout_s=0.6)
    with listener(config, Kept().store) as server, RawPeer(server.port) as peer:
        peer.associate()
        dripping = pdu(P_DATA, STORE + pdv(b"x" * 1000))
        peer.connection.settimeout(0.1)
        for byte in dripping:
            try:
                peer.send(bytes([byte]))
                if peer.connection.recv(1, socket.MSG_PEEK):
                    break
            except TimeoutError:
                continue
        peer.connection.settimeout(10)
        assert peer.ends_with_abort(stays=True)


def test_a_peer_that_stops_within_its_request_is_let_go(tmp_path: Path) -> None:
    config = dicom_config(tmp_path, stall_timeout_s=0.3)
    with listener(config, Kept().store) as server, RawPeer(server.port) as peer:
        peer.send(associate_request()[:50])
        assert peer.ends_with_abort(source=0)
        assert until(lambda: len(listening_threads()) == 1)


def test_a_data_set_that_does_not_end_is_aborted(tmp_path: Path) -> None:
    config = dicom_config(tmp_path, maximum_data_set_bytes=1_000_000)
    with listener(config, Kept().store) as server, RawPeer(server.port) as peer:
        peer.associate()
        peer.send(pdu(P_DATA, STORE))
        for _ in range(11):
            peer.send(pdu(P_DATA, pdv(b"x" * 100_000, is_last=False)))
        assert peer.ends_with_abort()


def test_requests_of_a_peer_that_does_not_wait_stay_in_the_network_and_are_all_answered(
    tmp_path: Path,
) -> None:
    echo = pdu(
        P_DATA, pdv(command(0x30, "", has_data_set=False, sop_class="1.2.840.10008.1.1"), is_command=True)
    )
    with listener(dicom_config(tmp_path), Kept().store) as server, RawPeer(server.port) as peer:
        peer.associate(sop_class="1.2.840.10008.1.1")
        peer.send(echo * 100)
        assert [status_of(peer.answer()) for _ in range(100)] == [0] * 100


def test_more_connections_than_can_be_answered_are_closed(tmp_path: Path) -> None:
    with listener(dicom_config(tmp_path, maximum_associations=1), Kept().store) as server:
        peers = [RawPeer(server.port) for _ in range(80)]
        try:
            closed = peers[-1]
            assert closed.answer() == (0, b"")
        finally:
            for peer in peers:
                peer.connection.close()
        assert until(lambda: len(listening_threads()) == 1)
        with RawPeer(server.port) as peer:
            assert peer.associate()[0] == 2


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n", pdu(P_DATA, pdv(b"data")), pdu(ABORT, bytes(4))])
def test_what_follows_a_request_at_once_is_read_after_its_answer(tmp_path: Path, said: bytes) -> None:
    with listener(dicom_config(tmp_path), Kept().store) as server:
        # Side by side: the listener takes its time to close an association that it has aborted.
        with ExitStack() as opened:
            peers = [opened.enter_context(RawPeer(server.port)) for _ in range(10)]
            for peer in peers:
                peer.send(associate_request() + said)
            for peer in peers:
                assert peer.answer()[0] == 2
                assert said[0] == ABORT or peer.ends_with_abort()
        assert until(lambda: len(listening_threads()) == 1)


def test_answers_that_are_late_for_an_association_that_ended_are_dropped(tmp_path: Path) -> None:
    request = command(0x30, "", has_data_set=False, sop_class="1.2.840.10008.1.1")
    echo = pdu(P_DATA, pdv(request, is_command=True))
    with listener(dicom_config(tmp_path), Kept().store) as server:
        for _ in range(10):
            with RawPeer(server.port) as peer:
                peer.associate(sop_class="1.2.840.10008.1.1")
                peer.send(echo + pdu(9, b"no type"))
                while (answer := peer.answer())[0] == P_DATA:
                    pass
                assert answer[0] == ABORT
        assert until(lambda: len(listening_threads()) == 1)


def test_a_presentation_context_without_a_transfer_syntax_is_no_request(tmp_path: Path) -> None:
    whole = associate_request()
    at = whole.index(b"\x40\x00", 80)  # the transfer syntax item (PS3.8 section 9.3.2.2.2)
    length = 4 + struct.unpack_from(">H", whole, at + 2)[0]
    context = whole.rindex(b"\x20\x00", 74, at)
    cut = bytearray(whole[:at] + whole[at + length :])
    for offset, size in ((2, ">L"), (context + 2, ">H")):
        struct.pack_into(size, cut, offset, struct.unpack_from(size, cut, offset)[0] - length)
    with listener(dicom_config(tmp_path), Kept().store) as server:
        with RawPeer(server.port) as peer:
            peer.send(bytes(cut))
            assert peer.answer()[0] == 3
        assert until(lambda: len(listening_threads()) == 1)
