"""The pages: frames that the scripts fill from the API."""

from __future__ import annotations

from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

import jinja2
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from dashboards.access.identity import identity_of
from dashboards.access.roles import Permission
from dashboards.access.routes import allowed, current_user
from dashboards.audit.question import KINDS
from dashboards.services import Services
from schemas.intervals import INTERVALS, IntervalSpec

_HERE = Path(__file__).parent
STATIC_DIR = _HERE / "static"
# What the bar leads to, in its order: path, name, and what it takes to see it. Nobody is led to a refusal.
PAGES = (
    ("/", "Board", Permission.SEE_WORKLIST),
    ("/worklist", "Worklist", Permission.SEE_WORKLIST),
    ("/turnaround", "Turnaround", Permission.ASK_ANALYTICS),
    ("/quality", "Quality", Permission.ASK_ANALYTICS),
    ("/health", "Health", Permission.SEE_HEALTH),
    ("/deadletters", "Dead letters", Permission.MANAGE_DEAD_LETTERS),
    ("/audit", "Audit", Permission.SEE_AUDIT),
)


def page_templates() -> Jinja2Templates:
    """The templates of all pages; everything they print is escaped."""
    loader = jinja2.FileSystemLoader(_HERE / "templates")
    return Jinja2Templates(
        env=jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined),
        context_processors=[_who_asks],
    )


def _who_asks(request: Request) -> dict[str, object]:
    """What every page has of its reader: `user` (None: nobody is signed in) and the session's token."""
    identity = identity_of(request)
    return {"user": identity.user, "csrf_token": identity.csrf_token}


class Pages:
    """The pages of one dashboard."""

    def __init__(self, services: Services, templates: Jinja2Templates) -> None:
        """Everything comes from `services`."""
        self._services = services
        self._templates = templates

    def routes(self) -> list[BaseRoute]:
        """Paths and endpoints."""
        return [
            allowed("/", self.board, Permission.SEE_WORKLIST),
            allowed("/exams/{exam_id:path}", self.exam, Permission.SEE_WORKLIST),
            allowed("/worklist", self.worklist, Permission.SEE_WORKLIST),
            allowed("/turnaround", self.turnaround, Permission.ASK_ANALYTICS),
            allowed("/audit", self.audit, Permission.SEE_AUDIT),
            allowed("/quality", self.quality, Permission.ASK_ANALYTICS),
            allowed("/health", self.health, Permission.SEE_HEALTH),
            allowed("/deadletters", self.dead_letters, Permission.MANAGE_DEAD_LETTERS),
            Mount("/vendor/bokeh", StaticFiles(directory=bokeh_directory()), name="bokeh"),
            Mount("/static", StaticFiles(directory=STATIC_DIR), name="static"),
        ]

    async def board(self, request: Request) -> Response:
        """The live board."""
        return self._templates.TemplateResponse(
            request, "board.html", {**self._about(request), "phases": _phases()}
        )

    async def worklist(self, request: Request) -> Response:
        """Every exam that is under way, as a table."""
        context = {**self._about(request), "may_reconcile": self._may_reconcile(request)}
        return self._templates.TemplateResponse(request, "worklist.html", context)

    async def turnaround(self, request: Request) -> Response:
        """Turnaround over weeks."""
        context = {**self._about(request), "phases": _phases()}
        return self._templates.TemplateResponse(request, "turnaround.html", context)

    async def audit(self, request: Request) -> Response:
        """Who saw what."""
        context = {**self._about(request), "kinds": KINDS}
        return self._templates.TemplateResponse(request, "audit.html", context)

    async def quality(self, request: Request) -> Response:
        """What is missing, late, repeated or contradictory, by source."""
        manages = current_user(request).may(Permission.MANAGE_DEAD_LETTERS)
        context = {**self._about(request), "manages_letters": manages}
        return self._templates.TemplateResponse(request, "quality.html", context)

    async def health(self, request: Request) -> Response:
        """How the pipeline is."""
        return self._templates.TemplateResponse(request, "health.html", self._about(request))

    async def dead_letters(self, request: Request) -> Response:
        """What could not be processed."""
        return self._templates.TemplateResponse(request, "dead_letters.html", self._about(request))

    async def exam(self, request: Request) -> Response:
        """One exam's page; 404 where nothing was ever said of it."""
        exam_id = request.path_params["exam_id"]
        row = await self._services.exam_or_none(exam_id)
        heading = exam_id if row is None else (row.accession_number or exam_id)
        may = {"may_reconcile": self._may_reconcile(request)}
        context = {**self._about(request), **may, "exam_id": exam_id, "heading": heading}
        return self._templates.TemplateResponse(request, "exam.html", context)

    def _may_reconcile(self, request: Request) -> bool:
        return self._services.desk is not None and current_user(request).may(Permission.RECONCILE)

    def _about(self, request: Request) -> dict[str, object]:
        config = self._services.config
        user = current_user(request)
        sight = self._services.sights.expected(request)
        pages = [(path, name) for path, name, permission in PAGES if user.may(permission)]
        return {
            "title": config.title,
            "site": config.site,
            "phi": sight.reading(),
            "shows_phi": sight.withheld is None,
            "pages": pages,
        }


def bokeh_directory() -> Path:
    """The JavaScript that comes with the installed package; the package itself is never imported."""
    found = find_spec("bokeh")
    assert found is not None  # noqa: S101 - a dependency of ours
    assert found.origin is not None  # noqa: S101 - a package of files
    return Path(found.origin).parent / "server" / "static" / "js"


def _phases() -> dict[str, list[IntervalSpec]]:
    return {phase: list(specs) for phase, specs in groupby(INTERVALS, key=lambda spec: spec.phase)}
