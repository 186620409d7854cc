"""What schemathesis makes of the API's document: cases that it allows, and cases that it does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dashboards.openapi import document

Operation = schemathesis.APIOperation[Any, Any, Any, Any]
AS_DOCUMENTED = (
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
)
_PATIENCE_S = 60.0
# The stream never ends: tests/unit/test_stream_resume.py reads it.
_SCHEMA = schemathesis.openapi.from_dict(document("radstream")).exclude(path="/api/stream")
OPERATIONS: list[Operation] = [cast("Any", found).ok() for found in _SCHEMA.get_all_operations()]


def name_of(operation: Operation) -> str:
    """For the test's id."""
    return f"{operation.method.upper()} {operation.path}"


def check_operation(
    operation: Operation,
    url: str,
    headers: Mapping[str, str],
    known: Mapping[str, str],
    checks: tuple[CheckFunction, ...],
    *,
    examples: int,
) -> None:
    """Ask so many times, half of them with the path's parameters in `known`: else all would be 404."""
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))

    @settings(
        max_examples=examples,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(case=cases, hits=st.booleans())
    def ask(case: schemathesis.Case[Any], hits: bool) -> None:
        named = case.path_parameters or {}
        if hits:
            named.update({name: quote(known[name], safe="") for name in named if name in known})
        answer = case.call(base_url=url, headers=dict(headers), timeout=_PATIENCE_S)
        case.validate_response(answer, checks=list(checks))

    ask()
