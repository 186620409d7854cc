"""The stack that integration and end-to-end tests run on: `pytest --stack local|containers|external`.

local        the local stack, started as a user starts it: no Docker needed (the default)
containers   Kafka, Karapace, ClickHouse and MinIO by testcontainers, where a Docker engine is
external     existing services, named by RADSTREAM_KAFKA_BOOTSTRAP and its like in the environment
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import HealthCheck, settings

from tests.running_stack import RunningStack, run_stack
from tests.scheduling import SHARING, WholeFiles, scope_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser  # the tests without a browser do not load it

# A busy machine is no counter-example: laws have no deadline. CI tries the same examples every time.
settings.register_profile(
    "radstream",
    deadline=None,
    derandomize=os.environ.get("CI") == "true",
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("radstream")


_STACKS = frozenset({"stack", "quiet_stack", "department"})


def pytest_addoption(parser: pytest.Parser) -> None:
    """The choice of the stack."""
    parser.addoption(
        "--stack", choices=("local", "containers", "external"), default="local", help="what to test on"
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> WholeFiles | None:
    """Ours, for `--dist loadfile`."""
    return WholeFiles(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file that uses a stack of several files says so in `tests/scheduling.py`."""
    for item in items:
        if scope_of(item.nodeid) not in SHARING and isinstance(item, pytest.Function):
            found = item._fixtureinfo.name2fixturedefs
            for stack in _STACKS & found.keys():
                if found[stack][-1].scope == "session":
                    raise pytest.UsageError(f"{item.path} shares {stack}: name it in tests/scheduling.py")


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """A stack stops with the last test that shares it: else it would keep the cores busy to the end."""
    if isinstance(item, pytest.Function):
        for name in _STACKS & item._fixtureinfo.name2fixturedefs.keys():
            if not _is_wanted(name, item, nextitem):
                item._fixtureinfo.name2fixturedefs[name][-1].finish(cast("Any", item._request))


def _is_wanted(stack: str, item: pytest.Item, following: pytest.Item | None) -> bool:
    if hasattr(item.config, "workerinput"):  # pytest-xdist: those that share it run one after the other
        return following is not None and scope_of(following.nodeid) == scope_of(item.nodeid)
    after = item.session.items[item.session.items.index(item) + 1 :]
    return any(stack in other.fixturenames for other in after if isinstance(other, pytest.Function))


@contextmanager
def _running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningStack]:
    with ExitStack() as resources:
        environment: dict[str, str] = {}
        if request.config.getoption("--stack") == "containers":
            from tests.containers import start_containers  # noqa: PLC0415 - needs a Docker engine

            environment = start_containers(resources)
        data: Path = tmp_path_factory.mktemp("stack")
        yield resources.enter_context(run_stack(data, environment))


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The whole pipeline, up, on free ports and a fresh data directory."""
    with _running(request, tmp_path_factory) as running:
        yield running


@pytest.fixture(scope="module")
def stack_of_its_own(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningStack]:
    """The same, to which no other file of tests has said anything."""
    with _running(request, tmp_path_factory) as running:
        yield running


@pytest.fixture(scope="session")
def quiet_stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningStack]:
    """The same, to which few files have said little: for what is looked for on the pages of all exams."""
    with _running(request, tmp_path_factory) as running:
        yield running


@pytest.fixture(scope="session")
def department(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The pipeline with a simulated department, as `make run` starts it."""
    with run_stack(tmp_path_factory.mktemp("department"), {}, "--simulate") as running:
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Headless Chromium, for all tests of a file."""
    from tests.browser import browser  # noqa: PLC0415 - as above

    with browser() as launched:
        yield launched


@pytest.fixture(scope="session")
def pipeline(stack: RunningStack) -> RunningStack:
    """The same, for tests that speak to its listeners and pages."""
    return stack
