"""Study Root C-GET and C-MOVE over real sockets: catalogue and sealed images to dcmtk and pynetdicom."""

from __future__ import annotations

import os
import subprocess
import warnings
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    RLELossless,
)
from pynetdicom import build_context, build_role

from producers.dicom.associations.peers import PeerTls
from producers.dicom.associations.tls import TlsConfig, server_context
from producers.dicom.retrieve.image_sending import _fragments, without_meta
from producers.dicom.retrieve.service import STUDY_ROOT_GET, STUDY_ROOT_MOVE
from schemas.events import AccessRecorded, StudyRetrieved
from schemas.keyring import FileKeyRing
from tests.certificates import Authority
from tests.dicom_files import by_transfer_syntax
from tests.dicom_retrieving import (
    OF_PATIENT,
    STUDY,
    Site,
    associated,
    data_set_of,
    files,
    kinds_of,
    move,
    query,
    receiving,
    said,
    site,
)
from tests.producing import SITE_KEY
from tests.stored_images import key_of


@pytest.fixture
def ring(tmp_path: Path) -> FileKeyRing:
    """An empty key ring."""
    return FileKeyRing(tmp_path / "ring", SITE_KEY)


def test_a_study_is_moved_bit_by_bit_in_every_transfer_syntax(ring: FileKeyRing, tmp_path: Path) -> None:
    sent = files()
    with site(tmp_path, ring, sent) as ours, receiving(ours.destination_port, kinds_of(ours.images)) as taken:
        statuses, identifier = move(ours.port, query())
        assert statuses[-1].Status == 0x0000, statuses[-1]
        assert identifier is None
        assert statuses[-1].NumberOfCompletedSuboperations == len(sent)
        assert {status.Status for status in statuses[:-1]} == {0xFF00}
        for image, file in zip(ours.images, sent, strict=True):
            assert taken[image.sop_instance_uid] == (image.transfer_syntax_uid, data_set_of(file))
        [access] = said(ours.store, AccessRecorded)
        [retrieved] = said(ours.store, StudyRetrieved)
    assert isinstance(access, AccessRecorded)
    assert isinstance(retrieved, StudyRetrieved)
    assert (retrieved.instance_count, retrieved.retrieved_by_ae_title) == (len(sent), "DESTINATION")
    assert (retrieved.study_instance_uid, retrieved.accession_number) == (STUDY, "A1")
    assert (access.user, access.network_address, access.envelope.patient_key) == (
        "VIEWER",
        "127.0.0.1",
        key_of(OF_PATIENT),
    )


def test_movescu_moves_at_each_level_to_storescp(ring: FileKeyRing, tmp_path: Path) -> None:
    sent = files(ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit)
    received = tmp_path / "received"
    received.mkdir()
    with site(tmp_path, ring, sent) as ours:
        at = ["-k", f"StudyInstanceUID={STUDY}", "-k", "SeriesInstanceUID=2.25.1.1"]
        one = ["-k", f"SOPInstanceUID={ours.images[0].sop_instance_uid}"]
        for level, keys, count in (("STUDY", at[:2], 3), ("SERIES", at, 3), ("IMAGE", [*at, *one], 1)):
            command = [
                *("movescu", "-S", "-aec", "TESTED", "-aet", "DESTINATION", "-aem", "DESTINATION"),
                *("+xa", "--port", str(ours.destination_port), "-od", str(received)),
                *("-k", f"QueryRetrieveLevel={level}", *keys, "127.0.0.1", str(ours.port)),
            ]
            done = dcmtk(command)
            assert done.returncode == 0, done.stderr
            images = list(received.iterdir())
            assert len(images) == count
            for image in images:
                image.unlink()


