"""A real OpenBao server in development mode, set up as docs/operations.md says."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from runtime.stack.ports import allocate_free_ports
from schemas.errors import KeyRingUnusable
from schemas.vault_config import VaultKeyRingConfig, certificates

POLICIES = Path(__file__).parents[1] / "deploy" / "vault"
_ROOT = "root-of-tests"
_START_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class VaultServer:
    """A running server. Tokens are files, as the ring reads them."""

    address: str
    directory: Path
    process: subprocess.Popen[bytes]
    ca_file: Path | None = None

    def config(self, policies: str, **fields: Any) -> VaultKeyRingConfig:
        """A ring on this server with a token of these policies, joined by `+`."""
        return VaultKeyRingConfig(
            **{
                "address": self.address,
                "token_file": self.token_file(policies),
                "ca_file": self.ca_file,
                "checked_every_s": 0.1,
                **fields,
            }
        )

    def token_file(self, policies: str) -> Path:
        """A file with a token of the policies."""
        path = self.directory / f"token-{policies}"
        if not path.exists():
            answer = self.ask("POST", "auth/token/create", {"policies": policies.split("+")})
            path.touch(0o600)
            path.write_text(answer["auth"]["client_token"] + "\n")
        return path

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request with all rights."""
        with httpx2.Client(verify=certificates(self.ca_file), trust_env=False, timeout=60) as client:
            answer = client.request(
                method, f"{self.address}/v1/{path}", json=body, headers={"X-Vault-Token": _ROOT}
            )
        answer.raise_for_status()
        return answer.json() if answer.content else None


@contextmanager
def vault_server(directory: Path, *, tls: bool = False) -> Iterator[VaultServer]:
    """Start the server and set it up; killed in the end."""
    (port,) = allocate_free_ports(1)
    command = [str(Path(sys.executable).with_name("bao")), "server", f"-dev-root-token-id={_ROOT}"]
    command += [f"-dev-listen-address=127.0.0.1:{port}", "-dev-no-store-token"]
    command += ["-dev-tls", f"-dev-tls-cert-dir={directory}"] if tls else ["-dev"]
    with (directory / "vault.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={"HOME": str(directory)})
        try:
            scheme, ca_file = ("https", directory / "vault-ca.pem") if tls else ("http", None)
            server = VaultServer(f"{scheme}://127.0.0.1:{port}", directory, process, ca_file)
            _wait(server)
            _set_up(server)
            yield server
        finally:
            process.kill()
            process.wait()


def _wait(server: VaultServer) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while True:
        try:
            server.ask("GET", "sys/health")
            server.ask("GET", "secret/config")  # the KV engine upgrades itself after the start
        except (httpx2.HTTPError, KeyRingUnusable):
            assert server.process.poll() is None, (server.directory / "vault.log").read_text()
            assert time.monotonic() < deadline, "OpenBao did not start"
            time.sleep(0.05)
        else:
            return


def _set_up(server: VaultServer) -> None:
    server.ask("POST", "sys/mounts/transit", {"type": "transit"})
    server.ask("POST", "transit/keys/radstream")
    for policy in sorted(POLICIES.glob("*.hcl")):
        server.ask("PUT", f"sys/policies/acl/{policy.stem}", {"policy": policy.read_text()})
