"""The few requests of Vault's HTTP API that a key ring needs: transit engine, and KV engine version 2.

HashiCorp Vault and OpenBao speak the same API. Answers come back as values; whatever is wrong is a
KeyRingUnusable that says what to look at, and never holds a token, a key or a wrapped key.
"""

from __future__ import annotations

import base64
import binascii
import threading
import weakref
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2

from schemas.errors import KeyRingUnreachable, KeyRingUnusable
from schemas.vault_config import VaultKeyRingConfig, certificates, read_token

_TRANSPORT_ATTEMPTS = 2  # an idle connection may have been closed by the other end meanwhile
_FORBIDDEN = 403
_NOT_FOUND = 404
_BAD_REQUEST = 400
_CAS_MISMATCH = "check-and-set parameter did not match"


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret of the KV engine. `wrapped` is None where its version was destroyed."""

    wrapped: str | None
    version: int


class VaultClient:
    """One connection pool to Vault. Thread-safe; closed with `close`, or with its last user."""

    def __init__(self, config: VaultKeyRingConfig) -> None:
        """Connects at the first request. Raises KeyRingUnusable for an unusable token or CA file."""
        self._config = config
        self._token = read_token(config.token_file)
        self._token_lock = threading.Lock()
        headers = {"X-Vault-Request": "true"}
        if config.namespace:
            headers["X-Vault-Namespace"] = config.namespace
        self._http = httpx2.Client(
            base_url=f"{config.address.rstrip('/')}/v1/",
            headers=headers,
            timeout=config.timeout_s,
            verify=certificates(config.ca_file),
            trust_env=False,
            limits=httpx2.Limits(max_connections=16, max_keepalive_connections=4),
        )
        self.close = weakref.finalize(self, self._http.close)

    def new_data_key(self) -> tuple[bytes, str]:
        """A new 256-bit key, and the same wrapped by the transit key."""
        answer = self._transit("datakey/plaintext", {"bits": 256})
        return _key(answer), _text(answer, "ciphertext")

    def unwrap(self, wrapped: str) -> bytes:
        """The key that `new_data_key` wrapped."""
        return _key(self._transit("decrypt", {"ciphertext": wrapped}))

    def read(self, path: str) -> Secret | None:
        """The secret at `path`, None where there never was one."""
        answer = self._send("GET", self._kv("data", path))
        if answer.status_code == _NOT_FOUND and not _errors(answer):
            metadata = _data(answer).get("metadata") if answer.content else None
            if metadata is None:
                return None
            if not metadata.get("destroyed"):
                raise KeyRingUnusable(
                    f"{path} was deleted in Vault, not destroyed: undelete it, or erase the patient"
                )
            return Secret(None, int(metadata["version"]))
        data = _data(self._accepted(answer, self._kv("data", path)))
        return Secret(str(data["data"].get("wrapped", "")), int(data["metadata"]["version"]))

    def write(self, path: str, wrapped: str, after_version: int) -> bool:
        """Write the version after `after_version` (0: the first); False where somebody else has, before."""
        body = {"options": {"cas": after_version}, "data": {"wrapped": wrapped}}
        answer = self._send("POST", self._kv("data", path), body)
        if answer.status_code == _BAD_REQUEST and _CAS_MISMATCH in _errors(answer):
            return False
        self._accepted(answer, self._kv("data", path))
        return True

    def destroy(self, path: str, newest_version: int) -> None:
        """Destroy every version of the secret for ever; that it was there stays known."""
        versions = list(range(1, newest_version + 1))
        url = self._kv("destroy", path)
        self._accepted(self._send("PUT", url, {"versions": versions}), url)

    def _transit(self, verb: str, body: dict[str, Any]) -> dict[str, Any]:
        url = f"{quote(self._config.transit_mount)}/{verb}/{quote(self._config.transit_key, safe='')}"
        return _data(self._accepted(self._send("POST", url, body), url))

    def _kv(self, verb: str, path: str) -> str:
        return f"{quote(self._config.kv_mount)}/{verb}/{quote(self._config.kv_path)}/{path}"

    def _send(self, method: str, url: str, body: dict[str, Any] | None = None) -> httpx2.Response:
        token = self._token
        answer = self._request(method, url, body, token)
        if answer.status_code == _FORBIDDEN and self._renewed(token):
            answer = self._request(method, url, body, self._token)
        return answer

    def _request(self, method: str, url: str, body: dict[str, Any] | None, token: str) -> httpx2.Response:
        # Every request of ours may be sent twice: a second creation loses against the first.
        for attempt in range(1, _TRANSPORT_ATTEMPTS + 1):
            try:
                return self._http.request(method, url, json=body, headers={"X-Vault-Token": token})
            except (httpx2.HTTPError, httpx2.InvalidURL) as error:
                if attempt == _TRANSPORT_ATTEMPTS or not isinstance(error, httpx2.RemoteProtocolError):
                    # The type only: what a foreign library says of a request is not ours to vouch for.
                    kind = type(error).__name__
                    address = self._config.address
                    raise KeyRingUnreachable(f"Vault at {address} gives no answer: {kind}") from None
        raise AssertionError("unreachable: every attempt returns or raises")

    def _renewed(self, refused: str) -> bool:
        """Whether the token file has another token than the one that was refused."""
        with self._token_lock:
            self._token = read_token(self._config.token_file)
            return self._token != refused

    def _accepted(self, answer: httpx2.Response, url: str) -> httpx2.Response:
        """The answer, where it is one that says yes. Raises KeyRingUnusable."""
        status = answer.status_code
        if status < _BAD_REQUEST:
            return answer
        where = f"Vault at {self._config.address}, {url}"
        if status == _FORBIDDEN:
            raise KeyRingUnusable(
                f"{where}: permission denied; look at the policy of the token in {self._config.token_file}"
            )
        if status >= 500 or status in {429, 473, 472}:
            raise KeyRingUnreachable(f"{where}: status {status}: sealed, in standby, or overloaded")
        raise KeyRingUnusable(
            f"{where}: status {status}: look at the mounts, the transit key and that KV has version 2"
        )


def _data(answer: httpx2.Response) -> dict[str, Any]:
    try:
        data = answer.json().get("data")
    except (ValueError, AttributeError):
        data = None
    if not isinstance(data, dict):
        if answer.status_code == _NOT_FOUND:
            return {}
        raise KeyRingUnusable("what answers at Vault's address does not speak Vault's API")
    return data


def _errors(answer: httpx2.Response) -> str:
    try:
        return " ".join(map(str, answer.json().get("errors") or ()))
    except (ValueError, AttributeError):
        return "no JSON"


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise KeyRingUnusable(f"Vault's answer has no {name}")
    return value


def _key(data: dict[str, Any]) -> bytes:
    try:
        key = base64.b64decode(_text(data, "plaintext"), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 32:
        raise KeyRingUnusable("Vault's answer has no key of 256 bits")
    return key
