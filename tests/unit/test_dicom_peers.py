"""Who may use the DICOM listener, as the peers file says it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from producers.dicom.associations.passcodes import hash_passcode, is_passcode_hash, passcode_matches
from producers.dicom.associations.peers import Destination, Peers, PeerTls, Service
from producers.dicom.associations.peers_file import InvalidPeers, read_peers
from runtime.cli.dicom import app
from runtime.roles.dicom import peers_of
from runtime.settings import Settings

ROOT = Path(__file__).parents[2]
EXAMPLE = """
[peers.CT01]
networks = ["10.1.2.0/24", "192.0.2.7"]
services = ["store", "mpps"]
host = "10.1.2.7"

[peers."PACS 1"]
host = "pacs.example.org"
port = 2762
tls = { authority = "ca.pem", server_name = "pacs" }

[peers.VIEWER]
"""


def peers(directory: Path, text: str = EXAMPLE) -> Peers:
    """What the file says."""
    (directory / "ca.pem").write_text("")
    file = directory / "peers.toml"
    file.write_text(text, "utf-8")
    return read_peers(file)


def test_without_a_file_everyone_may_use_every_service_and_nobody_is_called() -> None:
    everyone = read_peers(None)
    assert all(everyone.admits("ANYBODY", "203.0.113.9", "WHATEVER", service) for service in Service)
    assert everyone.get("ANYBODY") is None
    assert everyone.destination("ANYBODY") is None


@pytest.mark.parametrize(
    ("title", "address", "service", "is_admitted"),
    [
        ("CT01", "10.1.2.200", Service.STORE, True),
        (" CT01 ", "10.1.2.200", Service.MPPS, True),
        ("CT01", "192.0.2.7", Service.STORE, True),
        ("CT01", "::ffff:10.1.2.3", Service.STORE, True),
        ("CT01", "10.1.3.1", Service.STORE, False),
        ("CT01", "fe80::1%eth0", Service.STORE, False),
        ("CT01", "10.1.2.200", Service.QUERY, False),
        ("ct01", "10.1.2.200", Service.STORE, False),
        ("VIEWER", "203.0.113.9", Service.RETRIEVE, True),
        ("STRANGER", "10.1.2.200", Service.STORE, False),
    ],
)
def test_a_peer_is_admitted_by_title_network_and_service(
    tmp_path: Path, title: str, address: str, service: Service, is_admitted: bool
) -> None:
    assert peers(tmp_path).admits(title, address, "RADSTREAM", service) is is_admitted


def test_a_peer_that_has_to_call_us_right_is_not_admitted_otherwise(tmp_path: Path) -> None:
    strict = peers(tmp_path).requiring("RADSTREAM")
    assert strict.admits("CT01", "10.1.2.3", " RADSTREAM", Service.STORE)
    assert not strict.admits("CT01", "10.1.2.3", "OTHER", Service.STORE)


def test_destinations_are_the_peers_that_have_a_host(tmp_path: Path) -> None:
    known = peers(tmp_path)
    assert known.destination("CT01") == Destination(ae_title="CT01", host="10.1.2.7", port=104)
    assert known.destination("PACS 1") == Destination(
        ae_title="PACS 1",
        host="pacs.example.org",
        port=2762,
        tls=PeerTls(authority=tmp_path / "ca.pem", server_name="pacs"),
    )
    assert known.destination("VIEWER") is None
    assert known.destination("STRANGER") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("peers = 1", "[peers]: expected a table, got int"),
        ("[peer.CT]", "the file: unknown key 'peer'; allowed: peers"),
        ("[peers.CT]\nport = 104", "[peers.CT]: port and tls say where the peer is called: they need host"),
        ("[peers.CT]\nhosts = 'a'", "[peers.CT]: unknown key 'hosts'; allowed: networks, services, host"),
        ("[peers.CT]\nhost = 'a'\nport = 70000", "[peers.CT].port: expected a port, 1 to 65535, got 70000"),
        ("[peers.CT]\nhost = ''", "[peers.CT].host: expected text, got ''"),
        ("[peers.CT]\nnetworks = ['10.1.2.0/40']", "[peers.CT].networks: '10.1.2.0/40' does not appear"),
        ("[peers.CT]\nnetworks = []", "[peers.CT].networks: expected a list of texts, and not an empty one"),
        ("[peers.CT]\nservices = ['stroe']", "[peers.CT].services: 'stroe' is unknown; allowed: store, work"),
        ("[peers.CT]\nhost='a'\ntls = 'yes'", "[peers.CT].tls: expected a table, got str"),
        ("[peers.CT]\nhost='a'\ntls = { ca = 'x' }", "[peers.CT].tls: unknown key 'ca'; allowed: authority"),
        ("[peers.CT]\nhost='a'\ntls = { authority = 'x.pem' }", "[peers.CT].tls.authority: there is no file"),
        (
            "[peers.CT]\nhost='a'\ntls = { certificate = 'ca.pem' }",
            "[peers.CT].tls: certificate and key go together",
        ),
        ("[peers.CT.users]\nann = 'secret'", "[peers.CT].users.ann: expected scrypt:… as"),
        ("[peers.SEVENTEEN_LETTERS]", "[peers.SEVENTEEN_LETTERS]: no AE title: 1 to 16 ASCII characters"),
        ("[peers.'A']\n[peers.' A']", "[peers]: 'A' is there twice: spaces around it mean nothing"),
        ("[peers", "no TOML"),
    ],
)
def test_a_mistake_is_named_with_file_table_and_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidPeers) as caught:
        peers(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'peers.toml'}: {message}")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidPeers, match=r"none\.toml: cannot be read: No such file"):
        read_peers(tmp_path / "none.toml")


def test_the_example_can_be_used() -> None:
    example = read_peers(ROOT / "deploy" / "dicom" / "peers.toml")
    assert example.admits("CT01", "10.1.2.7", "RADSTREAM", Service.COMMITMENT)
    assert not example.admits("VIEWER", "10.1.2.7", "RADSTREAM", Service.STORE)
    found = example.destination("PACS")
    assert found is not None
    assert found.tls == PeerTls()


def test_the_called_title_is_required_where_a_file_is_given_unless_the_setting_says_otherwise(
    tmp_path: Path,
) -> None:
    file = tmp_path / "peers.toml"
    file.write_text("[peers.CT01]\n")
    asked = [(None, None), (file, None), (file, False), (None, True)]
    found = [peers_of(Settings(dicom_peers=path, dicom_require_called_ae_title=said)) for path, said in asked]
    assert [one.called_ae_title for one in found] == [None, "RADSTREAM", None, "RADSTREAM"]
    with pytest.raises(ValueError, match=r"RADSTREAM_DICOM_PEERS: .*cannot be read"):
        peers_of(Settings(dicom_peers=tmp_path / "none.toml"))


@given(st.text(max_size=20))
def test_whatever_stands_in_for_a_hash_is_refused_or_can_be_used(text: str) -> None:
    assert not is_passcode_hash(text)


def test_a_passcode_matches_its_own_hash_only() -> None:
    hashed = hash_passcode(b"open sesame")
    assert is_passcode_hash(hashed)
    assert hashed != hash_passcode(b"open sesame")
    assert passcode_matches(b"open sesame", hashed)
    assert not passcode_matches(b"open barley", hashed)


def test_a_passcode_is_hashed_at_the_command_line() -> None:
    result = CliRunner().invoke(app, ["passcode"], input="open sesame\n")
    assert result.exit_code == 0
    assert passcode_matches(b"open sesame", result.stdout.strip())
    nothing = CliRunner().invoke(app, ["passcode", "--json"], input="\n")
    assert nothing.exit_code == 1
    assert "no passcode was given" in nothing.output
