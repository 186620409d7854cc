"""A local ClickHouse server of its own, for tests that need no more of the stack."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from clickhouse_connect.driver.client import Client

from runtime.stack.ports import allocate_free_ports
from sinks.clickhouse.client import connect

USER, PASSWORD, DATABASE = "tester", "secret", "radstream"
ANALYST, ANALYST_PASSWORD = "analyst", "reads only"
_START_TIMEOUT_S = 30
_SERVE = """
import sys
from pathlib import Path
from runtime.local.clickhouse.config import Analyst, ClickHouseConfig
from runtime.local.clickhouse.server import serve
port, directory, user, password, database, analyst, analyst_password = sys.argv[1:]
serve(ClickHouseConfig(host="127.0.0.1", port=int(port), directory=Path(directory), user=user,
                       password=password, database=database,
                       analyst=Analyst(user=analyst, password=analyst_password)))
"""


@dataclass(frozen=True, slots=True)
class ClickHouse:
    """Where it answers, and its process."""

    url: str
    process: subprocess.Popen[bytes]

    @property
    def port(self) -> int:
        """Of its HTTP interface."""
        return int(self.url.rpartition(":")[2])

    def analyst(self) -> Client:
        """A client of the user who only reads, which the caller closes."""
        return connect(self.url, ANALYST, ANALYST_PASSWORD, DATABASE)

    def client(self, database: str = DATABASE) -> Client:
        """A client, which the caller closes."""
        return connect(self.url, USER, PASSWORD, database)


@contextmanager
def clickhouse_server(directory: Path) -> Iterator[ClickHouse]:
    """It answers inside the block, on a free port, with its data under `directory`."""
    (port,) = allocate_free_ports(1)
    told = [str(port), str(directory), USER, PASSWORD, DATABASE, ANALYST, ANALYST_PASSWORD]
    with subprocess.Popen([sys.executable, "-c", _SERVE, *told]) as process:
        try:
            _await_answer(process, port)
            yield ClickHouse(f"http://127.0.0.1:{port}", process)
        finally:
            process.kill()


def _await_answer(process: subprocess.Popen[bytes], port: int) -> None:
    end_s = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < end_s:
        assert process.poll() is None, "the server has ended"
        try:
            httpx.get(f"http://127.0.0.1:{port}/ping", timeout=60).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"no answer within {_START_TIMEOUT_S} s")
