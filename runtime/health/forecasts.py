"""How the forecasts are, by what their process says of itself. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboards.health.report import ForecastHealth
from schemas.forecast_features import BASELINE, DRIFTED, TOO_FEW

_TRAIN = "`radstream train` learns from the latest weeks, and brings its model into use if it is better."


def forecast_health(said: Mapping[str, Any] | None) -> ForecastHealth | None:
    """Of the file of figures of `predictions`; None where there is none."""
    if said is None or "exams_forecast" not in said:
        return None
    version, note, drift = said.get("version"), said.get("note") or "", said.get("drift") or {}
    verdict = drift.get("verdict")
    # That nothing was learned yet is no fault: the panel and the pages say so.
    wrong = [_sentence(note)] if note and version is not None else []
    if verdict == DRIFTED:
        reasons = "; ".join(drift["reasons"])
        wrong.append(f"The last week is unlike the weeks that the model learned from: {reasons}.")
    return ForecastHealth(
        version=version,
        wrong=tuple(wrong),
        next_step=_next_step(version, note, said.get("wanted")) or _TRAIN if wrong else "",
        is_drifted=None if verdict in (None, TOO_FEW) else verdict == DRIFTED,
        exams_forecast=int(said["exams_forecast"]),
        cpu_s=float(said["cpu_s"]),
        ms_per_exam=said.get("ms_per_exam"),
    )


def _next_step(version: str | None, note: str, wanted: str | None) -> str:
    if "libgomp1" in note:
        return "Install GNU OpenMP: `apt-get install libgomp1`."
    if version == BASELINE and not wanted and note:
        return "Wait: it is asked again every 15 s. `radstream status` says whether the object store serves."
    if note:
        return "`radstream models rollback` goes back to one that can be used; `radstream train` makes one."
    return ""


def _sentence(note: str) -> str:
    return f"{note[:1].upper()}{note[1:]}."
