"""Peers from TOML, checked: every error says which file, table and key, and what is allowed there.

[peers.CT01]                        # the AE title
networks = ["10.1.2.0/24"]
services = ["store", "worklist", "mpps", "commitment"]
host = "10.1.2.7"                   # where it is called: commitment reports, C-MOVE
port = 104
tls = true                          # or { authority = "ca.pem", certificate = "own.pem", key = "own.key" }
users = { ct01 = "scrypt:…" }       # `radstream dicom passcode` makes the hash
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from producers.dicom.associations.passcodes import is_passcode_hash
from producers.dicom.associations.peers import Network, Peer, Peers, PeerTls, Service

# PS3.5 section 6.2: at most 16 characters, no backslash, no control characters, not spaces only.
_AE_TITLE = re.compile(r"(?=.*\S)[ -\[\]-~]{1,16}")
_KEYS = ("networks", "services", "host", "port", "tls", "users")
_TLS_KEYS = ("authority", "certificate", "key", "server_name")


class InvalidPeers(ValueError):
    """The peers file cannot be used: the message names file, table and key, and what is allowed."""


def read_peers(path: Path | None) -> Peers:
    """The peers in the TOML file; everyone without one. Files that it names are relative to it.

    Raises InvalidPeers.
    """
    if path is None:
        return Peers()
    try:
        document = tomllib.loads(path.read_text("utf-8"))
        _check_keys(document, "the file", ("peers",))
        tables = _table(document.get("peers", {}), "[peers]")
        peers = [_peer(title, table, path.parent) for title, table in tables.items()]
        return Peers(MappingProxyType(_by_title(peers)))
    except OSError as error:
        raise InvalidPeers(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidPeers(f"{path}: not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise InvalidPeers(f"{path}: no TOML: {error}") from None
    except InvalidPeers as error:
        raise InvalidPeers(f"{path}: {error}") from None


def _by_title(peers: Iterable[Peer]) -> dict[str, Peer]:
    found: dict[str, Peer] = {}
    for peer in peers:
        if peer.ae_title in found:
            raise InvalidPeers(f"[peers]: {peer.ae_title!r} is there twice: spaces around it mean nothing")
        found[peer.ae_title] = peer
    return found


def _peer(title: str, said: object, directory: Path) -> Peer:
    where = f"[peers.{title}]"
    if not _AE_TITLE.fullmatch(title):
        raise InvalidPeers(f"{where}: no AE title: 1 to 16 ASCII characters, no backslash")
    table = _table(said, where)
    _check_keys(table, where, _KEYS)
    given: dict[str, Any] = {}
    if "networks" in table:
        given["networks"] = _networks(table["networks"], f"{where}.networks")
    if "services" in table:
        given["services"] = _services(table["services"], f"{where}.services")
    if "host" in table:
        given["host"] = _text(table["host"], f"{where}.host")
    elif "port" in table or "tls" in table:
        raise InvalidPeers(f"{where}: port and tls say where the peer is called: they need host")
    if "port" in table:
        given["port"] = _port(table["port"], f"{where}.port")
    return Peer(
        ae_title=title.strip(),
        tls=_tls(table.get("tls", False), f"{where}.tls", directory),
        users=_users(table.get("users", {}), f"{where}.users"),
        **given,
    )


def _networks(said: object, where: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(text, strict=False) for text in _texts(said, where))
    except ValueError as error:
        if isinstance(error, InvalidPeers):
            raise
        raise InvalidPeers(f"{where}: {error}; expected such as 10.1.2.0/24") from None


def _services(said: object, where: str) -> frozenset[Service]:
    texts = _texts(said, where)
    for text in texts:
        if text not in set(Service):
            raise InvalidPeers(f"{where}: {text!r} is unknown; allowed: {', '.join(Service)}")
    return frozenset(Service(text) for text in texts)


def _port(said: object, where: str) -> int:
    if not isinstance(said, int) or isinstance(said, bool) or not 1 <= said <= 65535:
        raise InvalidPeers(f"{where}: expected a port, 1 to 65535, got {said!r}")
    return said


def _tls(said: object, where: str, directory: Path) -> PeerTls | None:
    if isinstance(said, bool):
        return PeerTls() if said else None
    table = _table(said, where)
    _check_keys(table, where, _TLS_KEYS)
    texts = {key: _text(value, f"{where}.{key}") for key, value in table.items()}
    if ("certificate" in texts) != ("key" in texts):
        raise InvalidPeers(f"{where}: certificate and key go together")
    files = {key: directory / text for key, text in texts.items() if key != "server_name"}
    for key, file in files.items():
        if not file.is_file():
            raise InvalidPeers(f"{where}.{key}: there is no file {file}")
    return PeerTls(server_name=texts.get("server_name"), **files)


def _users(said: object, where: str) -> Mapping[str, str]:
    users = {name: _text(value, f"{where}.{name}") for name, value in _table(said, where).items()}
    for name, hashed in users.items():
        if not is_passcode_hash(hashed):
            raise InvalidPeers(f"{where}.{name}: expected scrypt:… as `radstream dicom passcode` prints it")
    return MappingProxyType(users)


def _table(said: object, where: str) -> Mapping[str, Any]:
    if not isinstance(said, dict):
        raise InvalidPeers(f"{where}: expected a table, got {type(said).__name__}")
    return said


def _texts(said: object, where: str) -> list[str]:
    if not isinstance(said, list) or not said:
        raise InvalidPeers(f"{where}: expected a list of texts, and not an empty one")
    return [_text(one, where) for one in said]


def _text(said: object, where: str) -> str:
    if not isinstance(said, str) or not said:
        raise InvalidPeers(f"{where}: expected text, got {said!r}")
    return said


def _check_keys(said: Mapping[str, Any], where: str, allowed: Iterable[str]) -> None:
    for key in said:
        if key not in allowed:
            raise InvalidPeers(f"{where}: unknown key {key!r}; allowed: {', '.join(allowed)}")
