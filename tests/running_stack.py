"""`radstream up` as a process of its own, and where it can be reached."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

START_TIMEOUT_S = 180
STOP_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class RunningStack:
    """Addresses and secrets of a running installation."""

    data: Path
    endpoints: Mapping[str, str]
    environment: Mapping[str, str]
    _tokens: dict[str, str] = field(default_factory=dict)

    @property
    def kafka_bootstrap(self) -> str:
        """host:port of Kafka."""
        return self.endpoints["kafka"]

    @property
    def registry_url(self) -> str:
        """Base address of the schema registry."""
        return self.endpoints["registry"]

    @property
    def clickhouse_url(self) -> str:
        """Base address of ClickHouse."""
        return self.endpoints["clickhouse"]

    @property
    def clickhouse_user(self) -> str:
        """Its user."""
        return self.environment.get("RADSTREAM_CLICKHOUSE_USER", "radstream")

    @property
    def clickhouse_password(self) -> str:
        """Its password."""
        return self._secret("clickhouse_password")

    @property
    def s3_endpoint(self) -> str:
        """Base address of the object store."""
        return self.endpoints["object_store"]

    @property
    def s3_access_key(self) -> str:
        """Its access key."""
        return self._secret("s3_access_key")

    @property
    def s3_secret_key(self) -> str:
        """Its secret key."""
        return self._secret("s3_secret_key")

    @property
    def site_key(self) -> bytes:
        """What wraps the patients' keys."""
        return bytes.fromhex(self._secret("site_key"))

    @property
    def site_secret(self) -> bytes:
        """What makes pseudonyms."""
        return bytes.fromhex(self._secret("site_secret"))

    @property
    def hl7_port(self) -> int:
        """Port of the MLLP listener."""
        return int(self.endpoints["hl7"].rpartition(":")[2])

    @property
    def dicom_port(self) -> int:
        """Port of the DICOM listener."""
        return int(self.endpoints["dicom"].rpartition(":")[2])

    @property
    def dashboard_url(self) -> str:
        """Address of the board."""
        return self.endpoints["dashboard"]

    def radstream(self, *arguments: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Run the CLI on this installation."""
        return subprocess.run(
            [sys.executable, "-m", "runtime.cli.main", *arguments, "--data", str(self.data)],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    @property
    def dashboard_password(self) -> str:
        """First password of the dashboard's user `admin`."""
        return self._secret("dashboard_admin_password")

    def dashboard_headers(self, user: str = "admin") -> dict[str, str]:
        """What a program sends to the dashboard: a token of `user`, made at the first call."""
        if user not in self._tokens:
            made = self.radstream("user", "token", user, "--for", "tests", "--json")
            assert made.returncode == 0, made.stdout + made.stderr
            self._tokens[user] = json.loads(made.stdout)["token"]
        return {"Authorization": f"Bearer {self._tokens[user]}"}

    def _secret(self, name: str) -> str:
        given = self.environment.get(f"RADSTREAM_{name.upper()}") or os.environ.get(
            f"RADSTREAM_{name.upper()}"
        )
        return given or (self.data / "secrets" / name).read_text("ascii").strip()


@contextmanager
def run_stack(
    data: Path, environment: Mapping[str, str], *arguments: str, stops_in_order: bool = False
) -> Iterator[RunningStack]:
    """Start the stack on `data`, wait until it says that it is up, and end it.

    stops_in_order: as Ctrl-C stops it, for a test that goes on with its data; else it is killed, with its
    parts, which takes no time.
    """
    command = [sys.executable, "-m", "runtime.cli.main", "up", "--free-ports", "--json", "--data", str(data)]
    with (data / "up.log").open("w") as log:
        process = subprocess.Popen(
            [*command, *arguments],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    # A stack that hangs in its start must fail the test, not the whole run.
    guard = threading.Timer(START_TIMEOUT_S, process.kill)
    guard.start()
    try:
        endpoints = _wait_until_up(process, data)
        guard.cancel()
        drain = threading.Thread(target=_drain, args=(process,), daemon=True)
        drain.start()
        yield RunningStack(data, endpoints, dict(environment))
        if stops_in_order:
            process.send_signal(signal.SIGTERM)
            assert process.wait(STOP_TIMEOUT_S) == 0, (data / "up.log").read_text()
    finally:
        guard.cancel()
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _wait_until_up(process: subprocess.Popen[str], data: Path) -> dict[str, str]:
    said = []
    for line in process.stdout or ():
        said.append(line)
        document = json.loads(line)
        if document.get("up"):
            endpoints: dict[str, str] = document["endpoints"]
            return endpoints
    raise RuntimeError(f"the stack did not start:\n{''.join(said)}{(data / 'up.log').read_text()}")


def _drain(process: subprocess.Popen[str]) -> None:
    try:
        for _ in process.stdout or ():
            pass
    except ValueError:
        return  # closed at the end of the session
