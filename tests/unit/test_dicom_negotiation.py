"""Who may associate and for what, and TLS, as peers see it."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom._uid_dict import UID_dictionary
from pydicom.data import get_testdata_file
from pynetdicom import AE, AllStoragePresentationContexts, build_role, evt
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import UserIdentityNegotiation
from pynetdicom.presentation import build_context

from benchmarks.dicom_upper_layer import ASSOCIATE_RJ
from benchmarks.dicom_upper_layer import associate_request as encoded_request
from producers.dicom.associations.checkpoint import PAUSES_FOR_SENDERS
from producers.dicom.associations.negotiation import Negotiation
from producers.dicom.associations.passcodes import hash_passcode
from producers.dicom.associations.peers import Peers, PeerTls, Service
from producers.dicom.associations.peers_file import read_peers
from producers.dicom.associations.services import Handler, SupportedContext
from producers.dicom.associations.syntaxes import STORAGE_CLASSES, TRANSFER_SYNTAXES, ExtraSopClasses
from producers.dicom.associations.tls import TlsConfig, client_context
from runtime.installation import Installation
from runtime.roles.dicom import run as run_role
from runtime.settings import Settings
from tests.certificates import Authority
from tests.dicom_listening import CT, Kept, RawPeer, dicom_config, listener, listening_threads, until

VERIFICATION = "1.2.840.10008.1.1"
WORKLIST = "1.2.840.10008.5.1.4.31"
MPPS = "1.2.840.10008.3.1.2.3.3"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"


class Registered:
    """Services that are registered and never asked."""

    def contexts(self) -> list[SupportedContext]:
        """Worklist, MPPS, and C-GET with the storage that it sends."""
        return [
            SupportedContext(WORKLIST),
            SupportedContext(MPPS),
            SupportedContext(STUDY_ROOT_GET),
            SupportedContext(CT, ("1.2.840.10008.1.2.1",), scu_role=True, scp_role=True),
        ]

    def handlers(self) -> list[Handler]:
        """None is needed."""
        return []


def peers(directory: Path, text: str) -> Peers:
    """From a file, with our own title required."""
    file = directory / "peers.toml"
    file.write_text(text)
    return read_peers(file).requiring("TESTED")


@contextmanager
def association(
    port: int,
    *,
    calling: str = "CT01",
    called: str = "TESTED",
    classes: tuple[str, ...] = (VERIFICATION, CT, WORKLIST, MPPS, STUDY_ROOT_GET),
    negotiated: list[Any] | None = None,
    tls: tuple[ssl.SSLContext, str] | None = None,
) -> Iterator[Association]:
    """What comes of a request by pynetdicom; its connection is closed after it."""
    entity = AE(ae_title=calling)
    connections = []
    for sop_class in classes:
        entity.add_requested_context(sop_class)
    found = entity.associate(
        "127.0.0.1",
        port,
        ae_title=called,
        ext_neg=negotiated,
        tls_args=tls,
        evt_handlers=[
            PAUSES_FOR_SENDERS,
            (evt.EVT_CONN_OPEN, lambda event: connections.append(event.assoc.dul.socket.socket)),
        ],
    )
    try:
        yield found
    finally:
        if found.is_established:
            found.release()
        for connection in connections:
            connection.close()


def accepted(found: Association) -> set[str]:
    """The SOP classes that were accepted."""
    return {str(context.abstract_syntax) for context in found.accepted_contexts}


def rejection(found: Association) -> tuple[int, int, int]:
    """Result, source and reason."""
    answer: Any = found.acceptor.primitive
    assert found.is_rejected
    return (answer.result, answer.result_source, answer.diagnostic)


@pytest.mark.parametrize(
    ("calling", "called", "text", "expected"),
    [
        ("STRANGER", "TESTED", "[peers.CT01]", (1, 1, 3)),
        ("CT01", "TESTED", "[peers.CT01]\nnetworks = ['10.0.0.0/8']", (1, 1, 3)),
        ("CT01", "OTHER", "[peers.CT01]", (1, 1, 7)),
    ],
)
def test_a_peer_that_may_not_associate_is_told_why(
    tmp_path: Path, calling: str, called: str, text: str, expected: tuple[int, int, int]
) -> None:
    config = dicom_config(tmp_path, peers=peers(tmp_path, text))
    with listener(config, Kept().store) as server:
        with association(server.port, calling=calling, called=called) as found:
            assert rejection(found) == expected
        assert until(lambda: len(listening_threads()) == 1)


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        ("", {VERIFICATION, CT, WORKLIST, MPPS, STUDY_ROOT_GET}),
        ("services = ['store']", {VERIFICATION, CT}),
        ("services = ['worklist', 'mpps']", {VERIFICATION, WORKLIST, MPPS}),
        ("services = ['retrieve']", {VERIFICATION, STUDY_ROOT_GET}),
    ],
)
def test_only_contexts_of_the_peers_services_are_accepted(
    tmp_path: Path, services: str, expected: set[str]
) -> None:
    config = dicom_config(tmp_path, peers=peers(tmp_path, f"[peers.CT01]\n{services}"))
    with listener(config, Kept().store, Registered()) as server, association(server.port) as found:
        assert found.is_established
        assert accepted(found) == expected


def test_who_may_retrieve_but_not_store_takes_images_and_sends_none(tmp_path: Path) -> None:
    config = dicom_config(tmp_path, peers=peers(tmp_path, "[peers.CT01]\nservices = ['retrieve']"))
    role = build_role(CT, scp_role=True)
    with (
        listener(config, Kept().store, Registered()) as server,
        association(server.port, negotiated=[role]) as found,
    ):
        taken = {str(context.abstract_syntax): context for context in found.accepted_contexts}
        assert (taken[CT].as_scu, taken[CT].as_scp) == (False, True)


def test_all_services_of_an_association_are_rejected_where_none_may_be_used(tmp_path: Path) -> None:
    config = dicom_config(tmp_path, peers=peers(tmp_path, "[peers.CT01]\nservices = ['store']"))
    with (
        listener(config, Kept().store, Registered()) as server,
        association(server.port, classes=(WORKLIST,)) as found,
    ):
        assert not found.accepted_contexts


def tls_of(authority: Authority, shown: tuple[Path, Path] | None = None) -> tuple[ssl.SSLContext, str]:
    """A peer's, that trusts the authority and shows a certificate."""
    certificate, key = shown or (None, None)
    context = client_context(PeerTls(authority=authority.path, certificate=certificate, key=key))
    return context, "127.0.0.1"


