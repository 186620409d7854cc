"""Which tests go to which worker of pytest-xdist."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from tests.scheduling import SHARING, WholeFiles, scope_of

ROOT = Path(__file__).parents[2]
BOARD, RECONCILING = "tests/e2e/test_board.py::a", "tests/e2e/test_reconciling_on_the_page.py::b"
DEMO = "tests/e2e/test_demo.py::c"
UNIT = [f"tests/unit/test_{name}.py::{number}" for name in ("x", "y") for number in range(4)]


class Worker:
    """What the scheduler sees of a worker."""

    def __init__(self) -> None:
        self.gateway = SimpleNamespace(id="gw")
        self.given: list[int] = []
        self.shutting_down = False

    def send_runtest_some(self, indices: list[int]) -> None:
        """Tests to run, by their place in the collection."""
        self.given += indices

    def shutdown(self) -> None:
        """There is no more to do."""
        self.shutting_down = True


def scheduled(collection: list[str], *workers: Worker) -> WholeFiles:
    config = SimpleNamespace(
        getvalue=lambda _name: ["popen"] * len(workers), option=SimpleNamespace(loadscopereorder=True)
    )
    scheduler = WholeFiles(config)
    for worker in workers:
        scheduler.add_node(worker)
    for worker in workers:
        scheduler.add_node_collection(worker, collection)
    scheduler.schedule()
    return scheduler


def run_all(scheduler: WholeFiles, worker: Worker) -> list[int]:
    """Does what the worker was given and is given for it."""
    done = 0
    while done < len(worker.given):
        scheduler.mark_test_complete(worker, worker.given[done])
        done += 1
    return worker.given


def test_every_file_that_shares_a_stack_is_there() -> None:
    assert [
        name for files in SHARING.values() for name in files if not (ROOT / "tests" / name).is_file()
    ] == []


def test_one_worker_takes_unit_tests_while_the_other_has_the_whole_group_of_a_stack() -> None:
    collection = [BOARD, DEMO, RECONCILING, *UNIT]
    small, large = Worker(), Worker()
    scheduler = scheduled(collection, small, large)
    assert [collection[index] for index in small.given] == UNIT[:4]
    # The longest first, and the shared one next, since one test is too few to wait for.
    assert [collection[index] for index in large.given] == [DEMO, BOARD, RECONCILING]
    assert run_all(scheduler, small) == [3, 4, 5, 6, 7, 8, 9, 10]
    assert run_all(scheduler, large) == [1, 0, 2]
    assert scheduler.tests_finished


def test_a_file_of_its_own_is_its_own_scope() -> None:
    assert scope_of(BOARD) == scope_of(RECONCILING) == "quiet_stack"
    assert scope_of(UNIT[0] + "[a::b]") == "tests/unit/test_x.py"
