"""The registry's client: what goes wrong says so in our own errors."""

from __future__ import annotations

import socket

import pytest

from schemas.errors import RegistryUnavailable
from schemas.registry import connect_codec, register_contracts


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_registry_that_does_not_listen_is_unavailable(closed_port: int) -> None:
    with pytest.raises(RegistryUnavailable, match="no answer"):
        connect_codec(f"http://127.0.0.1:{closed_port}")
    with pytest.raises(RegistryUnavailable, match="no answer"):
        register_contracts(f"http://127.0.0.1:{closed_port}")