def user(name: str, passcode: str, *, wants_answer: bool = True) -> UserIdentityNegotiation:
    """Username and passcode."""
    item = UserIdentityNegotiation()
    item.user_identity_type = 2
    item.primary_field, item.secondary_field = name.encode(), passcode.encode()
    item.positive_response_requested = wants_answer
    return item


@pytest.mark.parametrize(
    ("identity", "is_taken", "is_answered"),
    [
        (user("ann", "open sesame"), True, True),
        (user("ann", "open sesame", wants_answer=False), True, False),
        (user("ann", "open barley"), False, False),
        (user("bob", "open sesame"), False, False),
        (None, False, False),
    ],
)
def test_a_peer_with_users_has_to_identify_one(
    tmp_path: Path, identity: UserIdentityNegotiation | None, is_taken: bool, is_answered: bool
) -> None:
    text = f"[peers.CT01.users]\nann = '{hash_passcode(b'open sesame')}'"
    negotiated = [] if identity is None else [identity]
    with (
        listener(dicom_config(tmp_path, peers=peers(tmp_path, text)), Kept().store) as server,
        association(server.port, negotiated=negotiated) as found,
    ):
        assert found.is_established is is_taken
        if is_taken:
            answer = found.acceptor.user_identity
            assert (answer is not None and answer.server_response == b"") is is_answered
        else:
            assert rejection(found) == (1, 1, 1)


def test_an_identity_that_nobody_demands_is_ignored(tmp_path: Path) -> None:
    with (
        listener(dicom_config(tmp_path), Kept().store) as server,
        association(server.port, negotiated=[user("ann", "anything")]) as found,
    ):
        assert found.is_established
        assert found.acceptor.user_identity is None


def test_every_storage_class_and_transfer_syntax_that_pydicom_knows_is_accepted() -> None:
    names = {uid: name for uid, (name, kind, *_) in UID_dictionary.items() if kind == "SOP Class"}
    images = {uid for uid, name in names.items() if "Image Storage" in name}
    assert images - STORAGE_CLASSES == set()
    assert {str(context.abstract_syntax) for context in AllStoragePresentationContexts} <= STORAGE_CLASSES
    negotiation = Negotiation(Peers(), [], ExtraSopClasses(), lambda _association: True)
    proposed = [build_context(uid, sorted(TRANSFER_SYNTAXES)) for uid in sorted(STORAGE_CLASSES)]
    found = negotiation.contexts_for(proposed, {}, frozenset(Service))
    assert [context.abstract_syntax for context in found] == sorted(STORAGE_CLASSES)
    assert all(context.transfer_syntax == sorted(TRANSFER_SYNTAXES) for context in found)


