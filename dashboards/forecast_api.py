"""The JSON API of the track record of forecasts, and of what early warnings were worth."""

from __future__ import annotations

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboards.access.roles import Permission
from dashboards.access.routes import allowed
from dashboards.answers import answer
from dashboards.cards import Json
from dashboards.forecast.counts import by_day, by_group, chosen, figures, reliability
from dashboards.forecast.held_out import Counts, HeldOut, NoModel
from dashboards.forecast.live_record import LiveRecords
from dashboards.forecast.question import OfForecasts, read_days, read_forecasts
from dashboards.forecast.raised import RaisedWarnings
from dashboards.forecast.verdict import verdict
from dashboards.forecast.warnings import DAYS, Warnings, thresholds_in_use, told
from dashboards.remembered import Remembered
from dashboards.services import Services
from schemas.forecast_record import FORECAST
from schemas.intervals import MILESTONES

_REMEMBERED_S = 30.0
_NOT_TOLD = NoModel("This dashboard is not told of models.", "")


class ForecastApi:
    """The endpoints of the page of forecasts that judge them."""

    def __init__(self, services: Services) -> None:
        """Everything comes from `services`."""
        self._services = services
        self._live = LiveRecords(services.analytics, services.clock)
        self._warnings = Warnings(services.analytics, services.clock)
        self._raised = RaisedWarnings(services.analytics, services.clock)
        self._standing = Remembered(self._asked_standing, _REMEMBERED_S)

    def routes(self) -> list[Route]:
        """Paths and endpoints."""
        return [
            allowed("/api/forecast/record", self.record, Permission.ASK_ANALYTICS),
            allowed("/api/forecast/warnings", self.warnings, Permission.ASK_ANALYTICS),
        ]

    async def record(self, request: Request) -> Response:
        """Live forecasts of the last days, and those of the days that were held out at training."""
        days, of = read_days(request.query_params), read_forecasts(request.query_params)
        live, held_out = await self._live.now(), await self._standing.now()
        rows = [chosen(some, of.wanted()) for some in live.of_last(days)]
        held = _held(held_out, of)
        told_live = _told(*rows)
        held_all = None if held is None else held["all"]
        found = verdict(told_live["all"], days, held_out, held_all, of.words())
        return answer(
            request,
            {
                "days": days,
                "filters": {name: value for name, value in of.wanted().items() if value},
                "verdict": found,
                "live": {"since": live.since, **told_live},
                "held_out": held,
                "model": _model(held_out),
                "choices": _choices([*live.days, *_days_of(held_out)]),
            },
        )

    async def warnings(self, request: Request) -> Response:
        """Every threshold in one answer: live, and on held-out days, which are counted by milestone only."""
        of, held_out = read_forecasts(request.query_params), await self._standing.now()
        live, desk = await self._warnings.of(of), self._services.config.targets_desk
        is_narrow = bool(of.modality or of.priority)
        held = held_out.warnings if isinstance(held_out, HeldOut) and not is_narrow else ()
        return answer(
            request,
            {
                "days": DAYS,
                "filters": {name: value for name, value in of.wanted().items() if value},
                "in_use": thresholds_in_use(() if desk is None else desk.in_force()),
                "raised": await self._raised.now(),
                "live": live,
                "held_out": [told(row) for row in held if row["milestone"] == of.milestone],
            },
        )

    async def _asked_standing(self) -> HeldOut | NoModel:
        ask = self._services.config.held_out
        return _NOT_TOLD if ask is None else await anyio.to_thread.run_sync(ask)


def _told(days: list[Counts], tenths: list[Counts]) -> Json:
    return {
        "all": figures(days, tenths),
        "groups": by_group(days, tenths),
        "reliability": reliability(tenths),
        "by_day": by_day(days),
    }


def _held(held_out: HeldOut | NoModel, of: OfForecasts) -> Json | None:
    if isinstance(held_out, NoModel) or not held_out.is_kept:
        return None
    rows = [chosen(some, of.wanted()) for some in (held_out.days, held_out.tenths)]
    return {"first_day": held_out.first_day, "last_day": held_out.last_day, **_told(*rows)}


def _model(held_out: HeldOut | NoModel) -> Json:
    """What is in use, or why nothing is."""
    if isinstance(held_out, NoModel):
        return {"version": None, "why": held_out.why, "next_step": held_out.next_step}
    return {
        "version": held_out.version,
        "why": held_out.why_in_use,
        "next_step": "",
        "made_at": held_out.made_at,
        "data_from": held_out.data_from,
        "data_until": held_out.data_until,
        "exams": held_out.exams,
        "is_record_kept": held_out.is_kept,
        "drift": {"verdict": held_out.drift_verdict, "reasons": held_out.drift, "at": held_out.drift_at},
        "without_model": [
            {"milestone": name, "label": MILESTONES[name].label, "why": why}
            for name, why in held_out.without_model.items()
        ],
    }


def _days_of(held_out: HeldOut | NoModel) -> list[Counts]:
    return list(held_out.days) if isinstance(held_out, HeldOut) else []


def _choices(days: list[Counts]) -> Json:
    return {
        "milestone": [{"milestone": name, "label": MILESTONES[name].label} for name in FORECAST],
        **{name: sorted({row[name] for row in days if row[name]}) for name in ("modality", "priority")},
    }
