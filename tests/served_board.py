"""A dashboard that is served by a thread of the test, and users who sign in to it."""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import uvicorn

from dashboards.access.access import open_access
from dashboards.access.config import AccessConfig
from dashboards.access.errors import NotRecorded
from dashboards.access.roles import Role, User
from dashboards.app import create_app, create_live
from dashboards.config import DashboardConfig
from dashboards.listening import ListenerConfig
from dashboards.live import AlertChange, DueChange, FeedState, FeedStatus, Live, PredictionChange, RowChange
from runtime.stack.ports import allocate_free_ports
from schemas.events import AccessRecorded
from schemas.keyring_config import FileKeyRingConfig
from schemas.views import AlertRow, DueRow, PredictionRow, WorklistRow
from tests.dashboard_rows import NOON

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext  # the tests without a browser do not load it

_START_TIMEOUT_S = 60.0
PASSWORD = "correct horse battery"
EVERY_ROLE = tuple(Role)
# One database of users for every dashboard of this process; removed with it.
_DIRECTORY = tempfile.TemporaryDirectory(prefix="radstream-access-", ignore_cleanup_errors=True)


def config(port: int = 0, now: Callable[[], datetime] = lambda: NOON, **fields: Any) -> DashboardConfig:
    """A dashboard whose Kafka and ClickHouse are not there, unless `fields` say where they are."""
    values: dict[str, Any] = {
        "listener": ListenerConfig(host="127.0.0.1", port=port),
        "kafka_bootstrap": "127.0.0.1:9",
        "registry_url": "http://127.0.0.1:9",
        "clickhouse_url": "http://127.0.0.1:9",
        "clickhouse_user": "radstream",
        "clickhouse_password": "secret",
        "clickhouse_database": "radstream",
        "site": "GENERAL",
        "now": now,
        "access": AccessConfig(database=Path(_DIRECTORY.name) / "access.sqlite"),
    }
    return DashboardConfig(**values | fields)


def user(settings: DashboardConfig, *roles: Role) -> str:
    """The name of a user with these roles (every one, where none is given), made at the first call."""
    wanted = roles or EVERY_ROLE
    name = "-".join(sorted(wanted))
    access = open_access(settings.access)
    try:
        if not access.users.is_known(name):
            access.users.add(name, wanted, PASSWORD)
    finally:
        access.close()
    return name


def token(settings: DashboardConfig, *roles: Role) -> str:
    """A program's token with these roles (every one, where none is given)."""
    name = user(settings, *roles)
    access = open_access(settings.access)
    try:
        return access.tokens.make(name, "tests", timedelta(hours=1))[1]
    finally:
        access.close()


@dataclass
class Recorded:
    """The audit topic as the test plays it: what it has, and whether it takes any more."""

    events: list[AccessRecorded] = field(default_factory=list)
    takes: bool = True

    def publish(self, event: AccessRecorded) -> None:
        """See Recorder."""
        if not self.takes:
            raise NotRecorded("Kafka is away in this test")
        self.events.append(event)

    def close(self) -> None:
        """See Recorder."""


def bearer(secret: str) -> dict[str, str]:
    """The header that a program sends its token in."""
    return {"Authorization": f"Bearer {secret}"}


@dataclass(frozen=True)
class ServedBoard:
    """A dashboard that serves in this process, and its board, which the test fills."""

    url: str
    live: Live
    loop: asyncio.AbstractEventLoop
    settings: DashboardConfig
    audit: Recorded

    def client(self, *roles: Role, timeout_s: float = 20, under: str = "") -> httpx.Client:
        """A program with a token of these roles (every role, where none is given); paths are `under` one."""
        headers = bearer(token(self.settings, *roles))
        return httpx.Client(base_url=self.url + under, headers=headers, timeout=timeout_s)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """What a program with every role is answered; `options` as httpx.get has them."""
        timeout_s = options.pop("timeout", 20)
        with self.client(timeout_s=timeout_s) as client:
            return client.get(path, **options)

    def sign_in(self, context: BrowserContext, *roles: Role) -> None:
        """Let a browser have a session, as after signing in."""
        name = user(self.settings, *roles)
        access = open_access(self.settings.access)
        try:
            secret = access.sessions.begin(User(name, frozenset(roles or EVERY_ROLE)), is_local=True)
        finally:
            access.close()
        cookie = f"radstream-{urlsplit(self.url).port}"
        context.add_cookies([{"name": cookie, "value": secret, "url": self.url}])

    def put(self, *rows: WorklistRow) -> None:
        """As if the topic had said so."""
        self._in_loop(lambda: self.live.apply([RowChange(item.exam_id, item) for item in rows]))

    def alert(self, *rows: AlertRow) -> None:
        """As if the topic of alerts had said so, and had been read to its end."""

        def tell() -> None:
            self.live.apply_alerts([AlertChange(item.alert_id, item) for item in rows])
            self.live.alerts.loaded = True

        self._in_loop(tell)

    def due(self, *rows: DueRow) -> None:
        """As if the topic of what is due next had said so."""
        self._in_loop(lambda: self.live.apply_due([DueChange(item.exam_id, item) for item in rows]))

    def forecast(self, *rows: PredictionRow) -> None:
        """Forecasts, as their topic says them."""
        changes = [PredictionChange(row.prediction_id, row) for row in rows]
        self._in_loop(lambda: self.live.apply_predictions(changes))

    def remove(self, exam_id: str) -> None:
        """As if the topic had a tombstone."""
        self._in_loop(lambda: self.live.apply([RowChange(exam_id, None)]))

    def report(self, state: FeedState, heard_at: datetime | None = None, reason: str | None = None) -> None:
        """As if the feed had said so."""
        self._in_loop(lambda: self.live.report(FeedStatus(state, heard_at or datetime.now(UTC), reason)))

    def load(self) -> None:
        """As if the topic had been read to its end."""

        def finish() -> None:
            self.live.load_finished(frozenset(item.exam_id for item in self.live.board))
            self.live.report(FeedStatus(FeedState.LIVE, datetime.now(UTC)))

        self._in_loop(finish)

    def _in_loop(self, act: Callable[[], None]) -> None:
        async def run() -> None:
            act()

        asyncio.run_coroutine_threadsafe(run(), self.loop).result(10)


@contextmanager
def served_board(**fields: Any) -> Iterator[ServedBoard]:
    """The real application over HTTP, without its Kafka feed; accesses are kept in the test."""
    (port,) = allocate_free_ports(1)
    settings = config(port, **fields)
    live = create_live(settings)
    audit = Recorded()
    app = create_app(settings, live, with_feed=False, recorder=audit)
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", timeout_graceful_shutdown=1)
    )
    runner = asyncio.Runner()
    loop = runner.get_loop()

    def serve() -> None:
        with runner:  # ends what tasks are left
            runner.run(server.serve())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not server.started:
        assert time.monotonic() < deadline, "the dashboard did not start"
        time.sleep(0.01)
    try:
        yield ServedBoard(f"http://127.0.0.1:{port}", live, loop, settings, audit)
    finally:
        loop.call_soon_threadsafe(live.close)
        server.should_exit = True
        thread.join(60)


def key_directory(tmp_path: Path) -> Path:
    """A directory for a key ring."""
    return tmp_path / "keys"


def key_ring(tmp_path: Path) -> FileKeyRingConfig:
    """The ring in it, as the dashboard is told of it."""
    return FileKeyRingConfig(directory=key_directory(tmp_path), site_key=b"k" * 32)
