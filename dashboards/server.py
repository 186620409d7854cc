"""The dashboard as a process."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable

import structlog
import uvicorn

from dashboards.app import create_app, create_live
from dashboards.config import DashboardConfig
from dashboards.listening import check_tls
from dashboards.live import Live

log = structlog.get_logger("dashboard")

# Readers of the stream end by themselves at once; this bounds what else may be under way.
_GRACEFUL_S = 1


def serve(config: DashboardConfig, ready: Callable[[], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, and end within three seconds of it.

    `ready` is called when the port is open; /readyz tells when there is a board to show. Raises
    KeyRingUnusable, ValueError where the certificate cannot be used, and SystemExit where the port is
    not to be had (uvicorn's log says why).
    """
    live, listener = create_live(config), config.listener
    tls = listener.tls
    if tls is not None:
        check_tls(tls)
    uvicorn_config = uvicorn.Config(
        create_app(config, live),
        host=listener.host,
        port=listener.port,
        ssl_certfile=None if tls is None else tls.certificate,
        ssl_keyfile=None if tls is None else tls.key,
        proxy_headers=bool(listener.proxies),
        forwarded_allow_ips=[*listener.proxies],
        lifespan="on",
        log_level="warning",
        # Questions may hold names: nothing of a request is logged.
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACEFUL_S,
    )
    # Every failed question would be told there again, and stands in our log already.
    for name in ("clickhouse_connect", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    server = _Server(uvicorn_config, live, ready)
    # uvicorn handles signals while it serves, and raises the one that ended it once more afterwards, which
    # would make of a clean end a killed process. These handlers are there before and after.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.handle_exit)
    server.run()


class _Server(uvicorn.Server):
    """A uvicorn that tells when it listens, and ends the streams before it waits for them."""

    def __init__(self, config: uvicorn.Config, live: Live, ready: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._live = live
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self.started and not self.should_exit:
            log.info("dashboard_ready", host=self.config.host, port=self.config.port)
            if self._ready is not None:
                self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then everything else."""
        self._live.close()
        await super().shutdown(sockets)
