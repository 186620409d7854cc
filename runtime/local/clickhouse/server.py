"""The server's process: the listening socket, the engine, and a graceful end."""

from __future__ import annotations

import os
import signal
import threading
import time
from http.server import ThreadingHTTPServer
from typing import Any, Final

import structlog

from runtime.local.clickhouse.config import ClickHouseConfig
from runtime.local.clickhouse.engine import Engine
from runtime.local.clickhouse.errors import StartError
from runtime.local.clickhouse.handler import Handler, State
from runtime.local.clickhouse.pool import Pool

FINISH_WAIT_S: Final = 1.0
CANCEL_WAIT_S: Final = 1.0
CLOSE_WAIT_S: Final = 0.8
log = structlog.get_logger("clickhouse")


class _Server(ThreadingHTTPServer):
    """One thread per client connection; statements are bounded by the pool."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 the base class's signature
        """A client's connection broke: that is its own affair."""
        log.info("client_connection_broke", exc_info=True)


def serve(config: ClickHouseConfig) -> None:
    """Serve until SIGTERM or SIGINT; then let statements finish, and cancel those that take longer.

    Raises StartError if the directory or the port cannot be used.
    """
    started_s = time.monotonic()
    engine = Engine(config)
    state = State(config, Pool(engine, config.threads), engine.timezone)
    server = _listen(config, state, engine)
    stopping = _signal_pipe()
    threading.Thread(target=server.serve_forever, args=(0.05,), name="listener", daemon=True).start()
    elapsed_s = round(time.monotonic() - started_s, 3)
    log.info("clickhouse_ready", port=server.server_port, version=engine.version, seconds=elapsed_s)
    os.read(stopping, 1)
    server.shutdown()
    server.server_close()
    _end(engine, state)


def _signal_pipe() -> int:
    """A descriptor that can be read once SIGTERM or SIGINT has come.

    An Event is not enough: the signal may be taken by one of the engine's own threads, and then nothing
    interrupts the main thread's wait. The wakeup descriptor is written to in whichever thread that is.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(writing)
    return reading


def _listen(config: ClickHouseConfig, state: State, engine: Engine) -> _Server:
    handler = type("_Handler", (Handler,), {"state": state})
    try:
        return _Server((config.host, config.port), handler)
    except OSError as error:
        engine.close()
        message = (
            f"cannot listen on {config.host}:{config.port}: {error.strerror}. "
            "Stop what uses the port, or set another one (RADSTREAM_CLICKHOUSE_PORT)."
        )
        raise StartError(message) from error


def _end(engine: Engine, state: State) -> None:
    state.stop()
    if not state.drain(FINISH_WAIT_S):
        engine.cancel("")
    if not state.drain(CANCEL_WAIT_S):
        # Closing the engine under a running statement crashes it. What runs is not acknowledged, and what is
        # acknowledged is on disk: an abrupt end is safe.
        log.warning("clickhouse_stopped_with_statements_running")
        os._exit(0)
    # Bounded like the rest: whatever the engine does in its shutdown, the stop keeps its time.
    closing = threading.Thread(target=_close, args=(engine, state), name="closing", daemon=True)
    closing.start()
    closing.join(CLOSE_WAIT_S)
    if closing.is_alive():
        log.warning("clickhouse_stopped_while_closing")
        os._exit(0)
    log.info("clickhouse_stopped")


def _close(engine: Engine, state: State) -> None:
    state.pool.close()
    engine.close()
