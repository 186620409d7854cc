"""The API's document says what the server does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
from starlette.routing import Route

from dashboards.access.routes import GuardedRoute
from dashboards.app import create_app, create_live
from dashboards.openapi import document
from dashboards.operations.catalogue import OPERATIONS
from tests.dashboard_rows import row
from tests.served_board import config, served_board


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with served_board() as served, served.client(timeout_s=60) as made:
        served.put(row(1))
        served.load()
        yield made


def test_every_route_of_the_api_is_in_the_document_and_nothing_else_is() -> None:
    settings = config()
    app = create_app(settings, create_live(settings), with_feed=False)
    paths = {route.path.replace(":path", "") for route in app.routes if isinstance(route, Route)}
    served = {path for path in paths if path.startswith("/api/") or path.endswith("z")}
    assert set(document("x")["paths"]) == served - {"/api/openapi.json"}


def test_what_tells_of_an_instant_says_so_and_all_else_refuses_one(client: httpx.Client) -> None:
    settings = config()
    app = create_app(settings, create_live(settings), with_feed=False)
    routes = [route for route in app.routes if isinstance(route, GuardedRoute)]
    takers = {route.path.replace(":path", "") for route in routes if route.takes_as_of}
    documented = {operation.path for operation in OPERATIONS if operation.as_of}
    assert {path for path in takers if path.startswith("/api/")} == documented
    answer = client.get("/api/worklist", params={"as_of": "2026-03-09T10:00:00Z"})
    assert answer.status_code == 501
    assert answer.json()["type"] == "urn:radstream:problem:no-as-of"
    for operation in OPERATIONS:
        names = {
            one["name"] for one in document("x")["paths"][operation.path][operation.method]["parameters"]
        }
        assert ({"as_of", "sense"} <= names) == operation.as_of


def test_path_parameters_are_those_of_the_path() -> None:
    for path, methods in document("x")["paths"].items():
        for operation in methods.values():
            said = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert said == set(re.findall(r"{(\w+)}", path)), path


def test_answers_are_as_the_document_says(client: httpx.Client) -> None:
    found = client.get("/api/openapi.json").json()
    for operation in OPERATIONS:
        if operation.media_type == "text/event-stream":
            continue
        path = operation.path.replace("{exam_id}", quote(row(1).exam_id, safe=""))
        path = path.replace("{figure}", "late").replace("{action}", "retry")
        path = path.replace("{part}", "trend").replace("{kind}", "csv").replace("{sop_instance_uid}", "1.2")
        answer = client.request(operation.method, path, json={} if operation.body else None)
        said = found["paths"][operation.path][operation.method]["responses"]
        assert str(answer.status_code) in said, (path, answer.text)
        content = said[str(answer.status_code)]["content"]
        assert answer.headers["content-type"].partition(";")[0] in content, path
        if answer.status_code == 200:
            schema = content["application/json"]["schema"]
            assert set(schema["required"]) <= set(answer.json()), path


def test_hostile_parameters_get_an_answer_that_the_document_knows(client: httpx.Client) -> None:
    for value in ("", "\x00", "9" * 40, "2026-02-30", "'é[]"):
        for operation in OPERATIONS:
            if "{" in operation.path or operation.media_type != "application/json" or operation.body:
                continue
            answer = client.get(operation.path, params=dict.fromkeys(operation.parameters, value))
            said = document("x")["paths"][operation.path]["get"]["responses"]
            assert str(answer.status_code) in said, (operation.path, value, answer.text)


def test_a_day_that_no_clock_has_is_a_bad_question_and_hides_no_other(client: httpx.Client) -> None:
    for day in ("0515-08-20", "9999-12-31", "2026-02-30"):
        answer = client.get("/api/turnaround", params={"day": day})
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
