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
from dashboards.as_of.banner import banner
from dashboards.audit.question import KINDS, OUTCOMES
from dashboards.exam_seen import exam_shown
from dashboards.services import Services
from schemas.intervals import INTERVALS, IntervalSpec

_HERE = Path(__file__).parent
STATIC_DIR = _HERE / "static"
# What keeps no history, and why its page is the same at every instant.
_NOW_ONLY = {
    "/forecast": "It tells what is to come from now on, and judges past forecasts by all that came since.",
    "/what-if": "Its period is asked by its own dates; it is judged by what is known of it now.",
    "/health": "How the parts are is not kept; Grafana has its figures over time.",
    "/deadletters": "A letter stands here until someone drives it again or dismisses it.",
    "/audit": "The audit log is a history itself: it is asked by its own dates.",
}
# What the bar leads to, in its order: path, name, and what it takes to see it. Nobody is led to a refusal.
PAGES = (
    ("/", "Board", Permission.SEE_WORKLIST),
    ("/worklist", "Worklist", Permission.SEE_WORKLIST),
    ("/turnaround", "Turnaround", Permission.ASK_ANALYTICS),
    ("/forecast", "Forecast", Permission.ASK_ANALYTICS),
    ("/what-if", "What if", Permission.ASK_ANALYTICS),
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
            allowed("/", self.board, Permission.SEE_WORKLIST, takes_as_of=True),
            allowed("/exams/{exam_id:path}", self.exam, Permission.SEE_WORKLIST, takes_as_of=True),
            allowed("/worklist", self.worklist, Permission.SEE_WORKLIST, takes_as_of=True),
            allowed("/turnaround", self.turnaround, Permission.ASK_ANALYTICS, takes_as_of=True),
            allowed("/forecast", self.forecast, Permission.ASK_ANALYTICS, takes_as_of=True),
            allowed("/what-if", self.what_if, Permission.ASK_ANALYTICS, takes_as_of=True),
            allowed("/audit", self.audit, Permission.SEE_AUDIT, takes_as_of=True),
            allowed("/quality", self.quality, Permission.ASK_ANALYTICS, takes_as_of=True),
            allowed("/health", self.health, Permission.SEE_HEALTH, takes_as_of=True),
            allowed("/deadletters", self.dead_letters, Permission.MANAGE_DEAD_LETTERS, takes_as_of=True),
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

    async def forecast(self, request: Request) -> Response:
        """What is to be expected, and how far it can be trusted."""
        return self._templates.TemplateResponse(request, "forecast.html", self._about(request))

    async def what_if(self, request: Request) -> Response:
        """History judged by other targets."""
        return self._templates.TemplateResponse(request, "what_if.html", self._about(request))

    async def audit(self, request: Request) -> Response:
        """Who saw what."""
        context = {**self._about(request), "kinds": KINDS, "outcomes": OUTCOMES}
        return self._templates.TemplateResponse(request, "audit.html", context)

    async def quality(self, request: Request) -> Response:
        """What is missing, late, repeated or contradictory, by source."""
        about = self._about(request)
        # Letters are of now, and nothing is done to them from the past.
        manages = about["past"] is None and current_user(request).may(Permission.MANAGE_DEAD_LETTERS)
        context = {**about, "manages_letters": manages}
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
        row = await exam_shown(self._services, request)
        heading = exam_id if row is None else (row.accession_number or exam_id)
        may = {"may_reconcile": self._may_reconcile(request)}
        context = {**self._about(request), **may, "exam_id": exam_id, "heading": heading}
        return self._templates.TemplateResponse(request, "exam.html", context)

    def _may_reconcile(self, request: Request) -> bool:
        if self._services.desk is None or request.query_params.get("as_of"):
            return False  # nothing is decided from the past
        return current_user(request).may(Permission.RECONCILE)

    def _about(self, request: Request) -> dict[str, object]:
        config = self._services.config
        user = current_user(request)
        sight = self._services.sights.expected(request)
        past = self._past(request)
        pages = [(path, name) for path, name, permission in PAGES if user.may(permission)]
        return {
            "title": config.title,
            "site": config.site,
            "phi": sight.reading(),
            "shows_phi": sight.withheld is None,
            "pages": pages,
            "past": past,
            "as_of_query": "" if past is None else f"?{past['address']}",
            "looks_back": config.folding is not None,
        }

    def _past(self, request: Request) -> dict[str, object] | None:
        """What the page says of its instant; None where it shows now. Raises BadQuestion, NotFolded."""
        services, path, asked = self._services, request.url.path, request.query_params
        as_of = services.past.read(asked)
        if as_of is None:
            return None
        return banner(as_of, path, asked, services.clock, _NOW_ONLY.get(path))


def bokeh_directory() -> Path:
    """The JavaScript that comes with the installed package; the package itself is never imported."""
    found = find_spec("bokeh")
    assert found is not None  # noqa: S101 - a dependency of ours
    assert found.origin is not None  # noqa: S101 - a package of files
    return Path(found.origin).parent / "server" / "static" / "js"


def _phases() -> dict[str, list[IntervalSpec]]:
    return {phase: list(specs) for phase, specs in groupby(INTERVALS, key=lambda spec: spec.phase)}
