"""What Grafana is provisioned with is well formed, and each of its statements gives the analyst rows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from clickhouse_connect.driver.client import Client

from schemas.intervals import BY_NAME
from sinks.clickhouse.migrate import migrate
from tests.clickhouse_running import DATABASE, clickhouse_server
from tests.quarter import quarter
from tests.quarter_events import load

_GRAFANA = Path(__file__).parents[2] / "deploy" / "grafana"
_DASHBOARDS = {
    path.stem: json.loads(path.read_text("utf-8")) for path in (_GRAFANA / "dashboards").glob("*.json")
}
_PANELS = [
    pytest.param(uid, panel, id=f"{uid}: {panel['title']}")
    for uid, dashboard in sorted(_DASHBOARDS.items())
    for panel in dashboard["panels"]
]
_RULES = [
    rule
    for group in yaml.safe_load((_GRAFANA / "provisioning/alerting/radstream.yaml").read_text("utf-8"))[
        "groups"
    ]
    for rule in group["rules"]
]
# The quarter, by days; and what grafana-clickhouse-datasource (pkg/macros) makes of its macros.
_FROM_S, _TO_S, _INTERVAL_S = 1767222000, 1775080800, 86400
_MACROS: Mapping[str, str] = {
    r"\$__timeFilter\(([^()]+)\)": rf"\1 >= toDateTime({_FROM_S}) AND \1 <= toDateTime({_TO_S})",
    r"\$__timeInterval\(((?:[^()]|\([^()]*\))+)\)": (
        rf"toStartOfInterval(toDateTime(\1), INTERVAL {_INTERVAL_S} second)"
    ),
    r"\$__fromTime\b": f"toDateTime({_FROM_S})",
    r"\$__toTime\b": f"toDateTime({_TO_S})",
    r"\$__interval_s\b": str(_INTERVAL_S),
}
_LETTER = """
INSERT INTO deadletters (dead_letter_id, origin, reason, recorded_at)
VALUES (generateUUIDv4(), 'hl7', 'X', now64(6))
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The analyst's, with the quarter and a dead letter."""
    with clickhouse_server(tmp_path_factory.mktemp("clickhouse")) as server:
        owner = server.client()
        migrate(owner, DATABASE)
        load(owner, quarter())
        owner.command(_LETTER)
        owner.close()
        analyst = server.analyst()
        yield analyst
        analyst.close()


def expanded(client: Client, sql: str, dashboard: Mapping[str, Any]) -> str:
    """As Grafana sends it: with every choice of its variables, and its macros replaced."""
    for variable in dashboard["templating"]["list"]:
        name = variable["name"]
        if variable["type"] == "query":
            values = [str(value) for (value,) in client.query(variable["query"]).result_rows]
            assert values
            sql = sql.replace(f"${{{name}:singlequote}}", ", ".join(f"'{value}'" for value in values))
        sql = sql.replace(f"${{{name}}}", str(variable["current"]["value"]))
    for macro, text in _MACROS.items():
        sql = re.sub(macro, text, sql)
    assert "$" not in sql, sql
    return sql


def test_the_dashboards_are_what_their_table_says() -> None:
    done = subprocess.run([sys.executable, str(_GRAFANA / "generate.py"), "--check"], check=False)
    assert done.returncode == 0, "run python deploy/grafana/generate.py"
    assert len(_DASHBOARDS) == 4


def test_uids_and_titles_are_unique_and_panels_do_not_overlap() -> None:
    assert {dashboard["uid"] for dashboard in _DASHBOARDS.values()} == set(_DASHBOARDS)
    assert len({rule["uid"] for rule in _RULES}) == len({rule["title"] for rule in _RULES}) == len(_RULES)
    for dashboard in _DASHBOARDS.values():
        panels = dashboard["panels"]
        assert (
            len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels)
        )
        taken = [
            (x, y)
            for panel in panels
            for place in (panel["gridPos"],)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]
        assert len(set(taken)) == len(taken)
        assert max(x for x, _ in taken) < 24


def test_everything_asks_the_one_data_source_that_is_provisioned() -> None:
    (source,) = yaml.safe_load((_GRAFANA / "provisioning/datasources/radstream.yaml").read_text("utf-8"))[
        "datasources"
    ]
    asked = {panel["datasource"]["uid"] for one in _DASHBOARDS.values() for panel in one["panels"]}
    asked |= {rule["data"][0]["datasourceUid"] for rule in _RULES}
    assert asked == {source["uid"]}
    assert "password" not in source["jsonData"]
    assert source["secureJsonData"]["password"].startswith("${")


def test_the_intervals_to_choose_from_are_there() -> None:
    (choice,) = (
        v for v in _DASHBOARDS["radstream-turnaround"]["templating"]["list"] if v["name"] == "interval"
    )
    assert set(choice["query"].split(",")) <= set(BY_NAME)


@pytest.mark.parametrize(("uid", "panel"), _PANELS)
def test_a_panel_has_rows_to_show(client: Client, uid: str, panel: dict[str, Any]) -> None:
    (target,) = panel["targets"]
    result = client.query(expanded(client, target["rawSql"], _DASHBOARDS[uid]))
    assert result.row_count > 0
    if panel["type"] == "timeseries":
        place = result.column_names.index("time")
        assert str(result.column_types[place].base_type).startswith("DateTime")
        assert result.row_count > 3
    if panel["type"] == "stat":
        assert result.row_count == 1
        assert result.result_rows[0][0] is not None


@pytest.mark.parametrize("rule", _RULES, ids=lambda rule: str(rule["uid"]))
def test_an_alert_rule_compares_one_number(client: Client, rule: dict[str, Any]) -> None:
    ask, compare = rule["data"]
    result = client.query(ask["model"]["rawSql"])
    assert result.row_count == 1
    assert isinstance(result.result_rows[0][0], int | float)
    assert (rule["condition"], compare["model"]["expression"]) == (compare["refId"], ask["refId"])
    assert "$" not in ask["model"]["rawSql"]  # Grafana would take it for a variable of its environment
