"""Worklist rows for the dashboard's tests, and the real application around them."""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
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
from dashboards.patients import Patients
from dashboards.sight import Sight, Withheld
from runtime.stack.ports import allocate_free_ports
from schemas.events import AccessRecorded
from schemas.identity import event_id, patient_key
from schemas.keyring_config import FileKeyRingConfig
from schemas.parts import Phi
from schemas.phi import KeyRing, seal
from schemas.views import AlertRow, DueRow, PredictionRow, WorklistRow

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext  # the tests without a browser do not load it

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
_START_TIMEOUT_S = 10.0
PASSWORD = "correct horse battery"
EVERY_ROLE = tuple(Role)
PSEUDONYMS = Sight(Patients(None), Withheld.NO_KEY_RING)
# One database of users for every dashboard of this process; removed with it.
_DIRECTORY = tempfile.TemporaryDirectory(prefix="radstream-access-", ignore_cleanup_errors=True)


def row(number: int, stage: str = "ordered", *, since: datetime = NOON, **fields: Any) -> WorklistRow:
    """One exam that stands in `stage` since `since`."""
    values: dict[str, Any] = {
        "exam_id": f"GENERAL|A{number:05}",
        "accession_number": f"A{number:05}",
        "site": "GENERAL",
        "patient_key": patient_key(b"secret", "GENERAL", str(number)),
        "modality": ("CT", "MR", "US", "DX")[number % 4],
        "procedure_name": f"Procedure {number % 7}",
        "priority": "STAT" if number % 10 == 0 else "ROUTINE",
        "stage": stage,
        "stage_since_at": since,
        "ordered_at": since - timedelta(minutes=30),
        "series_count": 0,
        "instance_count": 0,
        "unmatched": stage == "unmatched",
        "event_count": 1,
        "last_occurred_at": since,
        "last_recorded_at": since,
    }
    return WorklistRow(**values | fields)


def due(number: int, due_at: datetime, target: timedelta = timedelta(hours=1)) -> DueRow:
    """The report of exam `number` is due; warned of a quarter of the time before."""
    return DueRow(
        exam_id=row(number).exam_id,
        site="GENERAL",
        interval="report_turnaround",
        start_at=due_at - target,
        warn_at=due_at - target / 4,
        due_at=due_at,
        targets_sha256="0" * 64,
        due_s=int(target.total_seconds()),
        said_at=due_at - target,
    )


def forecast(number: int, late: float, milestone: str = "final") -> PredictionRow:
    """Half an hour to two hours after noon, and how likely the report will be late."""
    exam_id = row(number).exam_id
    return PredictionRow(
        prediction_id=f"{exam_id}|{milestone}",
        exam_id=exam_id,
        site="GENERAL",
        milestone=milestone,
        made_at=NOON,
        p10_at=NOON + timedelta(minutes=30),
        p50_at=NOON + timedelta(minutes=60),
        p90_at=NOON + timedelta(minutes=120),
        interval="report_turnaround",
        due_at=NOON + timedelta(minutes=90),
        breach_probability=late,
        reasons=("unread_ahead", "hour"),
        model="20260101T000000Z-0123abcd",
    )


def alert(number: int, state: str, due_at: datetime, **fields: Any) -> AlertRow:
    """An alert of exam `number`."""
    of = row(number)
    values: dict[str, Any] = {
        "alert_id": f"alert-{number}",
        "exam_id": of.exam_id,
        "accession_number": of.accession_number,
        "site": of.site,
        "modality": of.modality,
        "procedure_name": of.procedure_name,
        "priority": of.priority,
        "interval": "report_turnaround",
        "state": state,
        "start_at": due_at - timedelta(hours=1),
        "warn_at": due_at - timedelta(minutes=15),
        "due_at": due_at,
        "targets_sha256": "0" * 64,
        "due_s": 3600,
        "said_at": due_at,
    }
    return AlertRow(**values | fields)


def sealed(of: WorklistRow, ring: KeyRing, name: str) -> WorklistRow:
    """The same row with its patient's name sealed into it."""
    assert of.patient_key is not None
    bound_to = event_id("test", of.exam_id)
    phi = Phi(patient_name=name, patient_id="4711", birth_date="19610412", sex="F", text="secret text")
    return replace(of, phi=seal(ring, of.patient_key, bound_to, phi), phi_event_id=bound_to)


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
        thread.join(10)


def key_directory(tmp_path: Path) -> Path:
    """A directory for a key ring."""
    return tmp_path / "keys"


def key_ring(tmp_path: Path) -> FileKeyRingConfig:
    """The ring in it, as the dashboard is told of it."""
    return FileKeyRingConfig(directory=key_directory(tmp_path), site_key=b"k" * 32)
