"""Which worker of pytest-xdist runs which tests: a file stays whole, and files that share a stack do too.

Tests of the running pipeline wait for processes that keep the cores busy; unit tests wait for timeouts. Side
by side they fill the machine. So one worker takes files of unit tests from the start, and every worker does
once no others are left; the longest go first, so that no long one is left over in the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xdist.scheduler.loadfile import LoadFileScheduling

# Files that share a stack: each worker would start one of its own. Two of the first kind are done sooner.
SHARING = {
    "stack": (
        "e2e/test_access.py",
        "e2e/test_as_of_on_real_parts.py",
        "e2e/test_dead_letters_on_the_page.py",
        "e2e/test_identity_on_real_parts.py",
        "e2e/test_law_on_real_parts.py",
        "e2e/test_phi_at_rest.py",
        "integration/test_archive.py",
        "integration/test_audit_syslog.py",
    ),
    "stack, too": (
        "integration/test_dashboard_feed.py",
        "integration/test_dicom_commitment.py",
        "integration/test_dicom_fuzz.py",
        "integration/test_dicom_listener.py",
        "integration/test_dicom_worklist.py",
        "integration/test_foreign_clients.py",
        "integration/test_hl7_listener.py",
        "integration/test_image_get.py",
        "integration/test_kafka_asking.py",
        "integration/test_sink_clickhouse.py",
        "integration/test_subscribing.py",
    ),
    "quiet_stack": (
        "e2e/test_board.py",
        "e2e/test_reconciling_on_the_page.py",
        "e2e/test_turnaround_check.py",
    ),
    "department": ("e2e/test_every_page.py", "integration/test_api_conformance.py"),
}
_SHARED_BY = {f"tests/{file}": stack for stack, files in SHARING.items() for file in files}
_SMALL = ("tests/unit/", "tests/contract/")
# Those of more than a minute.
_LONGEST = (
    "stack, too",
    "stack",
    "department",
    "tests/e2e/test_records_governed.py",
    "tests/e2e/test_replay.py",
    "tests/e2e/test_demo.py",
    "tests/integration/test_dicom_interoperability.py",
    "tests/integration/test_dicom_query_retrieve.py",
    "tests/integration/test_dicom_outbound.py",
    "quiet_stack",
)


class WholeFiles(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types of its base
    """The scheduler of `--dist loadfile` here."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)

    def _assign_work_unit(self, node: Any) -> None:
        others = [self.assigned_work[one] for one in self.nodes if one is not node]
        at_small = sum(_all_small(units) for units in others)
        wants_small = at_small == 0 and len(self.nodes) > 1
        chosen = min(self.workqueue, key=lambda scope: (_is_small(scope) != wants_small, _rank(scope)))
        self.workqueue.move_to_end(chosen, last=False)
        super()._assign_work_unit(node)


def scope_of(nodeid: str) -> str:
    """What goes to one worker as a whole: the file, or the stack that it shares with others."""
    file = nodeid.partition("::")[0]
    return _SHARED_BY.get(file, file)


def _is_small(scope: str) -> bool:
    return scope.startswith(_SMALL)


def _all_small(units: Mapping[str, Mapping[str, bool]]) -> bool:
    """True if all that is left to do of them is small."""
    left = [scope for scope, done in units.items() if not all(done.values())]
    return bool(left) and all(_is_small(scope) for scope in left)


def _rank(scope: str) -> int:
    return _LONGEST.index(scope) if scope in _LONGEST else len(_LONGEST)
