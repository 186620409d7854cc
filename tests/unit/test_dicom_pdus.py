"""PDUs and command sets: laws, and whatever bytes come."""

from __future__ import annotations

import contextlib
from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.dsutils import decode

from producers.dicom.associations.commands import Command, c_store_response, read_command
from producers.dicom.associations.pdus import HEADER, InvalidPdu, Pdv, command_pdus, p_data, pdvs

values = st.builds(
    Pdv, st.integers(1, 255), st.booleans(), st.booleans(), st.binary(max_size=50).map(memoryview)
)
uids = st.from_regex(r"2\.25\.[1-9][0-9]{0,20}", fullmatch=True).map(
    lambda uid: uid.encode() + b"\x00" * (len(uid) % 2)
)
requests = st.builds(Command, st.just(1), st.integers(0, 65_535), st.booleans(), uids, uids)


def bodies(data: bytes) -> list[bytes]:
    """The bodies of P-DATA PDUs, one after the other."""
    found, offset = [], 0
    while offset < len(data):
        kind, length = HEADER.unpack_from(data, offset)
        assert kind == 4
        offset += HEADER.size
        found.append(data[offset : offset + length])
        offset += length
    return found


@given(st.lists(values, min_size=1, max_size=5))
def test_what_is_written_is_read(written: list[Pdv]) -> None:
    body = b"".join(bodies(b"".join(p_data(value) for value in written)))
    assert list(pdvs(memoryview(body))) == written


@given(st.binary(max_size=200))
def test_any_bytes_are_values_or_invalid(body: bytes) -> None:
    with contextlib.suppress(InvalidPdu):
        assert sum(6 + len(value.fragment) for value in pdvs(memoryview(body))) == len(body)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_command_or_invalid(data: bytes) -> None:
    with contextlib.suppress(InvalidPdu):
        read_command(data)


@given(requests, st.integers(0, 65_535), st.integers(7, 300) | st.just(0))
def test_an_answer_says_what_it_answers_in_pdus_that_the_peer_takes(
    request: Command, status: int, maximum_length: int
) -> None:
    found = bodies(command_pdus(9, c_store_response(request, status), maximum_length))
    assert all(len(body) <= (maximum_length or 2**32) for body in found)
    fragments = [next(pdvs(memoryview(body))) for body in found]
    assert [value.is_last for value in fragments] == [False] * (len(found) - 1) + [True]
    assert all((value.context_id, value.is_command) == (9, True) for value in fragments)
    command_set = b"".join(bytes(value.fragment) for value in fragments)
    read = decode(BytesIO(command_set), True, True)
    assert read.CommandGroupLength == len(command_set) - 12
    assert (read.CommandField, read.CommandDataSetType, read.Status) == (0x8001, 0x0101, status)
    assert read.MessageIDBeingRespondedTo == request.message_id
    assert read.AffectedSOPInstanceUID == request.sop_instance_uid
    assert read.AffectedSOPClassUID == request.sop_class_uid
