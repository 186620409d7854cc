"""The pages: frames that the scripts fill from the API."""

from __future__ import annotations

from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

import jinja2
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from dashboards.services import Services
from schemas.intervals import INTERVALS, IntervalSpec

_HERE = Path(__file__).parent
STATIC_DIR = _HERE / "static"
# What the bar leads to, in its order: path and name.
PAGES = (("/", "Board"), ("/worklist", "Worklist"), ("/turnaround", "Turnaround"))


def page_templates() -> Jinja2Templates:
    """The templates of all pages; everything they print is escaped."""
    loader = jinja2.FileSystemLoader(_HERE / "templates")
    return Jinja2Templates(
        env=jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    )


class Pages:
    """The pages of one dashboard."""

    def __init__(self, services: Services, templates: Jinja2Templates) -> None:
        """Everything comes from `services`."""
        self._services = services
        self._templates = templates

    def routes(self) -> list[BaseRoute]:
        """Paths and endpoints."""
        return [
            Route("/", self.board),
            Route("/exams/{exam_id:path}", self.exam),
            Route("/worklist", self.worklist),
            Route("/turnaround", self.turnaround),
            Mount("/vendor/bokeh", StaticFiles(directory=bokeh_directory()), name="bokeh"),
            Mount("/static", StaticFiles(directory=STATIC_DIR), name="static"),
        ]

    async def board(self, request: Request) -> Response:
        """The live board."""
        return self._templates.TemplateResponse(request, "board.html", {**self._about(), "phases": _phases()})

    async def worklist(self, request: Request) -> Response:
        """Every exam that is under way, as a table."""
        return self._templates.TemplateResponse(request, "worklist.html", self._about())

    async def turnaround(self, request: Request) -> Response:
        """Turnaround over weeks."""
        context = {**self._about(), "phases": _phases()}
        return self._templates.TemplateResponse(request, "turnaround.html", context)

    async def exam(self, request: Request) -> Response:
        """One exam's page; 404 where nothing was ever said of it."""
        exam_id = request.path_params["exam_id"]
        row = await self._services.exam_or_none(exam_id)
        heading = exam_id if row is None else (row.accession_number or exam_id)
        context = {**self._about(), "exam_id": exam_id, "heading": heading}
        return self._templates.TemplateResponse(request, "exam.html", context)

    def _about(self) -> dict[str, object]:
        config = self._services.config
        shows_phi = self._services.patients.shows_phi
        return {"title": config.title, "site": config.site, "shows_phi": shows_phi, "pages": PAGES}


def bokeh_directory() -> Path:
    """The JavaScript that comes with the installed package; the package itself is never imported."""
    found = find_spec("bokeh")
    assert found is not None  # noqa: S101 - a dependency of ours
    assert found.origin is not None  # noqa: S101 - a package of files
    return Path(found.origin).parent / "server" / "static" / "js"


def _phases() -> dict[str, list[IntervalSpec]]:
    return {phase: list(specs) for phase, specs in groupby(INTERVALS, key=lambda spec: spec.phase)}
