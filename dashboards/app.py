"""The dashboard as an ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from dashboards.access.access import open_access
from dashboards.access.authentications import Authentications
from dashboards.access.identity import Identify
from dashboards.access.log import AccessLog
from dashboards.access.oidc.signing_in import OidcSigningIn
from dashboards.access.recorder import KafkaRecorder, Recorder
from dashboards.access.sign_in_page import SignInPage
from dashboards.access.signing_in import SigningIn
from dashboards.analytics import Analytics
from dashboards.api import Api
from dashboards.as_of.past import Past
from dashboards.audit_api import AuditApi
from dashboards.backlog_api import BacklogApi
from dashboards.board import Board
from dashboards.config import DashboardConfig
from dashboards.dead_letters.office import Office
from dashboards.dead_letters_api import DeadLettersApi
from dashboards.department import Clock
from dashboards.exam_api import ExamApi
from dashboards.feed import TopicFeed
from dashboards.feeds import Feeds
from dashboards.forecast_api import ForecastApi
from dashboards.health_api import HealthApi
from dashboards.history import History
from dashboards.live import Live
from dashboards.pages import Pages, page_templates
from dashboards.patients import Patients
from dashboards.pictures.gallery import Gallery
from dashboards.pictures.store import ImageStore
from dashboards.playback_api import PlaybackApi
from dashboards.problems import Problems
from dashboards.provenance import Provenance
from dashboards.provenance_api import ProvenanceApi
from dashboards.quality.quality import Quality
from dashboards.quality_api import QualityApi
from dashboards.reconcile_api import ReconcileApi
from dashboards.reconcile_desk import ReconcileDesk
from dashboards.security import Guard, names_answered_to
from dashboards.services import Services
from dashboards.sight import Sights
from dashboards.staffing_api import StaffingApi
from dashboards.today import Days
from dashboards.trends.trends import Trends
from dashboards.trends_api import TrendsApi
from dashboards.turnaround import Turnaround
from dashboards.turnaround_check import TurnaroundCheck
from dashboards.volume.volumes import Volumes
from dashboards.volume_api import VolumeApi
from dashboards.what_if.what_if import WhatIfs
from dashboards.what_if_api import WhatIfApi
from schemas.keyring_config import open_key_ring
from schemas.phi import KeyRing
from schemas.registry import connect_codec

_PASS_TIME_EVERY_S = 1.0


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
        for feed in feeds:
            feed.start()
        clockwork = asyncio.create_task(_pass_time(live, services.patients))
        yield
        clockwork.cancel()
        live.close()
        # Side by side: each may wait for a broker that is away.
        await asyncio.gather(*(asyncio.to_thread(feed.stop) for feed in feeds))
        services.office.close()
        services.gallery.close()
        services.access_log.close()
        services.analytics.close()
        services.access.close()

    templates = page_templates()
    names = names_answered_to(config.listener.host, config.allowed_hosts)
    access = services.access
    return Starlette(
        routes=[
            *_signing_in(services, templates),
            *Api(services).routes(),
            *PlaybackApi(services).routes(),
            *ReconcileApi(services).routes(),
            *ExamApi(services).routes(),
            *TrendsApi(services).routes(),
            *ProvenanceApi(services).routes(),
            *ForecastApi(services).routes(),
            *QualityApi(services).routes(),
            *WhatIfApi(services).routes(),
            *StaffingApi(services).routes(),
            *VolumeApi(services).routes(),
            *BacklogApi(services).routes(),
            *AuditApi(services).routes(),
            *DeadLettersApi(services).routes(),
            *HealthApi(services).routes(),
            *Pages(services, templates).routes(),
        ],
        middleware=[
            Middleware(Guard, names=names),
            Middleware(Identify, config=access.config, sessions=access.sessions, tokens=access.tokens),
        ],
        exception_handlers=Problems(templates).handlers(),
        lifespan=lifespan,
    )


def _signing_in(services: Services, templates: Jinja2Templates) -> list[Route]:
    access, oidc = services.access, services.access.config.oidc
    authentications = Authentications(access.users, services.access_log)
    page = SignInPage(templates, services.config.title, None if oidc is None else oidc.label)
    routes = SigningIn(access, authentications, page).routes()
    if oidc is not None:
        routes += OidcSigningIn(oidc, access, authentications, page).routes()
    return routes


async def _pass_time(live: Live, patients: Patients) -> None:
    while True:
        live.pass_time()
        live.show_again(patients.erased_among(tuple(live.board)))
        await asyncio.sleep(_PASS_TIME_EVERY_S)