@pytest.mark.parametrize("has_client_authority", [False, True])
def test_associations_are_encrypted_and_images_arrive(tmp_path: Path, has_client_authority: bool) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("listener")
    tls = TlsConfig(certificate, key, authority.path if has_client_authority else None)
    shown = authority.issue("modality") if has_client_authority else None
    image = dcmread(str(get_testdata_file("693_UNCR.dcm")))
    kept = Kept()
    with (
        listener(dicom_config(tmp_path, tls=tls), kept.store) as server,
        association(server.port, tls=tls_of(authority, shown)) as found,
    ):
        assert found.is_established
        assert [found.send_c_store(image).Status for _ in range(3)] == [0, 0, 0]
        assert found.send_c_echo().Status == 0
    assert bytes(image.PixelData) in kept.images[image.SOPInstanceUID][1]


@pytest.mark.skipif(shutil.which("storescu") is None, reason="dcmtk is not installed")
def test_dcmtk_stores_over_tls_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("listener")
    own_certificate, own_key = authority.issue("modality")
    kept = Kept()
    with listener(
        dicom_config(tmp_path, tls=TlsConfig(certificate, key, authority.path)), kept.store
    ) as server:
        options = ["+tls", str(own_key), str(own_certificate), "+cf", str(authority.path), "-aec", "TESTED"]
        to = ["127.0.0.1", str(server.port)]
        image = str(get_testdata_file("CT_small.dcm"))
        for command in (["echoscu", *options, *to], ["storescu", *options, *to, image]):
            subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert len(kept.images) == 1


@pytest.mark.parametrize("case", ["no certificate", "another authority", "TLS 1.1", "no TLS"])
def test_who_does_not_speak_tls_as_it_must_be_gets_nowhere_and_leaves_nothing(
    tmp_path: Path, case: str
) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path, "other")
    certificate, key = authority.issue("listener")
    context = ssl.create_default_context(cafile=authority.path)
    if case == "another authority":
        context.load_cert_chain(*other.issue("modality"))
    if case == "TLS 1.1":
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.load_cert_chain(*authority.issue("modality"))
    config = dicom_config(tmp_path, tls=TlsConfig(certificate, key, authority.path))
    with listener(config, Kept().store) as server:
        if case == "no TLS":
            with RawPeer(server.port) as peer:
                assert peer.associate()[0] != 2
        else:
            with association(server.port, tls=(context, "127.0.0.1")) as found:
                assert not found.is_established
        assert until(lambda: len(listening_threads()) == 1)
        with association(server.port, tls=tls_of(authority, authority.issue("good"))) as found:
            assert found.is_established


def test_a_handshake_that_stops_does_not_keep_others_waiting(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("listener")
    config = dicom_config(tmp_path, tls=TlsConfig(certificate, key), stall_timeout_s=1.0)
    with listener(config, Kept().store) as server, RawPeer(server.port) as silent:
        silent.send(b"\x16\x03\x01")
        with association(server.port, tls=tls_of(authority)) as found:
            assert found.is_established
        assert silent.answer()[0] in (0, 21)  # the end, or a TLS alert before it
        assert until(lambda: len(listening_threads()) == 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dicom_tls_certificate": "a.pem"}, "set both RADSTREAM_DICOM_TLS_CERTIFICATE and"),
        ({"dicom_tls_client_authority": "a.pem"}, "RADSTREAM_DICOM_TLS_CLIENT_AUTHORITY needs"),
        ({"dicom_extra_sop_classes": "CT"}, "RADSTREAM_DICOM_EXTRA_SOP_CLASSES: 'CT' is no UID"),
    ],
)
def test_settings_that_cannot_be_are_named(tmp_path: Path, settings: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run_role(Installation(Settings(data=tmp_path, **settings)))  # type: ignore[arg-type]  # paths as texts


def test_a_context_without_a_transfer_syntax_is_no_reason_to_lose_a_thread(tmp_path: Path) -> None:
    with listener(dicom_config(tmp_path), Kept().store) as server, RawPeer(server.port) as peer:
        peer.send(encoded_request("TESTED", "RAW", [(1, CT, [])]))
        kind, _ = peer.answer()
        assert kind == ASSOCIATE_RJ
        assert until(lambda: len(listening_threads()) == 1, 5)
