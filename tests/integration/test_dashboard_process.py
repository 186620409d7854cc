"""The dashboard as a process: it starts without its sources, and ends at once when it is told to."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from runtime.stack.ports import allocate_free_ports
from tests.served_board import bearer

_SERVE = """
import sys
from tests.served_board import config, token
from dashboards.server import serve
settings = config(int(sys.argv[1]))
made = token(settings)
serve(settings, lambda: print("ready", made, flush=True))
"""
# The supervisor's patience: who is not gone by then is killed.
_END_WITHIN_S = 15.0


@contextmanager
def dashboard(port: int) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE, str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until_ready(process: subprocess.Popen[str]) -> str:
    """A token for the dashboard, once it serves."""
    return next(line.split()[1] for line in process.stdout or () if line.startswith("ready"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_by_itself_though_readers_are_connected(number: signal.Signals) -> None:
    (port,) = allocate_free_ports(1)
    with dashboard(port) as process, ExitStack() as readers:
        headers = bearer(wait_until_ready(process))
        for _ in range(5):
            answer = readers.enter_context(
                httpx.stream("GET", f"http://127.0.0.1:{port}/api/stream", headers=headers, timeout=60)
            )
            assert next(answer.iter_lines()) == "event: status"
        process.send_signal(number)
        assert process.wait(_END_WITHIN_S) == 0


def test_without_kafka_it_is_alive_but_not_ready_and_says_what_it_waits_for() -> None:
    (port,) = allocate_free_ports(1)
    with dashboard(port) as process:
        wait_until_ready(process)
        assert httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=60).status_code == 200
        ready = httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=60)
        assert ready.status_code == 503
        assert ready.json()["feed"]["state"] == "connecting"


def test_a_port_in_use_ends_the_process_with_an_error_that_names_it() -> None:
    (port,) = allocate_free_ports(1)
    with dashboard(port) as first:
        wait_until_ready(first)
        with dashboard(port) as second:
            _, said = second.communicate(timeout=120)
            assert second.returncode != 0
            assert str(port) in said
