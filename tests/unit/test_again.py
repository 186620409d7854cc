"""What failed beside other tests runs again by itself, and a fault fails again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.again import files_of

_ROOT = Path(__file__).parents[2]
_LATE_ONCE = """
from pathlib import Path

def test_late():
    seen = Path(__file__).with_suffix(".seen")
    first = not seen.exists()
    seen.touch()
    assert not first
"""
_BROKEN = "def test_broken():\n    assert False\n"


def _python(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(_ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("bodies", "code", "told"),
    [
        ([_LATE_ONCE], 0, "to be looked at:\n  test_0.py::test_late"),
        ([_LATE_ONCE, _BROKEN], 1, "1 failed, 1 passed"),
    ],
)
def test_what_failed_runs_again_by_itself(tmp_path: Path, bodies: list[str], code: int, told: str) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_good.py").write_text("def test_good():\n    pass\n")
    for number, body in enumerate(bodies):
        (tmp_path / f"test_{number}.py").write_text(body)
    assert _python(tmp_path, "pytest", "--cache-clear").returncode == 1
    again = _python(tmp_path, "tests.again")
    assert (again.returncode, told in again.stdout) == (code, True)
    assert "test_good" not in again.stdout


def test_many_failures_are_no_accident() -> None:
    assert files_of(["b.py::x", "a.py::y", "b.py::z"]) == ["a.py", "b.py"]
    assert files_of([f"{name}.py::x" for name in "abcd"]) == []
