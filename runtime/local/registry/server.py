"""The registry's process."""

from __future__ import annotations

import signal
import socket

import structlog
import uvicorn

from runtime.local.registry.api import create_app
from runtime.local.registry.config import RegistryConfig
from runtime.local.registry.errors import StartError
from runtime.local.registry.registry import Registry
from runtime.local.registry.store import Store

log = structlog.get_logger("registry")


def serve(config: RegistryConfig) -> None:
    """Serve until SIGTERM or SIGINT. Raises StartError if the directory or the port cannot be used."""
    store = Store(config)
    try:
        listening = _listen(config)
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(Registry(store)),
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=2,
                server_header=False,
            )
        )
        # uvicorn raises the signal that ended it once more: these handlers make that a normal end.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(server, "should_exit", True))
        log.info("registry_ready", port=listening.getsockname()[1])
        server.run(sockets=[listening])
        log.info("registry_stopped")
    finally:
        store.close()


def _listen(config: RegistryConfig) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((config.host, config.port))
    except OSError as error:
        listening.close()
        message = (
            f"cannot listen on {config.host}:{config.port}: {error.strerror}. "
            "Stop what uses the port, or set another one (RADSTREAM_REGISTRY_PORT)."
        )
        raise StartError(message) from error
    listening.listen(128)
    return listening
