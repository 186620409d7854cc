"""Ports: two stacks never choose the same one, and a taken one is named with its owner."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from runtime.stack.errors import PortError
from runtime.stack.ports import allocate_free_ports, is_free, require_free

ALLOCATE = "from runtime.stack.ports import allocate_free_ports; print(*allocate_free_ports(40)); input()"


def test_allocated_ports_are_distinct_free_and_below_the_ephemeral_range() -> None:
    ports = allocate_free_ports(20)
    assert len(set(ports)) == 20
    assert all(10_000 <= port < 32_768 and is_free(port) for port in ports)


def test_companions_of_allocated_ports_are_never_given_out_again() -> None:
    pairs = allocate_free_ports(5, companion_offset=10_000)
    companions = {port + 10_000 for port in pairs}
    later = allocate_free_ports(500)
    assert not companions & set(later)
    assert not set(pairs) & set(later)


def test_two_processes_never_get_the_same_port_before_either_has_bound_it() -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ALLOCATE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    chosen: list[str] = []
    for process in processes:
        assert process.stdout is not None
        chosen += process.stdout.readline().split()
    for process in processes:
        process.communicate("\n")
    assert len(chosen) == 120
    assert len(set(chosen)) == 120


def test_a_port_in_use_is_an_error_that_names_port_owner_and_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(PortError) as caught:
            require_free(port, "RADSTREAM_KAFKA_PORT")
    message = str(caught.value)
    assert str(port) in message
    assert "RADSTREAM_KAFKA_PORT" in message
    assert f"process {os.getpid()}" in message
    require_free(port, "RADSTREAM_KAFKA_PORT")
