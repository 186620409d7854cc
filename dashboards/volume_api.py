"""The JSON API of what is to come: how many exams, by the hour and by the day."""

from __future__ import annotations

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboards.access.roles import Permission
from dashboards.access.routes import allowed
from dashboards.answers import answer
from dashboards.backlog.record import DAYS_JUDGED
from dashboards.backlog.told import LABELS as QUEUE_LABELS
from dashboards.choice import read_chosen
from dashboards.exporting import exported
from dashboards.questions import BadQuestion
from dashboards.services import Services
from dashboards.volume.asked import known_of
from dashboards.volume.counts import STEPS
from dashboards.volume.told import BASELINE, LABELS, METHOD, history_of, rows_of, words_of

PROMISED = 0.8


class VolumeApi:
    """The endpoints of tomorrow's volume."""

    def __init__(self, services: Services) -> None:
        """Everything comes from `services`."""
        self._services = services

    def routes(self) -> list[Route]:
        """Paths and endpoints."""
        may = Permission.ASK_ANALYTICS
        return [
            allowed("/api/forecast/volume", self.volume, may, takes_as_of=True),
            allowed("/api/forecast/volume/record", self.record, may, takes_as_of=True),
            allowed("/api/forecast/volume.{kind}", self.file, may, takes_as_of=True),
        ]

    async def volume(self, request: Request) -> Response:
        """Each hour of the next day and each day of the next two weeks, with ranges and the baseline."""
        steps = _steps(request)
        known, said = await known_of(self._services, request)
        synthetic = await self._services.provenance.synthetic()
        told = {
            "made_at": known.at,
            "hour_at": known.counts.hours.at(known.counts.now),
            "zone_name": str(known.counts.hours.zone),
            "filters": {
                name: value for name, value in read_chosen(request.query_params).parameters().items() if value
            },
            "is_synthetic": synthetic is not None,
            "method": METHOD,
            "baseline": BASELINE,
            "words": words_of(known),
            "steps": [{"step": step, "label": LABELS[step]} for step in steps],
            "modalities": known.counts.modalities,
            "history": {step: history_of(known, step) for step in steps},
            "rows": rows_of(known, steps),
        }
        return answer(request, {**told, **said})

    async def record(self, request: Request) -> Response:
        """How right the forecasts of the last two weeks would have been: volume by step, then each queue."""
        known, said = await known_of(self._services, request)
        found = await self._services.records.of(known, read_chosen(request.query_params), said)
        rows = [
            {"label": LABELS.get(one.what, QUEUE_LABELS.get(one.what)), **asdict(one)} for one in found.judged
        ]
        return answer(request, {"days": DAYS_JUDGED, "promised": PROMISED, "rows": rows, **said})

    async def file(self, request: Request) -> Response:
        """The same rows as a file."""
        steps = _steps(request)
        known, _ = await known_of(self._services, request)
        name = f"volume-{known.at:%Y-%m-%dT%H%M}"
        return await exported(request, self._services, name, rows_of(known, steps))


def _steps(request: Request) -> tuple[str, ...]:
    asked = request.query_params.get("step")
    if not asked:
        return STEPS
    if asked not in STEPS:
        raise BadQuestion(f"step must be one of {', '.join(STEPS)}")
    return (asked,)
