"""The ClickHouse engine with our tables and nothing else of the stack, for benchmarks."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import clickhouse_connect
import clickhouse_connect.driver.exceptions
import psutil
from clickhouse_connect.driver.client import Client

from runtime.stack.ports import allocate_free_ports
from sinks.clickhouse.migrate import migrate

USER, PASSWORD, DATABASE = "benchmark", "benchmark", "radstream"
_SERVE = """
import sys
from pathlib import Path
from runtime.local.clickhouse.config import ClickHouseConfig
from runtime.local.clickhouse.server import serve
port, directory, user, password, database = sys.argv[1:]
serve(ClickHouseConfig(host="127.0.0.1", port=int(port), directory=Path(directory), user=user,
                       password=password, database=database, max_memory_mb=4096))
"""


@contextmanager
def engine_alone(directory: Path) -> Iterator[tuple[str, Client, psutil.Process]]:
    """Its address, a client, and its process; its data lie under `directory`."""
    (port,) = allocate_free_ports(1)
    command: Sequence[str] = [sys.executable, "-c", _SERVE, str(port), str(directory), USER, PASSWORD]
    with subprocess.Popen([*command, DATABASE], stdout=subprocess.DEVNULL) as process:
        try:
            client = _awaited(port)
            migrate(client, DATABASE)
            yield f"http://127.0.0.1:{port}", client, psutil.Process(process.pid)
            client.close()
        finally:
            process.kill()


def cpu_ms(process: psutil.Process) -> float:
    """Processor time that it has taken so far, of all its threads."""
    times = process.cpu_times()
    return float(times.user + times.system) * 1000


def _awaited(port: int) -> Client:
    for _ in range(600):
        with contextlib.suppress(clickhouse_connect.driver.exceptions.Error, OSError):
            return clickhouse_connect.get_client(
                host="127.0.0.1",
                port=port,
                username=USER,
                password=PASSWORD,
                database=DATABASE,
                # To make a hundred million rows takes longer than any question may.
                send_receive_timeout=7200,
                autogenerate_session_id=False,
            )
        time.sleep(0.1)
    raise RuntimeError("ClickHouse did not start")
