"""Every route of the dashboard, and what answers it."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route
from starlette.templating import Jinja2Templates

from dashboards.access.authentications import Authentications
from dashboards.access.oidc.signing_in import OidcSigningIn
from dashboards.access.sign_in_page import SignInPage
from dashboards.access.signing_in import SigningIn
from dashboards.api import Api
from dashboards.audit_api import AuditApi
from dashboards.backlog_api import BacklogApi
from dashboards.dead_letters_api import DeadLettersApi
from dashboards.exam_api import ExamApi
from dashboards.forecast_api import ForecastApi
from dashboards.health_api import HealthApi
from dashboards.pages import Pages
from dashboards.playback_api import PlaybackApi
from dashboards.provenance_api import ProvenanceApi
from dashboards.quality_api import QualityApi
from dashboards.reconcile_api import ReconcileApi
from dashboards.services import Services
from dashboards.staffing_api import StaffingApi
from dashboards.trends_api import TrendsApi
from dashboards.volume_api import VolumeApi
from dashboards.what_if_api import WhatIfApi


def routes(services: Services, templates: Jinja2Templates) -> list[BaseRoute]:
    """All of them, in the order in which they are tried."""
    return [
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
    ]


def _signing_in(services: Services, templates: Jinja2Templates) -> list[Route]:
    access, oidc = services.access, services.access.config.oidc
    authentications = Authentications(access.users, services.access_log)
    page = SignInPage(templates, services.config.title, None if oidc is None else oidc.label)
    routes = SigningIn(access, authentications, page).routes()
    if oidc is not None:
        routes += OidcSigningIn(oidc, access, authentications, page).routes()
    return routes
