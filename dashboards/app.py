"""The dashboard as an ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware

from dashboards.access.access import open_access
from dashboards.access.identity import Identify
from dashboards.access.log import AccessLog
from dashboards.access.recorder import KafkaRecorder, Recorder
from dashboards.analytics import Analytics
from dashboards.as_of.past import Past
from dashboards.backlog.records import Records
from dashboards.board import Board
from dashboards.config import DashboardConfig
from dashboards.dead_letters.office import Office
from dashboards.department import Clock
from dashboards.feed import TopicFeed
from dashboards.feeds import Feeds
from dashboards.history import History
from dashboards.live import Live
from dashboards.pages import page_templates
from dashboards.patients import Patients
from dashboards.pictures.gallery import Gallery
from dashboards.pictures.store import ImageStore
from dashboards.problems import Problems
from dashboards.provenance import Provenance
from dashboards.quality.quality import Quality
from dashboards.reconcile_desk import ReconcileDesk
from dashboards.routes import routes
from dashboards.running import running
from dashboards.security import Guard, names_answered_to
from dashboards.services import Services
from dashboards.sight import Sights
from dashboards.today import Days
from dashboards.trends.trends import Trends
from dashboards.turnaround import Turnaround
from dashboards.turnaround_check import TurnaroundCheck
from dashboards.volume.volumes import Volumes
from dashboards.what_if.what_if import WhatIfs
from schemas.keyring_config import open_key_ring
from schemas.phi import KeyRing
from schemas.registry import connect_codec


def create_services(
    config: DashboardConfig, live: Live, feed_is_alive: Callable[[], bool], recorder: Recorder
) -> Services:
    """The parts that `config` asks for. Raises KeyRingUnusable, sqlite3.Error, OSError."""
    ring = None if config.key_ring is None else open_key_ring(config.key_ring)
    analytics, patients = Analytics(config), Patients(ring)
    access_log = AccessLog(config.site, config.now, recorder, ring)
    history = History(analytics, config.explain)
    return Services(
        config=config,
        access=open_access(config.access),
        clock=live.clock,
        live=live,
        patients=patients,
        access_log=access_log,
        sights=Sights(patients, access_log),
        analytics=analytics,
        history=history,
        past=Past(analytics, live.clock, config.folding),
        turnaround=Turnaround.of(analytics, live.clock.zone(), config.targets_of),
        days=Days(analytics, live.clock.zone()),
        gallery=_gallery(config, analytics, ring, access_log),
        trends=Trends(analytics),
        provenance=Provenance(analytics),
        check=TurnaroundCheck(config.compare),
        quality=Quality(analytics),
        what_ifs=WhatIfs(analytics),
        volumes=Volumes(live.clock.zone),
        records=Records(),
        desk=None if config.reconcile is None else ReconcileDesk(live, history, config.reconcile),
        office=Office(config.letter_desk),
        feed_is_alive=feed_is_alive,
    )


def _gallery(
    config: DashboardConfig, analytics: Analytics, ring: KeyRing | None, access_log: AccessLog
) -> Gallery:
    store = None if config.images is None or ring is None else ImageStore(config.images, ring)
    return Gallery(analytics, store, access_log)


def create_live(config: DashboardConfig) -> Live:
    """An empty board by the department's clock."""
    return Live(Board(), Clock(config.now, config.clock_speed))


def create_app(
    config: DashboardConfig, live: Live, *, with_feed: bool = True, recorder: Recorder | None = None
) -> Starlette:
    """The application. Without its feed it shows what others put on `live`.

    `recorder`: where accesses are recorded, if not in Kafka's audit topic.
    """
    feeds: list[TopicFeed[Any]] = []
    connect = partial(connect_codec, config.registry_url)
    recorder = recorder or KafkaRecorder(connect, config.kafka_bootstrap)
    services = create_services(config, live, lambda: all(feed.is_alive() for feed in feeds), recorder)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if with_feed:
            made = Feeds(asyncio.get_running_loop(), live, config.kafka_bootstrap, connect)
            feeds.extend(made.all(services.patients.prepare))
        async with running(services, feeds):
            yield

    templates = page_templates()
    names = names_answered_to(config.listener.host, config.allowed_hosts)
    access = services.access
    return Starlette(
        routes=routes(services, templates),
        middleware=[
            Middleware(Guard, names=names),
            Middleware(Identify, config=access.config, sessions=access.sessions, tokens=access.tokens),
        ],
        exception_handlers=Problems(templates).handlers(),
        lifespan=lifespan,
    )
