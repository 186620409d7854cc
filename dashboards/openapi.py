"""The API as OpenAPI 3.1, at /api/openapi.json: made from one table, which is held against the routes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dashboards.dead_letters.office import ACTIONS
from dashboards.openapi_parameters import PARAMETERS
from dashboards.operations.catalogue import OPERATIONS
from dashboards.operations.exams import EXAM, RECONCILIATION
from dashboards.operations.operation import Operation
from dashboards.operations.what_if import WHAT_IF_TARGETS

Json = dict[str, Any]

_JSON, _PROBLEM = "application/json", "application/problem+json"
_TEXT: Json = {"type": "string"}
_ANYTHING: Json = {"type": "object"}


_MEMBERS: Mapping[str, Json] = {
    "into": {"type": "string", "description": "exam_id that the images belong to."},
    "undo": {"type": "boolean", "default": False, "description": "Take it back."},
    "action": {"enum": [*ACTIONS], "description": "What is done with each letter."},
    "origin": {"type": ["string", "null"], "description": "Only letters of this origin."},
    "reason": {"type": ["string", "null"], "description": "Only letters of this reason."},
    "q": {"type": ["string", "null"], "description": "Only letters that have all of these words."},
    "readers": {"type": "string", "description": "How many more or fewer readers there are, as +1 or -1."},
    "hours": {
        "type": ["string", "null"],
        "description": "Of each day, as 8-17; else 0-24.",
    },
    "scanners": {"type": ["string", "null"], "description": "More or fewer by modality, as CT+1 MR-1."},
    "targets": {"type": "string", "description": "Proposed targets: TOML, as RADSTREAM_TARGETS has it."},
    "from": {
        "type": ["string", "null"],
        "description": "First day; else six days before `to`.",
    },
    "to": {"type": ["string", "null"], "description": "Last day of the period; today where it is missing."},
    "interval": {
        "type": ["string", "null"],
        "description": "Only this; else all that have a target.",
    },
    "site": {"type": ["string", "null"], "description": "Only exams of this site."},
    "modality": {"type": ["string", "null"], "description": "Only exams of this modality."},
    "priority": {"type": ["string", "null"], "description": "Only exams of this priority."},
    "patient_class": {"type": ["string", "null"], "description": "Only exams of this patient class."},
}

_TAG: Json = {
    "ETag": {"required": True, "schema": _TEXT, "description": "Names what was answered (RFC 9110, 8.8.3)."}
}
_LATER: Json = {
    "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds after which to ask again."}
}
_OF_SESSIONS = "Of the sign-in page; what changes something takes the page's csrf-token as X-CSRF-Token, too."
_SCHEMES: Json = {
    "token": {"type": "http", "scheme": "bearer", "description": "Made by `radstream user token`."},
    "session": {"type": "apiKey", "in": "cookie", "name": "radstream", "description": _OF_SESSIONS},
}


def document(title: str) -> Json:
    """The document of one installation's API."""
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{title} API", "version": "1", "description": "What the pages show, for anyone."},
        "paths": _paths(),
        "components": {"schemas": {"Problem": _problem()}, "securitySchemes": _SCHEMES},
        "security": [{"token": []}, {"session": []}],
    }


def _paths() -> Json:
    paths: Json = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _described(operation)
    return paths


def _described(operation: Operation) -> Json:
    name = operation.path.replace("{", "").replace("}", "").strip("/").replace("/", "_").replace(".", "_")
    parameters = [_parameter(one) for one in _parameters_of(operation)]
    if _is_tagged(operation):
        parameters.append(_parameter("If-None-Match"))
    described = {
        "operationId": name if operation.method == "get" else f"{operation.method}_{name}",
        "summary": operation.summary,
        "parameters": parameters,
        "responses": _responses(operation),
    }
    if not operation.path.startswith("/api"):
        described["security"] = []
    return described | ({"requestBody": _body(operation)} if operation.body else {})


def _responses(operation: Operation) -> Json:
    responses: Json = {operation.success: _success(operation)}
    for status, meaning in _refusals(operation):
        content = {_PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        responses[status] = {"description": meaning, "content": content}
    if "503" in responses and operation.analytics:
        responses["503"]["headers"] = _LATER
    if _is_tagged(operation):
        responses["200"]["headers"] = _TAG
        responses["304"] = {
            "description": "Nothing has changed since the ETag in If-None-Match.",
            "headers": _TAG,
        }
    return responses


def _parameters_of(operation: Operation) -> tuple[str, ...]:
    return (*operation.parameters, "as_of", "sense") if operation.as_of else operation.parameters


def _is_tagged(operation: Operation) -> bool:
    """Whether its answer has an ETag: what the pages ask for again and again."""
    is_asked = operation.method == "get" and operation.path.startswith("/api")
    return is_asked and operation.media_type == _JSON and not operation.passing


def _body(operation: Operation) -> Json:
    members = {name: _MEMBERS[name] for name in operation.body}
    schema = {"type": "object", "required": [operation.body[0]], "properties": members}
    return {"required": True, "content": {_JSON: {"schema": schema}}}


def _success(operation: Operation) -> Json:
    schema: Json = (
        {"type": "object", "required": [*operation.answer]} if operation.media_type == _JSON else {}
    )
    return {"description": operation.summary, "content": {operation.media_type: {"schema": schema}}}


def _refusals(operation: Operation) -> Iterator[tuple[str, str]]:
    if any(PARAMETERS[name][0] == "query" for name in _parameters_of(operation)):
        yield "400", "A parameter makes no sense."
    if operation.path.startswith("/api"):
        yield "401", "Nobody is signed in, or the token is not known or has expired."
        yield "403", "The user's roles do not allow it."
    if "{" in operation.path:
        yield "404", "There is none."
    if operation.media_type == "image/webp":
        yield "422", "Of this image no picture is made; `reason` says why."
    yield from _refusals_of_bodies(operation)
    if operation.path == WHAT_IF_TARGETS and not operation.body:
        yield "501", "This dashboard knows no targets."
    if operation.as_of:
        yield "501", "This dashboard has no fold, and tells only what is."
    if (
        operation.analytics
        or operation.as_of
        or operation.path in {EXAM, RECONCILIATION, "/healthz", "/readyz"}
    ):
        yield "503", "A part that is needed is away; Retry-After says when to ask again."


def _refusals_of_bodies(operation: Operation) -> Iterator[tuple[str, str]]:
    if not operation.body:
        return
    yield "409", "It cannot be done as things stand; `detail` says why."
    yield "413", "The body is too long."
    yield "415", "The body is not JSON."
    yield "422", "The body asks for nothing that could be done."
    yield "501", "This dashboard only reads."


def _parameter(name: str) -> Json:
    place, schema, meaning = PARAMETERS[name]
    return {"name": name, "in": place, "required": place == "path", "schema": schema, "description": meaning}


def _problem() -> Json:
    """RFC 9457."""
    members = {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT}
    return {**_ANYTHING, "required": [*members], "properties": members}