def dcmtk(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run one of its tools."""
    return subprocess.run(
        command,
        env={**os.environ, "TCP_NODELAY": "1"},
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )


def test_getscu_gets_a_study(ring: FileKeyRing, tmp_path: Path) -> None:
    sent = files(ExplicitVRLittleEndian, ImplicitVRLittleEndian)
    received = tmp_path / "received"
    received.mkdir()
    with site(tmp_path, ring, sent, converts=True) as ours:
        command = [
            *("getscu", "-v", "-S", "-aec", "TESTED", "-od", str(received), "-k", "QueryRetrieveLevel=STUDY"),
            *("-k", f"StudyInstanceUID={STUDY}", "127.0.0.1", str(ours.port)),
        ]
        done = dcmtk(command)
        assert done.returncode == 0, done.stderr
        [retrieved] = said(ours.store, StudyRetrieved)
        expected = {image.sop_instance_uid for image in ours.images}
    assert {str(dcmread(path).SOPInstanceUID) for path in received.iterdir()} == expected
    assert isinstance(retrieved, StudyRetrieved)
    assert retrieved.retrieved_by_ae_title == "GETSCU"


def test_our_own_get_writes_the_files(ring: FileKeyRing, tmp_path: Path) -> None:
    from producers.dicom.client.peer import Peer as Called  # noqa: PLC0415 - the two are called alike
    from producers.dicom.client.retrieving import get  # noqa: PLC0415 - beside it

    sent = files(ExplicitVRLittleEndian, JPEGBaseline8Bit)
    (tmp_path / "got").mkdir()
    with site(tmp_path, ring, sent) as ours:
        peer = Called(host="127.0.0.1", port=ours.port, called_ae_title="TESTED", calling_ae_title="US")
        got = get(peer, query(), tmp_path / "got", lambda _done, _all: None)
    assert (got.status, got.completed, got.failed) == (0, 2, 0)
    for image, file in zip(ours.images, sent, strict=True):
        written = (tmp_path / "got" / f"{image.sop_instance_uid}.dcm").read_bytes()
        assert data_set_of(written) == data_set_of(file)


@pytest.mark.parametrize("converts", [False, True])
def test_what_the_peer_does_not_take_fails_unless_it_may_be_converted(
    ring: FileKeyRing, tmp_path: Path, converts: bool
) -> None:
    sent = files(ExplicitVRLittleEndian, RLELossless)
    with site(tmp_path, ring, sent, converts=converts) as ours:
        plain, packed = ours.images
        kinds = [(image.sop_class_uid, str(ExplicitVRLittleEndian)) for image in ours.images]
        with receiving(ours.destination_port, kinds) as taken:
            statuses, identifier = move(ours.port, query())
        last = statuses[-1]
    original = dcmread(BytesIO(sent[1]))
    assert plain.sop_instance_uid in taken
    if converts:
        assert last.Status == 0x0000
        syntax, data_set = taken[packed.sop_instance_uid]
        assert syntax == ExplicitVRLittleEndian
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            got = dcmread(BytesIO(data_set), force=True)
            got.file_meta = Dataset()  # type: ignore[assignment]  # of the data set alone
        assert got.SOPInstanceUID == original.SOPInstanceUID
        original.decompress()
        assert got.PixelData == original.PixelData
        return
    assert (last.Status, last.NumberOfFailedSuboperations, last.NumberOfCompletedSuboperations) == (
        0xB000,
        1,
        1,
    )
    assert "RLE Lossless" in last.ErrorComment
    assert identifier is not None
    assert identifier.FailedSOPInstanceUIDList == packed.sop_instance_uid


def test_a_cancel_ends_the_move_and_what_went_out_is_said(ring: FileKeyRing, tmp_path: Path) -> None:
    [file] = files(ExplicitVRLittleEndian)
    many = [renamed(file, f"2.25.9.{number}") for number in range(60)]
    statuses: list[Dataset] = []
    with (
        site(tmp_path, ring, many) as ours,
        receiving(ours.destination_port, kinds_of(ours.images[:1])) as taken,
    ):
        with associated(ours.port, build_context(STUDY_ROOT_MOVE)) as association:
            for status, _ in association.send_c_move(query(), "DESTINATION", STUDY_ROOT_MOVE, msg_id=9):
                if not statuses:
                    association.send_c_cancel(9, query_model=STUDY_ROOT_MOVE)
                statuses.append(status)
        [retrieved] = said(ours.store, StudyRetrieved)
    assert statuses[-1].Status == 0xFE00
    assert isinstance(retrieved, StudyRetrieved)
    assert statuses[-1].NumberOfCompletedSuboperations == retrieved.instance_count == len(taken) < 60
    assert statuses[-1].NumberOfRemainingSuboperations == 60 - len(taken)


def renamed(file: bytes, uid: str) -> bytes:
    """The same image under another UID."""
    data_set = dcmread(BytesIO(file))
    data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = UID(uid)
    out = BytesIO()
    data_set.save_as(out)
    return out.getvalue()


def test_the_images_of_an_erased_patient_fail_and_the_association_goes_on(
    ring: FileKeyRing, tmp_path: Path
) -> None:
    with site(tmp_path, ring, files(ExplicitVRLittleEndian)) as ours:
        ring.destroy(key_of(OF_PATIENT))
        kinds = kinds_of(ours.images)
        contexts = [build_context(STUDY_ROOT_GET), *(build_context(*kind) for kind in kinds)]
        roles = [build_role(kind[0], scp_role=True) for kind in kinds]
        with associated(ours.port, *contexts, ext_neg=roles) as association:
            for _ in range(2):
                answers = list(association.send_c_get(query(), STUDY_ROOT_GET))
                status, identifier = answers[-1]
                assert (status.Status, status.NumberOfFailedSuboperations) == (0xA702, 1)
                assert status.ErrorComment == "the patient was erased"
                assert identifier is not None
                assert identifier.FailedSOPInstanceUIDList == ours.images[0].sop_instance_uid
        assert said(ours.store, StudyRetrieved) == []


def lost(ours: Site) -> None:
    """The object store has nothing."""
    ours.store.objects.clear()


def damaged(ours: Site) -> None:
    """An object is not what was sealed."""
    key = ours.images[0].object_key
    ours.store.objects[key] = ours.store.objects[key][:-1] + b"?"


@pytest.mark.parametrize("harm", [lost, damaged])
def test_an_image_that_cannot_be_opened_fails_before_the_peer_hears_of_it(
    ring: FileKeyRing, tmp_path: Path, harm: Callable[[Site], None]
) -> None:
    with site(tmp_path, ring, files(ExplicitVRLittleEndian)) as ours:
        harm(ours)
        with receiving(ours.destination_port, kinds_of(ours.images)) as taken:
            statuses, _ = move(ours.port, query())
    assert (statuses[-1].Status, taken) == (0xA702, {})


def test_a_large_image_is_sent_piece_by_piece_and_a_damaged_one_ends_the_association(
    ring: FileKeyRing, tmp_path: Path
) -> None:
    [file] = files(ExplicitVRLittleEndian)
    data_set = dcmread(BytesIO(file))
    data_set.PixelData = bytes(range(256)) * (1 << 17)  # 32 MiB
    out = BytesIO()
    data_set.save_as(out)
    with (
        site(tmp_path, ring, [out.getvalue()]) as ours,
        receiving(ours.destination_port, kinds_of(ours.images)) as taken,
    ):
        assert move(ours.port, query())[0][-1].Status == 0x0000
        assert taken[ours.images[0].sop_instance_uid][1] == data_set_of(out.getvalue())
        taken.clear()
        damaged(ours)
        assert move(ours.port, query())[0][-1].Status == 0xA702
        assert taken == {}


def test_a_destination_is_called_over_tls_where_the_peer_has_it(ring: FileKeyRing, tmp_path: Path) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path, "other")
    theirs = server_context(TlsConfig(*authority.issue("destination"), authority.path))
    ours_certificate, ours_key = authority.issue("ours")
    for trusted, status in ((authority, 0x0000), (other, 0xA801)):
        tls = PeerTls(authority=trusted.path, certificate=ours_certificate, key=ours_key)
        with (
            site(tmp_path, ring, files(ExplicitVRLittleEndian), tls=tls) as ours,
            receiving(ours.destination_port, kinds_of(ours.images), theirs) as taken,
        ):
            statuses, _ = move(ours.port, query())
            assert (statuses[-1].Status, len(taken)) == (status, int(status == 0))


def test_nobody_gets_an_image_that_is_not_recorded(ring: FileKeyRing, tmp_path: Path) -> None:
    with site(tmp_path, ring, files(ExplicitVRLittleEndian)) as ours:
        ours.store.is_kafka_up = False
        with receiving(ours.destination_port, kinds_of(ours.images)) as taken:
            statuses, _ = move(ours.port, query())
    assert (statuses[-1].Status, taken) == (0xC000, {})


def test_a_destination_that_is_unknown_or_away_is_said(ring: FileKeyRing, tmp_path: Path) -> None:
    with site(tmp_path, ring, files(ExplicitVRLittleEndian)) as ours:
        for to in ("NOBODY", "DESTINATION"):
            statuses, _ = move(ours.port, query(), to)
            assert [status.Status for status in statuses] == [0xA801]


@pytest.mark.parametrize(
    ("keys", "status"),
    [
        (query(StudyInstanceUID=""), 0xA900),
        (query("PATIENT"), 0xA900),
        (query("IMAGE", SOPInstanceUID="2.25.1"), 0xA900),
        (query(StudyInstanceUID="2.25.404"), 0x0000),
    ],
)
def test_what_cannot_be_asked_for_so_is_refused(
    ring: FileKeyRing, tmp_path: Path, keys: Dataset, status: int
) -> None:
    with site(tmp_path, ring, files(ExplicitVRLittleEndian)) as ours:
        with receiving(
            ours.destination_port, [*kinds_of(ours.images), ("1.2.840.10008.1.1", ImplicitVRLittleEndian)]
        ):
            statuses, _ = move(ours.port, keys)
        assert statuses[-1].Status == status
        assert ours.store.published == []


@given(cuts=st.lists(st.integers(0, 3000), max_size=8), size=st.integers(1, 700))
def test_however_a_file_comes_its_data_set_goes_out_whole(cuts: list[int], size: int) -> None:
    file = by_transfer_syntax()[ExplicitVRLittleEndian].read_bytes()[:3000]
    ends = [*sorted(cuts), len(file)]
    pieces = [file[start:end] for start, end in zip([0, *ends], ends, strict=False) if start < end]
    fragments = list(_fragments(without_meta(pieces), size))
    assert b"".join(fragment for fragment, _ in fragments) == data_set_of(file)
    assert [is_last for _, is_last in fragments] == [False] * (len(fragments) - 1) + [True]
    assert all(len(fragment) == size for fragment, is_last in fragments if not is_last)
