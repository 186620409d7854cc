"""Writes the dashboards as Grafana reads them: `python deploy/grafana/generate.py [--check]`."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_SOURCE = {"type": "grafana-clickhouse-datasource", "uid": "radstream"}
_COLUMNS, _WIDTH, _HEIGHT = 24, 12, 8
# Of the plugin: what a query gives. A chart of bars and a single figure are made from a table.
_TIME_SERIES, _TABLE = 0, 1
_INTERVALS = (
    "report_turnaround,order_to_final,arrival_to_start,acquisition,completion_to_opened,interpretation"
)
_LEGEND = {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True}}

Json = dict[str, Any]


def dashboards() -> dict[str, Json]:
    """Each dashboard's document by the name of its file."""
    told = tomllib.loads((_HERE / "panels.toml").read_text("utf-8"))
    return {f"{one['uid']}.json": _dashboard(one, told["fragments"]) for one in told["dashboard"]}


def _dashboard(told: Json, fragments: Mapping[str, str]) -> Json:
    panels = told["panel"]
    statements = [_filled(panel["sql"], fragments) for panel in panels]
    places = _places(panels)
    return {
        "uid": told["uid"],
        "title": told["title"],
        "description": told["about"],
        "tags": ["radstream"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": "now-7d", "to": "now"},
        "timezone": "browser",
        "templating": {"list": _variables(statements)},
        "panels": [
            {"id": number, "gridPos": place, **_panel(panel, sql)}
            for number, (panel, place, sql) in enumerate(zip(panels, places, statements, strict=True), 1)
        ],
    }


def _filled(sql: str, fragments: Mapping[str, str]) -> str:
    """A fragment may name another one that stands before it."""
    for name in reversed(list(fragments)):
        sql = sql.replace(f"%{name}%", fragments[name])
    return sql


def _panel(panel: Json, sql: str) -> Json:
    is_series = panel["kind"] == "timeseries"
    target = {
        "refId": "A",
        "datasource": _SOURCE,
        "editorType": "sql",
        "queryType": "timeseries" if is_series else "table",
        "format": _TIME_SERIES if is_series else _TABLE,
        "rawSql": sql,
    }
    defaults = {"unit": panel.get("unit", "short"), "min": 0, "noValue": "none"}
    return {
        "type": panel["kind"],
        "title": panel["title"],
        "description": panel.get("about", ""),
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": _LEGEND if is_series else {},
        "targets": [target],
    }


def _places(panels: Sequence[Json]) -> list[Json]:
    """From left to right, then the next row."""
    places: list[Json] = []
    x = y = tallest = 0
    for panel in panels:
        width, height = panel.get("width", _WIDTH), panel.get("height", _HEIGHT)
        if x + width > _COLUMNS:
            x, y, tallest = 0, y + tallest, 0
        places.append({"x": x, "y": y, "w": width, "h": height})
        x, tallest = x + width, max(tallest, height)
    return places


def _variables(statements: Sequence[str]) -> list[Json]:
    """Those that the statements name."""
    every = [_interval(), _of_exams("modality", "Modality"), _of_exams("patient_class", "Class")]
    return [one for one in every if any(f"${{{one['name']}" in sql for sql in statements)]


def _interval() -> Json:
    current = {"text": "report_turnaround", "value": "report_turnaround"}
    return {
        "name": "interval",
        "label": "Interval",
        "type": "custom",
        "query": _INTERVALS,
        "current": current,
    }


def _of_exams(name: str, label: str) -> Json:
    sql = f"SELECT DISTINCT {name} FROM v_exams ORDER BY {name}"  # noqa: S608 our own constants
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": _SOURCE,
        "query": sql,
        "definition": sql,
        "refresh": 1,
        "includeAll": True,
        "multi": True,
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def main() -> int:
    """Exit code 1 where --check finds a file that differs."""
    texts = {
        _HERE / "dashboards" / name: json.dumps(of, indent=1) + "\n" for name, of in dashboards().items()
    }
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" not in sys.argv:
        for path in stale:
            path.write_text(texts[path], "utf-8")
        return 0
    if stale:
        names = ", ".join(path.name for path in stale)
        sys.stderr.write(f"{names}: run python deploy/grafana/generate.py\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
