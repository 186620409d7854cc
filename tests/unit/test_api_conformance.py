"""Whatever the API is asked while Kafka and ClickHouse are away, it answers as its document says."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import schemathesis
from schemathesis.checks import CheckContext

from tests.api_cases import AS_DOCUMENTED, OPERATIONS, Operation, check_operation, name_of
from tests.dashboard_rows import row
from tests.served_board import ServedBoard, bearer, served_board, token


@pytest.fixture(scope="module")
def served() -> Iterator[ServedBoard]:
    with served_board() as running:
        running.put(*map(row, range(20)))
        running.load()
        yield running


def never_a_fault_of_ours(
    _: CheckContext, response: schemathesis.Response, case: schemathesis.Case[Operation]
) -> bool | None:
    """503 says what is away; 500 would be a mistake."""
    assert response.status_code != httpx.codes.INTERNAL_SERVER_ERROR, case.path
    return None


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
def test_every_answer_is_documented(operation: Operation, served: ServedBoard) -> None:
    headers = bearer(token(served.settings))
    checks = (*AS_DOCUMENTED, never_a_fault_of_ours)
    check_operation(operation, served.url, headers, {"exam_id": row(1).exam_id}, checks, examples=10)
